"""An uploaded archive becomes a known release: checked, named, kept under its content's digest."""

from dataclasses import dataclass

import structlog
from pydantic import JsonValue

from api.archives.config import PluginConfig, read_config
from api.archives.entrypoint import resolve_entrypoint
from api.archives.files import ArchiveWriter
from api.archives.limits import ArchiveLimits
from api.archives.reader import read_archive
from api.http.dependencies import Context
from api.http.errors import InvalidRequestError, Problem, archive_errors
from api.resources.playground import PluginSource
from api.resources.release import PluginRelease, ReleaseChange
from api.store import StoreError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CheckedArchive:
    """What an archive turned out to be. `config` is what the file says, in JSON's types."""

    code: str
    version: str
    name: str
    source: PluginSource
    config: dict[str, JsonValue]
    warnings: tuple[str, ...]

    @property
    def plugin_release(self) -> str:
        """`code@version`."""
        return f"{self.code}@{self.version}"


def check_archive(
    writer: ArchiveWriter, *, code: str | None, version: str | None, hint: str | None, limit: int
) -> CheckedArchive:
    """Reads an upload from end to end. Blocks: seconds for a large one.

    Args:
        writer: the upload, all written and not yet committed.
        code: what the client calls the plugin, or None.
        version: the version the client named, or None.
        hint: an entry point as the client understood it, for plugins whose config names none.
        limit: bytes of the largest archive.

    Raises:
        InvalidRequestError: it is refused, its config is wrong, it has no Gradio module, or it is another release.
    """
    with archive_errors():
        writer.flush()
        with read_archive(writer.path, ArchiveLimits(max_archive_bytes=limit)) as archive:
            config = read_config(archive)
            found_version = _agreed_version(config, code, version)
            entrypoint = resolve_entrypoint(archive, config, hint)
            digest = archive.content_digest()
    return CheckedArchive(
        code=config.code,
        version=found_version,
        name=config.name,
        source=PluginSource(digest=digest, entrypoint=entrypoint.value, env=dict(config.env)),
        config=config.model_dump(mode="json", exclude={"warnings"}),
        warnings=config.warnings,
    )


async def keep_archive(context: Context, writer: ArchiveWriter, checked: CheckedArchive) -> PluginRelease:
    """Commits the upload and records the release. Raises ApiError(507), StoreError."""
    return (await exchange_archive(context, writer, checked)).after


async def exchange_archive(context: Context, writer: ArchiveWriter, checked: CheckedArchive) -> ReleaseChange:
    """The same, told so that it can be taken back."""
    with archive_errors():
        await context.disk(writer.commit, checked.source.digest)
    return await context.records(
        context.deps.store.releases.change,
        checked.code,
        checked.version,
        checked.name,
        checked.source,
        checked.config,
        writer.size,
        now=context.now(),
    )


async def take_back(context: Context, change: ReleaseChange) -> None:
    """Undo an upload whose request was refused, as far as nobody else relies on it; the collector removes the file."""
    try:
        taken_back = await context.records(context.deps.store.releases.take_back, change)
    except StoreError as error:  # it stays known, which harms nobody: the refusal is what the client has to know
        _log.warning("release not taken back", release=change.after.plugin_release, error=str(error))
        return
    if taken_back:
        _log.info("release taken back", release=change.after.plugin_release, digest=change.after.source.digest)


def _agreed_version(config: PluginConfig, code: str | None, version: str | None) -> str:
    """The release's version, when the archive is the release that the client named."""
    found = config.version or version
    if (code is not None and code != config.code) or (version is not None and version != found):
        asked = f"{config.code if code is None else code}@{found if version is None else version}"
        message = (
            f"The archive is {config.code}@{found} by its config.yaml, and the request says {asked}. Make them agree."
        )
        raise InvalidRequestError(Problem(("body", "plugin_release"), message, "mismatch", asked))
    if found is None:
        message = "config.yaml has no version and the request names none; write one into either."
        raise InvalidRequestError(Problem(("body", "file", "version"), message, "version_missing"))
    if "@" in found:
        message = f"The version {found!r} has an '@', which separates code and version."
        raise InvalidRequestError(Problem(("body", "file", "version"), message, "version_invalid"))
    return found
