"""`playground-server run`: the API and the controller as two processes on one machine, watched over.

They share nothing but the database and the data folder, exactly as when each is run by a service manager of its own.
`playground-server run` becomes `python -m controller.supervise LOG_LEVEL LOG_FORMAT` when all is prepared: who only
waits for two processes to end keeps nothing of what it took to prepare them.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from types import FrameType
from typing import TypeAlias

import structlog

from api.clock import Clock, SystemClock
from api.supervised import SUPERVISOR_VARIABLE
from api.telemetry import configure_logging

log = structlog.get_logger()

COMMANDS = {"api": [sys.executable, "-m", "api.http"], "controller": [sys.executable, "-m", "controller"]}
_LESS_MEMORY = {"MALLOC_ARENA_MAX": "2"}
"""The C library keeps free memory for each thread apart; ours take turns anyway, and so share it."""
STOP_GRACE = 15.0
FIRST_PAUSE = 1.0
LAST_PAUSE = 30.0
SETTLED = 10.0
"""Seconds after which a process that ended counts as having run: it is started again, and the pause is the first."""

Ends: TypeAlias = "queue.SimpleQueue[_Ended | _Due | None]"
"""What `supervise` waits for; None is a signal to stop."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """A process has ended."""

    name: str


@dataclass(frozen=True, slots=True)
class _Due:
    """The pause before a process is started again is over."""

    name: str


@dataclass(slots=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    started: float
    pause: float = FIRST_PAUSE
    has_run: bool = False

    def ended(self, ran: float) -> bool:
        """Note that it ended after so many seconds; whether it could not even start, and never has."""
        self.has_run = self.has_run or ran >= SETTLED
        if ran >= SETTLED:
            self.pause = FIRST_PAUSE
        elif self.has_run or self.process.returncode <= 0 or self.pause != FIRST_PAUSE:
            self.pause = min(self.pause * 2, LAST_PAUSE)
        else:
            return True
        return False


def supervise(clock: Clock) -> int:
    """Run both until SIGTERM or SIGINT; returns the exit code.

    A process that ends by itself is started again, with back-off. One that cannot even start (a port is taken, the
    database is of another version) ends both: it has said why, and would say it for ever.
    """
    ends: Ends = queue.SimpleQueue()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        ends.put(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    children = {name: _Child(name, _start(name, ends), clock.monotonic()) for name in COMMANDS}
    code = 0
    try:
        while (happened := ends.get()) is not None:
            child = children[happened.name]
            if isinstance(happened, _Due):
                child.process, child.started = _start(child.name, ends), clock.monotonic()
                continue
            ran = clock.monotonic() - child.started
            log.error("process ended", name=child.name, exit_code=child.process.returncode, ran_seconds=round(ran, 1))
            if child.ended(ran):
                code = 1
                break
            _later(child.pause, ends, _Due(child.name))
    finally:
        _stop([child.process for child in children.values()])
    return code


def _later(seconds: float, ends: Ends, due: _Due) -> None:
    """Have it said in so many seconds; meanwhile a signal is heard, and so is the end of the other process."""
    timer = threading.Timer(seconds, ends.put, args=(due,))
    timer.daemon = True
    timer.start()


def _start(name: str, ends: Ends) -> subprocess.Popen[bytes]:
    """Start a process, and a thread that says when it has ended. Its output goes where ours goes."""
    environment = {**_LESS_MEMORY, **os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}
    # The API leads a session, and so can go first (`api.priority`). Ctrl-C does not reach it then: we pass it on.
    leads = name == "api"
    process = subprocess.Popen(COMMANDS[name], env=environment, stdin=subprocess.DEVNULL, start_new_session=leads)

    def wait() -> None:
        process.wait()
        ends.put(_Ended(name))

    threading.Thread(target=wait, name=f"wait-{name}", daemon=True).start()
    return process


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(STOP_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(log_level: str, log_format: str) -> int:
    """The supervisor as a process of its own; the exit code."""
    configure_logging(log_level, log_format, process="run")
    return supervise(SystemClock())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
