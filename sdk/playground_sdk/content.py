"""The identity of a plugin's content: a digest over paths, exec bits and bytes, however and wherever it was zipped.

The server computes the same one from an archive, so a client can ask whether it has a content before sending it.
"""

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from playground_sdk.packing import CONFIG_NAMES, plugin_files

__all__ = ["content_digest"]

_FRAME = b"playground-content-1\n"
_CHUNK_BYTES = 1024 * 1024
_UNIX = frozenset({3, 19})  # what made the archive: only Unix and macOS mean anything by an exec bit
_IGNORED = frozenset({"__MACOSX"})


def content_digest(plugin: Path) -> str:
    """``sha256:<64 hex>`` of a plugin's folder (as it would be packed) or ZIP archive. Reads every byte.

    Raises:
        NotADirectoryError, ValueError: the folder is no plugin that could be packed.
        zipfile.BadZipFile: the file is no ZIP archive.
        OSError: it can't be read.
    """
    digest = hashlib.sha256(_FRAME)
    if plugin.is_dir():
        files = [
            (name, _mark(path.stat().st_mode & stat.S_IXUSR), path.stat().st_size, path)
            for name, path in plugin_files(plugin)
        ]
        for name, mark, size, path in sorted(files, key=lambda file: file[0].encode()):
            _add(digest, name, mark, size, path.open("rb"))
        return f"sha256:{digest.hexdigest()}"
    with zipfile.ZipFile(plugin) as archive:
        for name, info in sorted(_members(archive), key=lambda member: member[0].encode()):
            mark = _mark(info.create_system in _UNIX and info.external_attr >> 16 & 0o111)
            _add(digest, name, mark, info.file_size, archive.open(info))
    return f"sha256:{digest.hexdigest()}"


def _mark(executable: int) -> bytes:
    return b"x" if executable else b"-"


def _add(digest: "hashlib._Hash", name: str, mark: bytes, size: int, stream: AbstractContextManager[IO[bytes]]) -> None:
    """Hash one file: its path's length and the path, the exec mark, its length and its bytes."""
    path = name.encode()
    digest.update(len(path).to_bytes(8, "big") + path + mark + size.to_bytes(8, "big"))
    with stream as source:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """The files, without the one folder that wraps everything (where there is one)."""
    files = [info for info in archive.infolist() if not info.is_dir() and not _ignored(info.filename)]
    names = {info.filename for info in files}
    tops = {name.partition("/")[0] for name in names}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""
    # Only a folder that holds the plugin's config wraps it.
    wrapper = top if any(f"{top}{config}" in names for config in CONFIG_NAMES) else ""
    for info in files:
        yield info.filename.removeprefix(wrapper), info


def _ignored(name: str) -> bool:
    parts = name.split("/")
    return parts[-1] == ".DS_Store" or bool(_IGNORED & set(parts))
