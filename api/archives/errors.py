"""What can be wrong with an archive, said once and in words for the person who made it.

ArchiveError               everything below
├── ArchiveRefused         the ZIP breaks a rule: `reason` for programs, `entry` names the member (or None)
├── ArchiveTooLarge        more bytes than the limit allows
├── ConfigInvalid          config.yaml is missing, no YAML, or says something impossible
├── GradioModuleMissing    no file in the archive that could be the Gradio page
├── ArchiveNotFound        no archive with this digest is kept
└── NoSpace                the disk that keeps archives is full
"""

from enum import StrEnum

_SHOWN = 120  # characters of a hostile name worth showing


class RefusalReason(StrEnum):
    """The rule that an archive breaks."""

    NOT_A_ZIP = "not_a_zip"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    UNSAFE_PATH = "unsafe_path"
    BAD_NAME = "bad_name"
    LINK = "link"
    SPECIAL_FILE = "special_file"
    DUPLICATE = "duplicate"
    CLASH = "clash"
    ENCRYPTED = "encrypted"
    OVERLAP = "overlap"
    LYING = "lying"
    CORRUPT = "corrupt"
    TOO_MANY = "too_many"
    TOO_DEEP = "too_deep"
    NAME_TOO_LONG = "name_too_long"
    TOO_LARGE = "too_large"
    TOO_COMPRESSED = "too_compressed"
    EMPTY = "empty"


def shown(name: str) -> str:
    """A member's name fit for a message and a log line: quoted, escaped, shortened."""
    text = name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"
    escaped = "".join(ch if ch.isprintable() and ch != "'" else ch.encode("unicode_escape").decode() for ch in text)
    return f"'{escaped}'"


class ArchiveError(Exception):
    """Something is wrong with an archive or its keeping; `str()` is a sentence for its sender."""


class ArchiveRefused(ArchiveError):
    """The archive breaks a rule and is not used."""

    def __init__(self, reason: RefusalReason, entry: str | None, message: str) -> None:
        self.reason = reason
        self.entry = entry
        where = "The plugin archive is refused" if entry is None else f"The archive's entry {shown(entry)} is refused"
        super().__init__(f"{where}: {message}")


class ArchiveTooLarge(ArchiveError):
    """An upload went past the limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"The plugin archive is larger than the {limit} bytes that are allowed.")


class ConfigInvalid(ArchiveError):
    """The plugin's configuration can't be used; `field` is the dotted path of what is wrong, if it is one field."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)


class GradioModuleMissing(ArchiveError):
    """The archive holds no file that could be the Gradio page; `looked_for` are the paths tried."""

    def __init__(self, looked_for: tuple[str, ...]) -> None:
        self.looked_for = looked_for
        super().__init__(
            f"The plugin archive holds no Gradio module: looked for {', '.join(shown(path) for path in looked_for)}. "
            "Add plugin/gradio_interface.py, or name the module as actions.gradio.entrypoint in config.yaml."
        )


class ArchiveNotFound(ArchiveError):
    """No archive with this digest is kept."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"No plugin archive {digest} is kept. Upload the plugin again.")


class NoSpace(ArchiveError):
    """The disk is full."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"There is no space left for plugin archives in {folder}. Free some, or delete unused releases."
        )
