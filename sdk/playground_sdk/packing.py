"""Packs a plugin's folder into a ZIP archive, the same bytes for the same files.

Names are sorted and the time stamps fixed, so that packing an unchanged folder again is no change.
"""

import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["CONFIG_NAMES", "EXCLUDED", "is_plugin", "pack_folder", "plugin_files"]

CONFIG_NAMES = ("config.yaml", "synapse.yaml")
EXCLUDED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store"}
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK_BYTES = 1024 * 1024


def is_plugin(folder: Path) -> bool:
    """Whether a folder holds a plugin's config."""
    return any((folder / name).is_file() for name in CONFIG_NAMES)


def plugin_files(folder: Path) -> list[tuple[str, Path]]:
    """Every file that belongs to a plugin, with its name in the archive, in the order of the names.

    Raises:
        NotADirectoryError: there is no such folder.
        ValueError: it holds no config.yaml or synapse.yaml, or a link that leads out of it.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"There is no folder {folder}.")
    if not is_plugin(folder):
        raise ValueError(f"{folder} is no plugin: it has neither {' nor '.join(CONFIG_NAMES)}.")
    root = folder.resolve()
    return sorted((path.relative_to(root).as_posix(), path) for path in _files(root, root))


def pack_folder(folder: Path, archive: Path, on_packed: Callable[[int, int], None] | None = None) -> int:
    """Write the folder's files to a new ZIP archive, the folder's own name left out, and return their number.

    Version control, caches, byte code and virtual environments (``EXCLUDED``, ``*.pyc``) stay behind, and so does
    the archive itself when it is inside. ``on_packed(files done, files in all)`` is called after each.

    Raises:
        NotADirectoryError: there is no such folder.
        ValueError: it holds no config.yaml or synapse.yaml, or a link that leads out of it.
    """
    files = [(name, path) for name, path in plugin_files(folder) if path != archive.resolve()]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for count, (name, path) in enumerate(files, start=1):
            _add(packed, path, name)
            if on_packed is not None:
                on_packed(count, len(files))
    return len(files)


def _files(folder: Path, root: Path) -> Iterator[Path]:
    """All files below, links to files inside the root followed."""
    for path in folder.iterdir():
        if path.name in EXCLUDED or path.suffix == ".pyc":
            continue
        if path.is_symlink() and (path.is_dir() or not path.resolve().is_relative_to(root)):
            raise ValueError(f"{path} is a link to {path.readlink()}; put what it means into the folder instead.")
        if path.is_dir():
            yield from _files(path, root)
        elif path.is_file():
            yield path


def _add(packed: zipfile.ZipFile, path: Path, name: str) -> None:
    """Copy one file in, with its exec bit and a fixed time."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    executable = path.stat().st_mode & stat.S_IXUSR
    info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    info.file_size = path.stat().st_size
    with path.open("rb") as source, packed.open(info, "w") as target:
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
