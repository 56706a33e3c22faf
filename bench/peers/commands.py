"""Commands of peers: run to their end, or as a child that ends with its whole group."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from bench.peers.peer import PeerMissing

_LIMIT_S = 600.0
_STOP_S = 60.0
_TAIL = 1000

T = TypeVar("T")


class CommandFailed(Exception):
    """A command ended with another exit code than 0; has the end of what it said."""


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, timeout: float = _LIMIT_S) -> str:
    """Run it to its end and return its stdout. `environment` is added to ours. Raises CommandFailed."""
    try:
        done = subprocess.run(
            list(command),
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{' '.join(command[:4])} …: not done after {timeout:g} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-_TAIL:]
        raise CommandFailed(f"{' '.join(command[:4])} …: exit code {done.returncode}: {said}")
    return done.stdout


def asked(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a program says of itself, such as its version. Raises PeerMissing when it is not there or fails."""
    if not shutil.which(command[0]):
        raise PeerMissing(f"{Path(command[0]).name} is not installed")
    try:
        return run(command, environment, timeout=60).strip()
    except CommandFailed as failed:
        raise PeerMissing(" ".join(str(failed).split())) from failed


def at_once(count: int, call: Callable[[T], object], items: Iterable[T]) -> None:
    """Call it for each, `count` at a time. Raises what the first one raised that failed; the others are finished."""
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(call, item) for item in items]
    for future in futures:
        future.result()


@contextmanager
def child(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a group of its own, with this environment and no other. At the end the whole group is ended."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):  # it has taken its children with it
            os.killpg(process.pid, signal.SIGKILL)


def tail(log: Path) -> str:
    """The end of a log, for an error."""
    return log.read_text(errors="replace")[-_TAIL:]
