"""Plugin archives from people we don't know: read safely, named by their content, kept as files.

What may live here: reading a ZIP without extracting it, the digest of its content, the plugin's configuration, and the
folder that keeps uploaded archives. Both processes import it, so it knows no SQL, no HTTP and no Docker.
"""

from api.archives.config import PluginAction, PluginConfig, PluginRequires, parse_config, read_config
from api.archives.entrypoint import ENTRYPOINT_VARIABLE, Entrypoint, resolve_entrypoint
from api.archives.errors import (
    ArchiveError,
    ArchiveNotFound,
    ArchiveRefused,
    ArchiveTooLarge,
    ConfigInvalid,
    GradioModuleMissing,
    NoSpace,
    RefusalReason,
)
from api.archives.files import ArchiveFiles, ArchiveWriter, StoredArchive
from api.archives.limits import ArchiveLimits
from api.archives.reader import ArchiveEntry, PluginArchive, read_archive

__all__ = [
    "ENTRYPOINT_VARIABLE",
    "ArchiveEntry",
    "ArchiveError",
    "ArchiveFiles",
    "ArchiveLimits",
    "ArchiveNotFound",
    "ArchiveRefused",
    "ArchiveTooLarge",
    "ArchiveWriter",
    "ConfigInvalid",
    "Entrypoint",
    "GradioModuleMissing",
    "NoSpace",
    "PluginAction",
    "PluginArchive",
    "PluginConfig",
    "PluginRequires",
    "RefusalReason",
    "StoredArchive",
    "parse_config",
    "read_archive",
    "read_config",
    "resolve_entrypoint",
]
