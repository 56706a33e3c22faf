"""What bridges of playgrounds need of the kernel: looked at when the controller starts, and by the doctor.

A broadcast on a bridge is queued once for each of its ports. Where the queue is shorter, the kernel drops the rest
without a word, and the containers that were there first can't be reached any more. And it keeps one table of neighbours
for the whole machine, of which each playground takes two places: its own, and its gateway's in its own network. Whom
the kernel has forgotten it asks the whole bridge for, with a broadcast.
"""

from dataclasses import dataclass
from pathlib import Path

from api.settings import Settings

KERNEL = Path("/proc/sys")
_QUEUE = "net.core.netdev_max_backlog"
_NEIGHBOURS = "net.ipv4.neigh.default.gc_thresh"
_ROOM = 4
"""The queue's length for each playground on the bridge: one that starts sends some broadcasts at once, on both ends."""
_PLACES = {1: 2, 2: 3, 3: 4}
"""The table's thresholds for each playground of the machine: none is forgotten, some may be, no more find a place."""


@dataclass(frozen=True, slots=True)
class Bridges:
    """How it is: a sentence, and whether full bridges keep everybody reachable as far as can be seen."""

    suffices: bool
    text: str


def needed(on_a_bridge: int, in_all: int) -> dict[str, int]:
    """The least that the kernel has to be set to for so many playgrounds, by the names that sysctl has."""
    thresholds = {f"{_NEIGHBOURS}{number}": places * in_all for number, places in _PLACES.items()}
    return {_QUEUE: on_a_bridge * _ROOM, **thresholds}


def look(settings: Settings, kernel: Path = KERNEL) -> Bridges:
    """Hold the kernel's settings against the most playgrounds that there may be."""
    in_all = len(settings.port_range)
    on_a_bridge = min(settings.network_capacity, in_all)
    many = f"up to {on_a_bridge} playgrounds on a bridge, {in_all} in all"
    short: dict[str, int] = {}
    for name, least in needed(on_a_bridge, in_all).items():
        path = kernel / name.replace(".", "/")
        try:
            is_now = int(path.read_text())
        except (OSError, ValueError):
            return Bridges(suffices=False, text=f"{many}; {path} cannot be read: is it enough?")
        if is_now < least:
            short[name] = least
    if not short:
        return Bridges(suffices=True, text=f"{many}; the kernel's queue and table of neighbours are large enough.")
    command = " ".join(f"{name}={least}" for name, least in short.items())
    advice = f"run sysctl -w {command}, or narrow PLAYGROUND_PORT_RANGE"
    return Bridges(suffices=False, text=f"{many}: when full, some may become slow or unreachable. {advice}.")
