"""What the benchmark asks of any system that runs containers, ours among them."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bench.scenario import Bench
from controller.engine.connect import EngineClient

T = TypeVar("T")


class PeerMissing(Exception):
    """The peer can't be had here; says why in a few words. It is then skipped by name, never estimated."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One container to run: the tiny HTTP server, under a name, on a host port of 127.0.0.1 (or of the peer's host)."""

    name: str
    port: int


class Runner(Protocol):
    """A system that is up. All calls block."""

    def start(self, instances: Sequence[Instance]) -> None:
        """Ask for all of them at once, in the way and with the concurrency its users would.

        May return before they run.
        """
        ...

    def await_running(self, instances: Sequence[Instance]) -> None:
        """Wait until the system itself says that all of them run.

        Nobody knocks at a port before: a connection to an address that is not up yet leaves the kernel asking for its
        hardware address once a second, and the container would look a second slower than it is.
        """
        ...

    def url(self, instance: Instance) -> str:
        """Where the instance answers once it runs: an `http://host:port/path` for a plain GET."""
        ...

    def remove(self, instances: Sequence[Instance]) -> None:
        """Remove all of them; returns when nothing of them is left, no container and no record."""
        ...

    def container(self, instance: Instance, /) -> tuple[EngineClient, str] | None:
        """The engine that runs it, and the container's id there; None where no Docker Engine does."""
        ...


class Peer(Protocol):
    """A system that can be measured."""

    @property
    def name(self) -> str:
        """As it is called in the tables."""
        ...

    def installed(self, bench: Bench, /) -> str:
        """See to it that it is there, and return its version. Raises PeerMissing."""
        ...

    def running(self, bench: Bench) -> AbstractContextManager[Runner]:
        """The system, up and idle, with the image there; nothing of it is left at the end."""
        ...


def each_by_one_of(callers: Sequence[T], instances: Sequence[Instance], call: Callable[[T, Instance], object]) -> None:
    """Call for each instance, as many at once as there are callers, each of which makes one call at a time."""
    if len(instances) == 1:
        call(callers[0], instances[0])
        return
    left = deque(instances)

    def work(caller: T) -> None:
        while True:
            try:
                instance = left.popleft()
            except IndexError:
                return
            call(caller, instance)

    with ThreadPoolExecutor(min(len(callers), len(instances))) as pool:
        list(pool.map(work, callers[: len(instances)]))
