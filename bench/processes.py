"""What processes use: their processor time and their memory, as the Linux kernel counts them (proc(5))."""

from pathlib import Path

_PROC = Path("/proc")


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    tasks = (_PROC / str(pid) / "task").iterdir()
    return [int(text) for task in tasks for text in (task / "children").read_text().split()]


def command(pid: int) -> str:
    """How it was called."""
    return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def cpu_seconds(pid: int) -> float:
    """Processor time of all its threads that live, to the nanosecond: ticks would miss what is short."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in (_PROC / str(pid) / "task").iterdir()) / 1e9


def memory_bytes(pid: int) -> int:
    """Its own memory, and its share of what it shares with others (PSS)."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
