"""An opened plugin archive: its files in order, their bytes as a stream, and the digest of it all.

Nothing is ever extracted. Opening checks the table of contents (see `directory`); streaming checks each byte: a file
that holds more or less than it declared, or whose checksum is wrong, ends the stream with ArchiveRefused.
"""

import hashlib
import os
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from api.archives.directory import STORED, Member, read_directory
from api.archives.errors import ArchiveRefused, RefusalReason
from api.archives.limits import ArchiveLimits
from api.archives.names import is_ignored

CHUNK = 64 * 1024
CONFIG_NAMES = ("config.yaml", "synapse.yaml")
_DIGEST_FRAME = b"playground-content-1\n"


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One file of the plugin: its path below the plugin's root, its size in bytes, and whether it is executable."""

    path: str
    size: int
    executable: bool


class PluginArchive:
    """A checked archive. A context manager; closing it frees the file. Streams may be read from several threads."""

    def __init__(self, path: Path, limits: ArchiveLimits | None = None) -> None:
        """Opens and checks. Raises ArchiveRefused, or OSError when the file can't be read."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            members = [m for m in read_directory(self._descriptor, limits or ArchiveLimits()) if not is_ignored(m.path)]
            files = [member for member in members if not member.is_directory]
            if not files:
                raise ArchiveRefused(RefusalReason.EMPTY, None, "it holds no files.")
        except BaseException:
            os.close(self._descriptor)
            raise
        self._closing = threading.Lock()
        self._open = True
        self._digest: str | None = None
        self.wrapper = _wrapping_folder(files)
        """The one folder that wraps everything, with its slash, or an empty text. It is no part of any path here."""
        named = {member.path.removeprefix(self.wrapper): member for member in files}
        self._members = {path: named[path] for path in sorted(named, key=str.encode)}
        self.entries = tuple(ArchiveEntry(path, m.size, m.executable) for path, m in self._members.items())
        """All files, sorted by the bytes of their paths. Folders are not kept."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees the file; streams still open end with ValueError. May be called again."""
        with self._closing:
            if self._open:
                self._open = False
                os.close(self._descriptor)

    def __contains__(self, path: object) -> bool:
        return path in self._members

    @property
    def paths(self) -> frozenset[str]:
        """The paths of all files."""
        return frozenset(self._members)

    @property
    def size(self) -> int:
        """Bytes of all files together, uncompressed."""
        return sum(entry.size for entry in self.entries)

    def open(self, path: str) -> Iterator[bytes]:
        """The file's bytes in chunks of at most 64 KiB. Raises KeyError at once, ArchiveRefused while it is read."""
        return self._stream(self._members[path])

    def read(self, path: str, limit: int) -> bytes:
        """A small file whole. Raises KeyError, and ArchiveRefused when it has more than `limit` bytes."""
        member = self._members[path]
        if member.size > limit:
            raise ArchiveRefused(
                RefusalReason.TOO_LARGE, path, f"it has {member.size} bytes; at most {limit} are allowed for this file."
            )
        return b"".join(self._stream(member))

    def content_digest(self) -> str:
        """`sha256:<64 hex>` of the content, the same however and wherever it was zipped. Reads every byte, once.

        Hashed is a fixed first line, then for each file, sorted by the bytes of its path: the path's length (8 bytes,
        big-endian), the path in UTF-8, one byte `x` or `-` for executable, the content's length (8 bytes), the content.
        """
        if self._digest is None:
            digest = hashlib.sha256(_DIGEST_FRAME)
            for path, member in self._members.items():
                name = path.encode()
                mark = b"x" if member.executable else b"-"
                digest.update(len(name).to_bytes(8, "big") + name + mark + member.size.to_bytes(8, "big"))
                for chunk in self._stream(member):
                    digest.update(chunk)
            self._digest = f"sha256:{digest.hexdigest()}"
        return self._digest

    def _stream(self, member: Member) -> Iterator[bytes]:
        raw = self._raw(member)
        crc = 0
        written = 0
        for chunk in raw if member.method == STORED else _inflate(member, raw):
            written += len(chunk)
            if written > member.size:
                raise ArchiveRefused(
                    RefusalReason.LYING, member.path, f"it holds more than the {member.size} bytes it declares."
                )
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if written != member.size:
            raise ArchiveRefused(
                RefusalReason.LYING, member.path, f"it declares {member.size} bytes and holds {written}."
            )
        if crc != member.crc:
            raise ArchiveRefused(RefusalReason.CORRUPT, member.path, "its checksum is wrong; the ZIP is damaged.")

    def _raw(self, member: Member) -> Iterator[bytes]:
        at, end = member.start, member.start + member.compressed
        while at < end:
            with self._closing:  # a closed descriptor's number may already be another file's
                if not self._open:
                    raise ValueError("the archive is closed")
                chunk = os.pread(self._descriptor, min(CHUNK, end - at), at)
            if not chunk:
                raise ArchiveRefused(RefusalReason.TRUNCATED, member.path, "its data is cut off.")
            at += len(chunk)
            yield chunk


def read_archive(path: Path, limits: ArchiveLimits | None = None) -> PluginArchive:
    """Opens and checks the ZIP at `path`; the caller closes it. Raises ArchiveRefused, or OSError."""
    return PluginArchive(path, limits)


def _inflate(member: Member, raw: Iterator[bytes]) -> Iterator[bytes]:
    """Decompresses in bounded steps: whatever the data says, at most 64 KiB exist at a time."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for chunk in raw:
            if engine.eof:
                raise ArchiveRefused(RefusalReason.LYING, member.path, "more data follows the end of its content.")
            pending = chunk
            while pending and not engine.eof:
                if out := engine.decompress(pending, CHUNK):
                    yield out
                pending = engine.unconsumed_tail
            if engine.unused_data:
                raise ArchiveRefused(RefusalReason.LYING, member.path, "more data follows the end of its content.")
        while not engine.eof and (out := engine.decompress(b"", CHUNK)):
            yield out
    except zlib.error as error:
        raise ArchiveRefused(RefusalReason.CORRUPT, member.path, f"it can't be decompressed ({error}).") from None
    if not engine.eof:
        raise ArchiveRefused(RefusalReason.TRUNCATED, member.path, "its compressed data is cut off.")


def _wrapping_folder(files: list[Member]) -> str:
    """The folder around everything, when there is just one and the plugin's configuration lies in it."""
    folder, slash, _ = files[0].path.partition("/")
    prefix = folder + slash
    if not slash or not all(member.path.startswith(prefix) for member in files):
        return ""
    names = {prefix + name for name in CONFIG_NAMES}
    return prefix if any(member.path in names for member in files) else ""
