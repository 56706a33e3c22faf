"""Sees to the peers' programs, before the benchmark goes where no registry can be reached; quick when they are there.

Distribution packages are this machine's (Debian or Ubuntu, as root); JupyterHub gets an environment in the tools'
folder, and its proxy beside it. What can't be installed is said, and is missing in the tables.
"""

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers import jupyterhub
from bench.peers.commands import CommandFailed, run
from bench.peers.compose import compose_command
from bench.peers.peer import PeerMissing
from controller.baseimage.debian import ensure_command
from controller.baseimage.errors import BaseImageError

Say = Callable[[str], None]

PROXY = "configurable-http-proxy@5.1.0"
_LOCK = Path(__file__).parents[2] / "requirements" / "bench-jupyterhub.lock"
_MADE_FROM = ".made-from"


def install_all(tools: Path, say: Say) -> None:
    """Install what is not there yet; a line for each that is, or that can't be."""
    steps: tuple[tuple[str, Callable[[Path, Say], None]], ...] = (
        ("docker", lambda _, say: _package(say, "docker", "docker.io")),
        ("docker compose", lambda _, say: _compose(say)),
        ("podman", lambda _, say: _podman(say)),
        ("JupyterHub", _jupyterhub),
    )
    for name, step in steps:
        try:
            step(tools, say)
        except (BaseImageError, CommandFailed, OSError) as error:
            say(f"{name} can't be installed: {error}")


@dataclass(frozen=True, slots=True)
class _OneLine:
    """Shows of each stage of an installation that it begins."""

    say: Say

    def note(self, text: str) -> None:
        """One line that stays."""
        self.say(text)

    @contextmanager
    def stage(self, title: str) -> Iterator[Say]:
        """What happens meanwhile is not shown; an error has the end of it."""
        self.say(f"{title} …")
        yield lambda _: None


def _package(say: Say, command: str, *packages: str) -> None:
    ensure_command(command, packages, _OneLine(say))


def _compose(say: Say) -> None:
    try:
        compose_command()
    except PeerMissing:
        _package(say, "docker-compose", "docker-compose")


def _podman(say: Say) -> None:
    # A pod's first container runs catatonit. Where neither crun nor runc is there, apt takes one.
    _package(say, "podman", "podman", "catatonit")
    _package(say, "catatonit", "catatonit")


def _jupyterhub(tools: Path, say: Say) -> None:
    folder = tools / jupyterhub.FOLDER
    wanted = hashlib.sha256(f"{PROXY} {sys.version} {folder}".encode() + _LOCK.read_bytes()).hexdigest()
    stamp = folder / _MADE_FROM
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    say("Installing JupyterHub and DockerSpawner in an environment of their own …")
    environment = folder / "venv"
    run([sys.executable, "-m", "venv", str(environment)])
    pip = [str(environment / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]
    run([*pip, "--require-hashes", "--requirement", str(_LOCK)])
    _package(say, "npm", "nodejs", "npm")
    say(f"Installing {PROXY} …")
    run(["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-save", PROXY])
    stamp.write_text(wanted)
