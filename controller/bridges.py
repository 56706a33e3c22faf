"""What a bridge of playgrounds needs of the kernel: looked at when the controller starts, and by the doctor.

A broadcast on a bridge is queued once for each of its ports. Where the queue is shorter, the kernel drops the rest
without a word, and the containers that were there first can't be reached any more.
"""

from dataclasses import dataclass
from pathlib import Path

from api.settings import Settings

BACKLOG = Path("/proc/sys/net/core/netdev_max_backlog")
ROOM = 1.2
"""The queue's length for each playground on the bridge; with less some broadcasts are lost."""


@dataclass(frozen=True, slots=True)
class Bridges:
    """How it is: a sentence, and whether a full bridge keeps everybody reachable as far as can be seen."""

    suffices: bool
    text: str


def look(settings: Settings, backlog_file: Path = BACKLOG) -> Bridges:
    """Hold the kernel's queue against the most playgrounds that a bridge may get."""
    most = min(settings.network_capacity, len(settings.port_range))
    try:
        backlog = int(backlog_file.read_text())
    except (OSError, ValueError):
        return Bridges(suffices=False, text=f"{backlog_file} cannot be read: up to {most} playgrounds on a bridge.")
    seen = f"up to {most} playgrounds on a bridge, net.core.netdev_max_backlog is {backlog}"
    if backlog < most * ROOM:
        needed = round(most * ROOM)
        advice = f"run sysctl -w net.core.netdev_max_backlog={needed}, or lower PLAYGROUND_NETWORK_CAPACITY"
        return Bridges(suffices=False, text=f"{seen}: when full, the oldest may become unreachable. {advice}.")
    return Bridges(suffices=True, text=f"{seen}.")
