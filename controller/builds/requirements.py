"""What a plugin's requirements need before they can be installed: only themselves and wheels, or the whole tree.

Where they need little, they go into a layer before the code, and a change of the code costs no installation.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from api.archives.reader import PluginArchive
from controller.builds.errors import RecipeInvalid

MAIN = "requirements.txt"
MAX_BYTES = 1024 * 1024
_MAX_FILES = 50
_NESTED = re.compile(r"(?:--requirement|--constraint|-r|-c)(?:\s+|=|(?<=-[rc]))(?P<value>\S.*)")
_FIND_LINKS = re.compile(r"(?:--find-links|-f)(?:\s+|=|(?<=-f))(?P<value>\S.*)")
_EDITABLE = re.compile(r"(?:--editable|-e)\b")
_COMMENT = re.compile(r"(^|\s)#.*$")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DIRECT = re.compile(r"^[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*@\s*(?P<target>\S+)")


@dataclass(frozen=True, slots=True)
class Requirements:
    """What to install. `files` go into the dependency layer; `tree` is the reason to copy all first, or None."""

    main: str | None
    files: tuple[str, ...]
    wheels: tuple[str, ...]
    tree: str | None


def read_requirements(archive: PluginArchive, wheels_dir: str, option_paths: Iterable[str] = ()) -> Requirements:
    """Follows requirements.txt through the archive. `option_paths` are paths that installer options name.

    Raises RecipeInvalid for a requirements file that is no text, ArchiveRefused for a damaged one.
    """
    wheels = tuple(
        entry.path for entry in archive.entries if _in_folder(entry.path, wheels_dir) and entry.path.endswith(".whl")
    )
    files = set(wheels)
    tree: str | None = None
    pending = [MAIN] if MAIN in archive else []
    for path in option_paths:
        if path in archive:
            pending.append(path)  # a constraint file
        elif path.strip("/") != wheels_dir:
            tree = tree or f"an installer option names {path}"
    while pending:
        name = pending.pop()
        if name in files:
            continue
        if len(files) - len(wheels) >= _MAX_FILES:
            raise RecipeInvalid(f"{MAIN} leads to more than {_MAX_FILES} other requirement files.")
        files.add(name)
        for line in _lines(archive, name):
            nested, reason = _needs(line, posixpath.dirname(name), archive, wheels_dir)
            if nested is not None:
                pending.append(nested)
            tree = tree or (f"{name} says {line[:120]!r}" if reason else None)
    return Requirements(
        main=MAIN if MAIN in archive else None, files=tuple(sorted(files, key=str.encode)), wheels=wheels, tree=tree
    )


def _lines(archive: PluginArchive, name: str) -> Iterator[str]:
    try:
        text = archive.read(name, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecipeInvalid(f"{name} is not UTF-8 text.") from None
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if bare := _COMMENT.sub("", line).strip():
            yield bare


def _needs(line: str, folder: str, archive: PluginArchive, wheels_dir: str) -> tuple[str | None, bool]:
    """(another requirements file to follow, whether the line needs files that only the whole tree has)."""
    if _EDITABLE.match(line):
        return None, True
    if match := _NESTED.match(line):
        target = match["value"].strip("\"' ")
        if _SCHEME.match(target):
            return None, False
        path = posixpath.normpath(posixpath.join(folder, target))
        return (path, False) if path in archive else (None, True)
    if match := _FIND_LINKS.match(line):
        target = match["value"].strip("\"' ")
        # Relative to where the installer runs, which is the plugin's root.
        return None, not _SCHEME.match(target) and posixpath.normpath(target) != wheels_dir
    if line.startswith("-"):
        return None, False
    direct = _DIRECT.match(line)
    target = direct["target"] if direct else line.split(";", maxsplit=1)[0].strip()
    if target.startswith("file:"):
        return None, True
    if _SCHEME.match(target) or not _is_path(target, explicit=direct is not None):
        return None, False
    path = posixpath.normpath(re.sub(r"\[[^\]]*\]$", "", target))
    return None, not (path in archive and _in_folder(path, wheels_dir) and path.endswith(".whl"))


def _is_path(target: str, *, explicit: bool) -> bool:
    return explicit or target.startswith(".") or "/" in target or target.endswith((".whl", ".tar.gz", ".zip"))


def _in_folder(path: str, folder: str) -> bool:
    return posixpath.dirname(path) == folder
