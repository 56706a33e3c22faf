"""The folder of uploaded archives: `<root>/sha256/ab/<64 hex>.zip`, named by content, whole or not there.

The name is the digest of the content, not of the ZIP's bytes: the same plugin zipped again is the same archive.
A file appears under its name by an atomic rename, once flushed to disk; what a crash leaves is in `<root>/incoming`.
"""

import contextlib
import errno
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from api.archives.errors import ArchiveNotFound, ArchiveTooLarge, NoSpace
from api.archives.limits import ArchiveLimits
from api.archives.reader import PluginArchive, read_archive

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_STALE_S = 3600.0


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """One archive that is kept: its digest, the ZIP's bytes, when it was last uploaded (seconds since the epoch)."""

    digest: str
    size: int
    modified_at: float


class ArchiveWriter:
    """One upload on its way to disk. A context manager: leaving it without `commit` removes what was written."""

    def __init__(self, root: Path, limit: int) -> None:
        self._root = root
        self._limit = limit
        self.size = 0
        """Bytes written so far."""
        incoming = root / "incoming"
        with _space(root):
            incoming.mkdir(parents=True, exist_ok=True, mode=0o750)
            descriptor, name = tempfile.mkstemp(prefix="upload-", suffix=".zip", dir=incoming)  # mode 0600
        self._file = os.fdopen(descriptor, "wb")
        self.path = Path(name)
        """Where the bytes are until `commit`: for reading them once all are written (see `flush`)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def write(self, chunk: bytes) -> None:
        """Appends. Raises ArchiveTooLarge past the limit and NoSpace on a full disk; the upload is over then."""
        if self.size + len(chunk) > self._limit:
            self.abort()
            raise ArchiveTooLarge(self._limit)
        try:
            with _space(self._root):
                self._file.write(chunk)
        except BaseException:
            self.abort()
            raise
        self.size += len(chunk)

    def flush(self) -> None:
        """Makes what was written readable at `path`. Raises NoSpace."""
        with _space(self._root):
            self._file.flush()

    def commit(self, digest: str) -> Path:
        """Keeps the upload under its content's digest, durably; its path. Replaces an earlier one of the same content.

        Raises ValueError for text that is no digest, NoSpace on a full disk.
        """
        target = _place(self._root, digest)
        with _space(self._root):
            self._file.flush()
            os.fchmod(self._file.fileno(), 0o640)  # the controller may be another user of the same group
            os.fsync(self._file.fileno())
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            self.path.replace(target)
            self._file.close()
            for folder in (target.parent, target.parent.parent, self._root):
                _sync_folder(folder)
        return target

    def abort(self) -> None:
        """Forgets the upload. Harmless after `commit` and when called again."""
        if not self._file.closed:
            with contextlib.suppress(OSError):  # flushing the rest on a full disk; it is thrown away anyway
                self._file.close()
            self.path.unlink(missing_ok=True)


class ArchiveFiles:
    """The archives kept in `root` (made when first needed). Safe to use from several threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def receive(self, limit: int = ArchiveLimits().max_archive_bytes) -> ArchiveWriter:
        """A writer for one upload of at most `limit` bytes. Raises NoSpace."""
        return ArchiveWriter(self.root, limit)

    def path(self, digest: str) -> Path:
        """Where the archive is, or would be. Raises ValueError for text that is no digest."""
        return _place(self.root, digest)

    def exists(self, digest: str) -> bool:
        """Whether the archive is kept."""
        return self.path(digest).is_file()

    def open(self, digest: str, limits: ArchiveLimits | None = None) -> PluginArchive:
        """The archive, opened and checked; the caller closes it. Raises ArchiveNotFound, ArchiveRefused."""
        try:
            return read_archive(self.path(digest), limits)
        except FileNotFoundError:
            raise ArchiveNotFound(digest) from None

    def delete(self, digest: str) -> bool:
        """Removes the archive; whether it was there. Readers that have it open read on."""
        try:
            self.path(digest).unlink()
        except FileNotFoundError:
            return False
        return True

    def list(self) -> Iterator[StoredArchive]:
        """All archives that are kept, sorted by digest. One that vanishes meanwhile is left out."""
        for file in sorted((self.root / "sha256").glob("??/*.zip")):
            digest = f"sha256:{file.stem}"
            if _DIGEST.fullmatch(digest):
                with contextlib.suppress(FileNotFoundError):
                    found = file.stat()
                    yield StoredArchive(digest, found.st_size, found.st_mtime)

    def clean_temporary(self, now: float) -> int:
        """Removes uploads that nothing was written to for an hour before `now` (seconds since the epoch); how many."""
        removed = 0
        for file in (self.root / "incoming").glob("upload-*"):
            with contextlib.suppress(FileNotFoundError):
                if now - file.stat().st_mtime > _STALE_S:
                    file.unlink()
                    removed += 1
        return removed


def _place(root: Path, digest: str) -> Path:
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise ValueError(f"{digest!r} is no digest; it looks like sha256: and 64 hexadecimal digits.")
    return root / "sha256" / match[1][:2] / f"{match[1]}.zip"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _space(root: Path) -> Iterator[None]:
    """Turns the errors of a full disk into NoSpace."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace(str(root)) from error
        raise
