"""What processes use: their processor time and their memory, as the Linux kernel counts them (proc(5))."""

import os
import time
from pathlib import Path

_PROC = Path("/proc")
_PARTS = {"api.http": "API", "controller": "controller"}
_SCHEDULED = 2
"""The kind of a process's clock: what the scheduler has given it."""
_IDLE = {3, 4, 7}
"""Of the machine's counters: idle, waiting for a disk, and taken by others."""


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    tasks = (_PROC / str(pid) / "task").iterdir()
    return [int(text) for task in tasks for text in (task / "children").read_text().split()]


def command(pid: int) -> str:
    """How it was called."""
    return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def parts_of(supervisor: int) -> dict[str, int]:
    """A server's two processes by name; the one that starts them waits, and is not one of them."""
    found = {}
    for pid in children(supervisor):
        for module, name in _PARTS.items():
            if f"-m {module}" in command(pid):
                found[name] = pid
    assert found.keys() == set(_PARTS.values()), f"of {supervisor} there are {found}"
    return found


def busy_seconds() -> float:
    """Processor time of all that has run on the machine, its kernel too."""
    ticks = [int(text) for text in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(count for place, count in enumerate(ticks) if place not in _IDLE) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Processor time of all its threads, also of those that have ended, to the nanosecond: ticks would miss the short.

    Its clock's number is made as clock_getcpuclockid(3) makes it, which Python does not offer.
    """
    return time.clock_gettime(~pid << 3 | _SCHEDULED)


def memory_bytes(pid: int) -> int:
    """Its own memory, and its share of what it shares with others (PSS)."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
