"""This machine's Debian or Ubuntu: its release, where its packages come from (apt's own settings), images of them."""

import os
import platform
import re
import shlex
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from controller.baseimage.errors import BaseImageError
from controller.baseimage.progress import Progress
from controller.engine.base_images import import_image
from controller.engine.connect import EngineClient

APT = Path("/etc/apt")
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Release:
    """A release and its package sources, as lines of a sources.list."""

    name: str
    codename: str
    sources: list[str] = field(default_factory=list)


def host_release(apt: Path = APT) -> Release | None:
    """The release of this machine; None when it is neither Debian nor Ubuntu (nor made of one of them)."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return None
    family = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    codename = system.get("UBUNTU_CODENAME") or system.get("DEBIAN_CODENAME") or system.get("VERSION_CODENAME", "")
    if not family & {"debian", "ubuntu"} or not codename:
        return None
    return Release(system.get("PRETTY_NAME", codename), codename, host_sources(codename, apt))


def host_sources(codename: str, apt: Path = APT) -> list[str]:
    """apt's binary sources of that release (and its updates), without those of third parties."""
    lines: list[str] = []
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".sources":
            lines += _from_stanzas(text)
        elif path.suffix == ".list":
            lines += [line.strip() for line in text.splitlines() if line.strip().startswith("deb ")]
    return list(dict.fromkeys(line for line in lines if _belongs(line, codename)))


def _from_stanzas(text: str) -> list[str]:
    """The one-line form of the stanzas of a deb822 file."""
    lines = []
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() == "no" or "deb" not in fields.get("types", "").split():
            continue
        key = fields.get("signed-by", "")
        option = f"[signed-by={key}] " if key.startswith("/") else ""
        lines += [
            f"deb {option}{uri} {suite} {fields.get('components', '')}".strip()
            for uri in fields.get("uris", "").split()
            for suite in fields.get("suites", "").split()
        ]
    return lines


def _belongs(line: str, codename: str) -> bool:
    """Whether a source is of the distribution itself: the release's own suite (or -updates …) with ``main``."""
    words = re.sub(r"\[[^]]*]", "", line).split()
    return len(words) > 3 and words[2].partition("-")[0] == codename and "main" in words[3:]


def ensure_command(command: str, packages: tuple[str, ...], progress: Progress) -> None:
    """See to a program of this machine, installing its packages if need be. Raises BaseImageError."""
    if shutil.which(command):
        return
    if host_release() is None or os.geteuid() != 0:
        raise BaseImageError(
            f"{command} is missing, and installing it takes root on Debian or Ubuntu: install it first."
        )
    with progress.stage(f"Installing {', '.join(packages)}") as show:
        run_shown(["apt-get", "update", "-q"], show)
        run_shown(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], show)


def make_image(
    api: EngineClient, release: Release, packages: tuple[str, ...], name: str, show: Callable[[str], None]
) -> None:
    """Install packages of a Debian or Ubuntu release into an empty root, and import that as an image.

    Takes root, mmdebstrap, and the package sources of this machine. Raises BaseImageError, EngineError.
    """
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}", release.codename, "-"]
    import_image(api, _output(command + release.sources, show), name, ['CMD ["/bin/sh"]'], silence_s=600)


def run_shown(command: list[str], show: Callable[[str], None]) -> None:
    """Run a command, its output line by line to ``show``. Raises BaseImageError with the last lines if it fails."""
    for _piece in _output(["sh", "-c", f"exec {shlex.join(command)} >&2"], show):
        pass


def _output(command: list[str], show: Callable[[str], None]) -> Iterator[bytes]:
    """What a command writes to stdout, in pieces, while its stderr goes to ``show``."""
    name = next(word for word in command if word not in ("sh", "-c"))
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    tail: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = process.stderr

        def drain() -> None:
            for raw in errors:
                line = raw.decode("utf-8", "replace").rstrip()
                tail.append(line)
                show(line)

        reader = threading.Thread(target=drain, name="stderr", daemon=True)
        reader.start()
        try:
            while piece := process.stdout.read(_CHUNK):
                yield piece
        except GeneratorExit:
            process.terminate()
            raise
        status = process.wait()
        reader.join()
    if status != 0:
        raise BaseImageError(f"{Path(name).name} failed with exit code {status}:\n" + "\n".join(tail))
