"""Sees to a Docker Engine: the one that answers, else (as root on Debian or Ubuntu) one that is installed and started.

Looks at DOCKER_HOST, else at the usual socket. An engine that is started here outlives this program: it is systemd's
where systemd runs, else a process of its own whose log is /var/log/dockerd.log.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from api.clock import SystemClock
from controller.baseimage.debian import host_release, run_shown
from controller.baseimage.errors import BaseImageError
from controller.baseimage.progress import ConsoleProgress, Progress
from controller.engine.connect import connect, engine_address
from controller.engine.errors import EngineUnavailable

LOG = Path("/var/log/dockerd.log")
START_LIMIT_S = 60.0
_POLL_S = 0.25
_CALL_TIMEOUT_S = 10.0
_CLOCK = SystemClock()


class NoEngineError(Exception):
    """No engine answers and none can be started; the text says what to do."""


def answers() -> str | None:
    """None when an engine answers, else why not."""
    try:
        connect(None, _CALL_TIMEOUT_S).close()
    except EngineUnavailable as error:
        return str(error)
    return None


def ensure_engine(progress: Progress) -> None:
    """Return once an engine answers. Raises NoEngineError, BaseImageError (installing failed)."""
    why = answers()
    if why is None:
        progress.note(f"✓ A Docker Engine answers at {engine_address(None)}")
        return
    release = host_release()
    if os.environ.get("DOCKER_HOST") or os.geteuid() != 0 or release is None:
        raise NoEngineError(why)
    if shutil.which("dockerd") is None:
        with progress.stage(f"Installing Docker from the packages of {release.name}") as show:
            run_shown(["apt-get", "update", "-q"], show)
            run_shown(["apt-get", "install", "-q", "-y", "--no-install-recommends", "docker.io"], show)
        if answers() is None:  # the package may have started it
            return
    with progress.stage("Starting the Docker Engine"):
        if Path("/run/systemd/system").is_dir():
            subprocess.run(["systemctl", "enable", "--now", "docker"], check=False)
            wait_for_engine(None, "journalctl -u docker")
        else:
            wait_for_engine(start_detached(["dockerd"], LOG), str(LOG), LOG)


def start_detached(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program that outlives this one: a session of its own, no terminal, its output in a file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, close_fds=True
        )


def wait_for_engine(process: subprocess.Popen[bytes] | None, where: str, log: Path | None = None) -> None:
    """Ask until an engine answers. Raises NoEngineError when the process ends or the time is over."""
    ends_at = _CLOCK.monotonic() + START_LIMIT_S
    while (why := answers()) is not None:
        if process is not None and process.poll() is not None:
            raise NoEngineError(f"dockerd ended with exit code {process.returncode}:\n{_tail(log)}\nMore in {where}.")
        if _CLOCK.monotonic() > ends_at:
            raise NoEngineError(f"The engine was started but is not up after {START_LIMIT_S:g} s; see {where}. {why}")
        _CLOCK.sleep(_POLL_S)
    if process is not None:
        process.returncode = 0  # it stays, on purpose; Popen would warn about a child left behind


def _tail(log: Path | None) -> str:
    if log is None:
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def main() -> int:
    """Exit code 0 when an engine answers."""
    try:
        ensure_engine(ConsoleProgress())
    except (NoEngineError, BaseImageError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
