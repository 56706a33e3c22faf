"""Which names a member of an archive may have. Pure text, no I/O."""

import re
import unicodedata

from api.archives.errors import ArchiveRefused, RefusalReason
from api.archives.limits import ArchiveLimits

_DRIVE = re.compile(r"[A-Za-z]:")
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_IGNORED_PARTS = frozenset({"__MACOSX"})
_IGNORED_FILES = frozenset({".DS_Store"})


def decode_name(raw: bytes) -> str:
    """The member's name as text. Raises ArchiveRefused when it is not UTF-8: guessing a code page invents names."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        printable = raw.decode("ascii", "backslashreplace")
        raise ArchiveRefused(
            RefusalReason.BAD_NAME,
            printable,
            "its name is not UTF-8. Create the ZIP with a tool that writes UTF-8 names.",
        ) from None


def check_name(name: str, limits: ArchiveLimits) -> str:
    """The path of a member without a directory's final slash, or ArchiveRefused. `name` is as it stands in the ZIP."""
    _check_characters(name)
    if name.startswith("/") or _DRIVE.match(name):
        raise ArchiveRefused(RefusalReason.UNSAFE_PATH, name, "its path is absolute; paths are relative to the root.")
    path = name.removesuffix("/")
    size = len(path.encode())
    if size > limits.max_path_bytes:
        raise ArchiveRefused(
            RefusalReason.NAME_TOO_LONG,
            name,
            f"its path has {size} bytes; at most {limits.max_path_bytes} are allowed.",
        )
    parts = path.split("/")
    if len(parts) > limits.max_depth:
        raise ArchiveRefused(
            RefusalReason.TOO_DEEP, name, f"it lies {len(parts)} levels deep; at most {limits.max_depth} are allowed."
        )
    for part in parts:
        if part == "..":
            raise ArchiveRefused(RefusalReason.UNSAFE_PATH, name, "its path climbs out with '..'.")
        if part in {"", "."}:
            raise ArchiveRefused(RefusalReason.UNSAFE_PATH, name, "its path has an empty part or a '.'.")
        if len(part) * 4 > limits.max_part_bytes and len(part.encode()) > limits.max_part_bytes:
            raise ArchiveRefused(
                RefusalReason.NAME_TOO_LONG, name, f"a part of its path has more than {limits.max_part_bytes} bytes."
            )
    return path


def _check_characters(name: str) -> None:
    if not name:
        raise ArchiveRefused(RefusalReason.BAD_NAME, name, "it has no name.")
    if "\\" in name:
        raise ArchiveRefused(RefusalReason.UNSAFE_PATH, name, "its path has a backslash; use '/' between folders.")
    if name.isascii() and name.isprintable():
        return
    for character in name:
        if character == "\0":
            raise ArchiveRefused(RefusalReason.BAD_NAME, name, "its name has a NUL character.")
        if unicodedata.category(character) in _CONTROL or character in _REORDERING:
            raise ArchiveRefused(
                RefusalReason.BAD_NAME, name, f"its name has the control character U+{ord(character):04X}."
            )


def fold(path: str) -> str:
    """One key for all spellings that some file system takes for the same name (case, composed characters)."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def is_ignored(path: str) -> bool:
    """Whether the member is a desktop's droppings rather than the plugin's: `__MACOSX/…`, `.DS_Store`."""
    first, _, _ = path.partition("/")
    return first in _IGNORED_PARTS or path.rpartition("/")[2] in _IGNORED_FILES
