"""The ZIP's table of contents, parsed by hand and checked before a byte of content is looked at.

Python's `zipfile` cuts names at NUL, guesses code pages, believes the table's size and never compares it with the local
headers; each of these is a way to show one archive to the check and another to the reader. Here the table is the
truth only where the local header says the same, every member has its own bytes, and the work is bounded up front.
"""

import os
import stat
import struct
from dataclasses import dataclass

from api.archives.errors import ArchiveRefused, RefusalReason
from api.archives.limits import ArchiveLimits
from api.archives.names import check_name, decode_name, fold

_END = struct.Struct("<4s4H2LH")  # end of the table: signature, disks, counts, size, offset, comment length
_END_MAGIC = b"PK\x05\x06"
_ZIP64_MAGIC = b"PK\x06\x07"
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_CENTRAL_MAGIC = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_COMMENT_MAX = 0xFFFF
_SENTINEL = 0xFFFFFFFF  # "see the Zip64 record": sizes from 4 GiB on, which no limit of ours allows

_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_PATCHED = 0x0020
_DESCRIPTOR = 0x0008  # sizes follow the data instead of standing in the local header
STORED, DEFLATED = 0, 8
_METHODS = {
    1: "shrink",
    6: "implode",
    9: "deflate64",
    12: "bzip2",
    14: "lzma",
    93: "zstd",
    95: "xz",
    98: "ppmd",
    99: "AES",
}
_UNIX_HOSTS = frozenset({3, 19})  # Unix, macOS: the only ones whose exec bit means anything
_DOS_DIRECTORY = 0x10


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the table has it. `path` has no final slash; sizes in bytes; its data begins at `start`."""

    path: str
    is_directory: bool
    executable: bool
    method: int
    crc: int
    compressed: int
    size: int
    start: int


@dataclass(frozen=True, slots=True)
class _Header:
    """One record of the table, still as it stands there."""

    name: str
    raw_name: bytes
    host: int
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    disk: int
    mode: int
    offset: int


def read_directory(descriptor: int, limits: ArchiveLimits) -> tuple[Member, ...]:
    """All members in the table's order, checked. `descriptor` is an open file; raises ArchiveRefused.

    Bounded: at most `max_directory_bytes` are read and `max_entries` records parsed, whatever the archive claims.
    """
    total = os.fstat(descriptor).st_size
    if total > limits.max_archive_bytes:
        raise ArchiveRefused(
            RefusalReason.TOO_LARGE, None, f"it has {total} bytes; at most {limits.max_archive_bytes} are allowed."
        )
    count, size, offset = _find_end(descriptor, total, limits)
    table = os.pread(descriptor, size, offset)
    if len(table) != size:
        raise ArchiveRefused(RefusalReason.TRUNCATED, None, "its table of contents is cut off.")
    headers = _parse_table(table, count)
    paths = _check_headers(headers, total, limits)
    starts = _check_places(descriptor, headers, offset)
    return tuple(
        Member(
            path=path,
            is_directory=header.name.endswith("/"),
            executable=header.host in _UNIX_HOSTS and bool(header.mode & 0o111),
            method=header.method,
            crc=header.crc,
            compressed=header.compressed,
            size=header.size,
            start=start,
        )
        for header, path, start in zip(headers, paths, starts, strict=True)
    )


def _find_end(descriptor: int, total: int, limits: ArchiveLimits) -> tuple[int, int, int]:
    """(count, size, offset) of the table."""
    tail_size = min(total, _COMMENT_MAX + _END.size)
    tail = os.pread(descriptor, tail_size, total - tail_size)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise ArchiveRefused(RefusalReason.NOT_A_ZIP, None, "it is no ZIP file, or its end is cut off.")
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(tail, at)
    end = total - tail_size + at
    if end + _END.size + comment != total:
        raise ArchiveRefused(RefusalReason.MALFORMED, None, "something other than a ZIP comment follows its end.")
    if disk or first_disk or here != count:
        raise ArchiveRefused(RefusalReason.UNSUPPORTED, None, "it is one part of a ZIP that spans several files.")
    if count == _COMMENT_MAX or _SENTINEL in (size, offset) or tail[max(at - 20, 0) : at].startswith(_ZIP64_MAGIC):
        raise ArchiveRefused(RefusalReason.UNSUPPORTED, None, "it is a Zip64 file; create a plain ZIP (below 4 GiB).")
    if count > limits.max_entries:
        raise ArchiveRefused(
            RefusalReason.TOO_MANY, None, f"it has {count} entries; at most {limits.max_entries} are allowed."
        )
    if size > limits.max_directory_bytes:
        raise ArchiveRefused(
            RefusalReason.TOO_LARGE, None,
            f"its table of contents has {size} bytes; at most {limits.max_directory_bytes} are allowed.",
        )  # fmt: skip
    if offset + size != end:
        raise ArchiveRefused(RefusalReason.MALFORMED, None, "its table of contents is not where the end record says.")
    return count, size, offset


def _parse_table(table: bytes, count: int) -> list[_Header]:
    headers: list[_Header] = []
    at = 0
    while at < len(table):
        if len(headers) >= count:
            raise ArchiveRefused(
                RefusalReason.LYING, None, f"its table holds more than the {count} entries it declares."
            )
        if len(table) - at < _CENTRAL.size:
            raise ArchiveRefused(RefusalReason.TRUNCATED, None, "its table of contents is cut off.")
        fields = _CENTRAL.unpack_from(table, at)
        (
            magic,
            made_by,
            _,
            flags,
            method,
            _,
            _,
            crc,
            compressed,
            size,
            name_size,
            extra,
            comment,
            disk,
            _,
            outer,
            offset,
        ) = fields
        if magic != _CENTRAL_MAGIC:
            raise ArchiveRefused(RefusalReason.MALFORMED, None, f"record {len(headers) + 1} of its table is damaged.")
        raw_name = table[at + _CENTRAL.size : at + _CENTRAL.size + name_size]
        at += _CENTRAL.size + name_size + extra + comment
        if at > len(table):
            raise ArchiveRefused(RefusalReason.TRUNCATED, None, "its table of contents is cut off.")
        headers.append(
            _Header(
                name=decode_name(raw_name),
                raw_name=raw_name,
                host=made_by >> 8,
                flags=flags,
                method=method,
                crc=crc,
                compressed=compressed,
                size=size,
                disk=disk,
                mode=outer >> 16,
                offset=offset,
            )
        )
        if name_size == 0 or outer & _DOS_DIRECTORY:
            _check_directory_mark(headers[-1])
    if len(headers) != count:
        raise ArchiveRefused(RefusalReason.LYING, None, f"it declares {count} entries and holds {len(headers)}.")
    return headers


def _check_directory_mark(header: _Header) -> None:
    if header.name and not header.name.endswith("/"):
        raise ArchiveRefused(RefusalReason.MALFORMED, header.name, "it is marked as a folder but named like a file.")


def _check_headers(headers: list[_Header], archive_bytes: int, limits: ArchiveLimits) -> list[str]:
    """Checks every record by itself and against the others; the members' paths, in order."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    paths: list[str] = []
    total = 0
    for header in headers:
        path = check_name(header.name, limits)
        _check_type(header)
        _check_method(header)
        _check_sizes(header, limits)
        total += header.size
        if total > limits.max_total_bytes:
            raise ArchiveRefused(
                RefusalReason.TOO_LARGE, header.name,
                f"with it the files add up to more than the {limits.max_total_bytes} bytes that are allowed.",
            )  # fmt: skip
        _check_unique(header, path, files, folders)
        paths.append(path)
    if total > limits.ratio_free_total_bytes and total > archive_bytes * limits.max_ratio:
        raise ArchiveRefused(
            RefusalReason.TOO_COMPRESSED,
            None,
            f"as a whole it is compressed more than {limits.max_ratio} times ({total} bytes from {archive_bytes}).",
        )
    return paths


def _check_type(header: _Header) -> None:
    kind = stat.S_IFMT(header.mode)
    if kind == stat.S_IFLNK:
        raise ArchiveRefused(RefusalReason.LINK, header.name, "it is a symbolic link; put the file itself there.")
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ArchiveRefused(RefusalReason.SPECIAL_FILE, header.name, "it is a device, pipe or socket.")
    is_directory = header.name.endswith("/")
    if (kind == stat.S_IFDIR and not is_directory) or (kind == stat.S_IFREG and is_directory):
        raise ArchiveRefused(RefusalReason.MALFORMED, header.name, "its name and its type disagree on being a folder.")
    if is_directory and header.size:
        raise ArchiveRefused(RefusalReason.MALFORMED, header.name, "it is a folder that holds data.")


def _check_method(header: _Header) -> None:
    if header.flags & _ENCRYPTED:
        raise ArchiveRefused(
            RefusalReason.ENCRYPTED, header.name, "it is encrypted; create the ZIP without a password."
        )
    if header.flags & _PATCHED:
        raise ArchiveRefused(RefusalReason.UNSUPPORTED, header.name, "it is a patch to another file.")
    if header.method not in {STORED, DEFLATED}:
        name = _METHODS.get(header.method, "an unknown method")
        raise ArchiveRefused(
            RefusalReason.UNSUPPORTED,
            header.name,
            f"it is compressed with {name} ({header.method}); use deflate or none.",
        )
    if header.disk:
        raise ArchiveRefused(RefusalReason.UNSUPPORTED, header.name, "it lies in another file of a ZIP in parts.")


def _check_sizes(header: _Header, limits: ArchiveLimits) -> None:
    if _SENTINEL in (header.size, header.compressed, header.offset):
        raise ArchiveRefused(RefusalReason.UNSUPPORTED, header.name, "it needs Zip64; files are below 4 GiB here.")
    if header.size > limits.max_entry_bytes:
        raise ArchiveRefused(
            RefusalReason.TOO_LARGE, header.name,
            f"it has {header.size} bytes; at most {limits.max_entry_bytes} are allowed.",
        )  # fmt: skip
    if header.method == STORED and header.size != header.compressed:
        raise ArchiveRefused(RefusalReason.LYING, header.name, "it is not compressed, yet has two different sizes.")
    if header.size > limits.ratio_free_bytes and header.size > header.compressed * limits.max_ratio:
        raise ArchiveRefused(
            RefusalReason.TOO_COMPRESSED, header.name,
            f"it is compressed more than {limits.max_ratio} times ({header.size} bytes from {header.compressed}).",
        )  # fmt: skip


def _check_unique(header: _Header, path: str, files: dict[str, str], folders: dict[str, str]) -> None:
    """Refuses a name that is there already, in any case, and a file where a folder is (or the other way round)."""
    key = fold(path)
    if header.name.endswith("/"):
        if folders.get(key) == header.name:
            raise ArchiveRefused(RefusalReason.DUPLICATE, header.name, "it is there twice.")
        folders[key] = header.name
    else:
        if key in files:
            same = "it is there twice." if files[key] == path else f"it differs from '{files[key]}' only in case."
            raise ArchiveRefused(RefusalReason.DUPLICATE, header.name, same)
        files[key] = path
        if key in folders:
            raise ArchiveRefused(RefusalReason.CLASH, header.name, "it is a file and a folder at once.")
    if key in files and key in folders:
        raise ArchiveRefused(RefusalReason.CLASH, header.name, "it is a file and a folder at once.")
    parent = key.rpartition("/")[0]
    while parent:
        if parent in files:
            raise ArchiveRefused(
                RefusalReason.CLASH, header.name, f"it lies in '{files[parent]}', which is a file in this archive."
            )
        if parent in folders:
            break  # its own parents were looked at when it was added
        folders[parent] = ""
        parent = parent.rpartition("/")[0]


def _check_places(descriptor: int, headers: list[_Header], table_at: int) -> list[int]:
    """Compares each record with its local header, refuses shared bytes; where each member's data starts."""
    starts = [0] * len(headers)
    reached = 0
    for index in sorted(range(len(headers)), key=lambda at: headers[at].offset):
        header = headers[index]
        if header.offset < reached:
            raise ArchiveRefused(RefusalReason.OVERLAP, header.name, "it shares its bytes with another entry.")
        start = _check_local(descriptor, header)
        reached = start + header.compressed
        if reached > table_at:
            raise ArchiveRefused(RefusalReason.OVERLAP, header.name, "its data runs into the table of contents.")
        starts[index] = start
    return starts


def _check_local(descriptor: int, header: _Header) -> int:
    """The offset of the member's data, when its local header agrees with the table."""
    block = os.pread(descriptor, _LOCAL.size + len(header.raw_name), header.offset)
    if len(block) < _LOCAL.size or not block.startswith(_LOCAL_MAGIC):
        raise ArchiveRefused(RefusalReason.MALFORMED, header.name, "its data is not where the table says.")
    _, _, flags, method, _, _, crc, compressed, size, name_size, extra = _LOCAL.unpack_from(block)
    if name_size != len(header.raw_name) or block[_LOCAL.size :] != header.raw_name:
        raise ArchiveRefused(RefusalReason.LYING, header.name, "its data carries another name than the table.")
    if method != header.method or (flags ^ header.flags) & (_ENCRYPTED | _PATCHED):
        raise ArchiveRefused(RefusalReason.LYING, header.name, "its data is packed otherwise than the table says.")
    if not flags & _DESCRIPTOR:
        # A tool that streamed may put the sentinel here and the sizes, below 4 GiB, in the table.
        declared = (
            crc,
            header.compressed if compressed == _SENTINEL else compressed,
            header.size if size == _SENTINEL else size,
        )
        if declared != (header.crc, header.compressed, header.size):
            raise ArchiveRefused(RefusalReason.LYING, header.name, "its size or checksum differs from the table's.")
    return int(header.offset + _LOCAL.size + name_size + extra)
