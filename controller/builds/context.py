"""The build context as a deterministic tar stream: same plugin, same bytes. Never whole in memory, never on disk.

    Dockerfile
    deps/installer.py  deps/plan.json  deps/files/…     what the dependency layer needs, if anything is installed
    app/…                                               the plugin's files, all of them

Sorted by path, mtime 0, owner 0:0, modes 0755 (folders, executables) and 0644. The names in it can only be ours
or, below `app/` and `deps/files/`, checked ones. The root is ours alone: no Dockerfile or .dockerignore of a plugin
counts.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.archives.reader import PluginArchive
from controller.builds.recipe import BuildRecipe

_PIECE = 256 * 1024
_INSTALLER = Path(__file__).with_name("installer.py")


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the context: bytes of our own, or the archive's file `source`."""

    size: int
    executable: bool = False
    content: bytes = b""
    source: str | None = None


def stream_context(archive: PluginArchive, recipe: BuildRecipe) -> Iterator[bytes]:
    """The tar, in pieces of about 256 KiB. The archive stays open until the last piece is taken.

    Raises ArchiveRefused when a file turns out damaged; the tar is incomplete then and no engine builds it.
    """
    buffer = bytearray()
    for block in _blocks(archive, _layout(archive, recipe)):
        buffer += block
        if len(buffer) >= _PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def _layout(archive: PluginArchive, recipe: BuildRecipe) -> dict[str, _File]:
    """Every file of the context by its path, sorted."""
    files = {f"app/{e.path}": _File(size=e.size, executable=e.executable, source=e.path) for e in archive.entries}
    own = {"Dockerfile": recipe.dockerfile.encode()} | {path: text.encode() for path, text in recipe.generated}
    if recipe.installs:
        own["deps/installer.py"] = _INSTALLER.read_bytes()
        wanted = frozenset(recipe.dependencies)
        files |= {
            f"deps/files/{e.path}": _File(size=e.size, source=e.path) for e in archive.entries if e.path in wanted
        }
    files |= {path: _File(size=len(content), content=content) for path, content in own.items()}
    return {path: files[path] for path in sorted(files, key=str.encode)}


def _blocks(archive: PluginArchive, files: dict[str, _File]) -> Iterator[bytes]:
    folders: set[str] = set()
    for path, file in files.items():
        for folder in _parents(path):
            if folder not in folders:
                folders.add(folder)
                yield _header(folder, mode=0o755, kind=tarfile.DIRTYPE)
        yield _header(path, mode=0o755 if file.executable else 0o644, size=file.size)
        if file.source is None:
            yield file.content
        else:
            yield from archive.open(file.source)
        yield b"\0" * (-file.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _parents(path: str) -> Iterator[str]:
    """The folders above a path, outermost first."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _header(path: str, *, mode: int, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(path)
    info.mode, info.size, info.type = mode, size, kind
    info.mtime = info.uid = info.gid = 0
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
