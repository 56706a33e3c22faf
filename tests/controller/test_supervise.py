"""Supervision of two processes: fake ones, each a line of shell."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import supervise
from tests.loop.stubs import HandClock

STAYS = ["sleep", "1000"]
PATIENCE = 15.0
SCRIPT = """
import sys
from api.clock import SystemClock
from controller import supervise
supervise.COMMANDS = {"api": ["sh", "-c", sys.argv[1]], "controller": ["sh", "-c", sys.argv[2]]}
supervise.SETTLED, supervise.FIRST_PAUSE = float(sys.argv[3]), float(sys.argv[4])
sys.exit(supervise.supervise(SystemClock()))
"""


class Supervisor:
    """A supervisor in a process of its own; the children write lines into a pipe."""

    def __init__(self, folder: Path, api: str, controller: str, *, settled: float = 10.0, pause: float = 1.0) -> None:
        self.fifo = folder / "lines"
        os.mkfifo(self.fifo)
        command = [sys.executable, "-c", SCRIPT, api, controller, str(settled), str(pause)]
        environment = os.environ | {"LINES": str(self.fifo)}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        descriptor = os.open(self.fifo, os.O_RDWR)
        self._thread = threading.Thread(target=self._read, args=(descriptor,), daemon=True)
        self._thread.start()

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor) as file:
            for line in file:
                self.lines.put(line.strip())
                if line.strip() == "over":
                    return

    def line(self) -> str:
        return self.lines.get(timeout=PATIENCE)

    def end(self) -> int:
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        with self.fifo.open("w") as file:
            file.write("over\n")
        self._thread.join(PATIENCE)


@pytest.fixture
def supervisors() -> Iterator[list[Supervisor]]:
    made: list[Supervisor] = []
    yield made
    for supervisor in made:
        supervisor.close()


def told(name: str) -> str:
    """A child that tells its name and pid, and stays until it is ended."""
    return f'echo "{name} $$" > "$LINES"; exec sleep 1000'


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_child_that_cannot_start_ends_both(tmp_path: Path, supervisors: list[Supervisor]) -> None:
    wait = 'read go < "$LINES.go"; exit 3'
    os.mkfifo(tmp_path / "lines.go")
    supervisor = Supervisor(tmp_path, told("api"), wait)
    supervisors.append(supervisor)
    name, pid = supervisor.line().split()
    (tmp_path / "lines.go").write_text("go\n")
    assert supervisor.end() == 1
    assert name == "api"
    assert is_gone(int(pid))


def test_a_child_that_had_run_is_started_again(tmp_path: Path, supervisors: list[Supervisor]) -> None:
    supervisor = Supervisor(tmp_path, told("api"), told("controller"), settled=0.0, pause=0.01)
    supervisors.append(supervisor)
    first = dict(supervisor.line().split() for _ in range(2))
    os.kill(int(first["controller"]), signal.SIGKILL)
    name, pid = supervisor.line().split()
    assert (name, pid != first["controller"]) == ("controller", True)
    supervisor.process.send_signal(signal.SIGTERM)
    assert supervisor.end() == 0
    assert is_gone(int(first["api"]))
    assert is_gone(int(pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both(tmp_path: Path, supervisors: list[Supervisor], number: signal.Signals) -> None:
    supervisor = Supervisor(tmp_path, told("api"), told("controller"))
    supervisors.append(supervisor)
    pids = [int(supervisor.line().split()[1]) for _ in range(2)]
    supervisor.process.send_signal(number)
    assert supervisor.end() == 0
    assert all(is_gone(pid) for pid in pids)


def test_a_signal_is_heard_during_the_pause_before_a_start(tmp_path: Path, supervisors: list[Supervisor]) -> None:
    supervisor = Supervisor(tmp_path, told("api"), told("controller"), settled=0.0, pause=1000.0)
    supervisors.append(supervisor)
    pids = dict(supervisor.line().split() for _ in range(2))
    os.kill(int(pids["controller"]), signal.SIGKILL)
    assert supervisor.process.stdout is not None
    assert b"process ended" in supervisor.process.stdout.readline()
    supervisor.process.send_signal(signal.SIGTERM)
    assert supervisor.end() == 0
    assert is_gone(int(pids["api"]))


def child(returncode: int) -> supervise._Child:
    process = subprocess.Popen(["sh", "-c", f"exit {returncode}"])
    process.wait()
    return supervise._Child("api", process, HandClock().monotonic())


def test_pauses_double_and_begin_anew_after_a_run() -> None:
    killed = child(0)
    pauses = []
    for _ in range(8):
        assert not killed.ended(0.1)
        pauses.append(killed.pause)
    assert pauses == [2, 4, 8, 16, 30, 30, 30, 30]
    assert not killed.ended(supervise.SETTLED)
    assert killed.pause == supervise.FIRST_PAUSE


def test_one_that_has_run_before_is_not_given_up_when_it_cannot_start() -> None:
    fresh, old = child(1), child(1)
    assert fresh.ended(0.1)
    assert not old.ended(supervise.SETTLED)
    assert not old.ended(0.1)
