"""Stand-ins: an engine that counts its calls, a clock that is set by hand, a playground in a store."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from api.resources.playground import Playground, PlaygroundSpec, PluginSource
from api.resources.wanted import WantedPlayground
from api.store import Store
from controller.domain.container_spec import ContainerSpec
from controller.domain.garbage import ListedImage, ListedNetwork
from controller.domain.observed import ListedContainer, ObservedContainer, Usage
from controller.engine.interface import EngineEvent, ImageToBuild

PATIENCE = 10.0
"""Seconds within which what is waited for has happened, or never will."""


class HandClock:
    """Both clocks in one; moved on by hand, and by sleeping."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class StubEngine:
    """Answers what it is told to, or raises the error that is set for a call; `calls` has the names of all calls."""

    def __init__(self, *containers: ObservedContainer) -> None:
        self.containers = list(containers)
        self.has = True
        self.ports: frozenset[int] = frozenset()
        self.errors: dict[str, Exception] = {}
        self.calls: list[str] = []
        self.hints: queue.SimpleQueue[EngineEvent] = queue.SimpleQueue()
        self.built: list[bytes] = []

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.errors:
            raise self.errors[name]

    def ping(self) -> None:
        self._called("ping")

    def listing(self) -> tuple[ListedContainer, ...]:
        self._called("listing")
        return tuple(ListedContainer(c.id, c.uid, c.state, c.spec_hash) for c in self.containers)

    def containers_of(self, uid: str) -> tuple[ObservedContainer, ...]:
        self._called("containers_of")
        return tuple(c for c in self.containers if c.uid == uid)

    def inspected(self, containers: Sequence[str]) -> tuple[ObservedContainer, ...]:
        self._called("inspected")
        return tuple(c for c in self.containers if c.id in containers)

    def published_ports(self) -> frozenset[int]:
        self._called("published_ports")
        return self.ports

    def has_image(self, reference: str) -> bool:
        self._called("has_image")
        return self.has

    def images(self) -> tuple[ListedImage, ...]:
        self._called("images")
        return ()

    def remove_image(self, reference: str) -> None:
        self._called("remove_image")

    def networks(self) -> tuple[ListedNetwork, ...]:
        self._called("networks")
        return ()

    def remove_network(self, name: str) -> None:
        self._called("remove_network")

    def create(self, spec: ContainerSpec) -> str:
        self._called("create")
        return "c" * 64

    def start(self, container: str) -> None:
        self._called("start")

    def restart(self, container: str, grace: int) -> None:
        self._called("restart")

    def stop(self, container: str, grace: int) -> None:
        self._called("stop")

    def remove(self, container: str) -> None:
        self._called("remove")

    def usage(self, container: str) -> Usage:
        self._called("usage")
        return Usage(1.5, 1024, 10, 20)

    def log_tail(self, container: str, lines: int) -> tuple[str, ...]:
        self._called("log_tail")
        return ("the last line",)

    def events(self, since: float, stop: threading.Event) -> Iterator[EngineEvent]:
        self._called("events")
        while not stop.is_set():
            try:
                yield self.hints.get(timeout=0.02)
            except queue.Empty:
                continue

    def build(
        self,
        context: Iterable[bytes],
        image: ImageToBuild,
        *,
        cancelled: threading.Event,
        deadline: float,
        on_line: Callable[[str], None],
    ) -> str:
        self._called("build")
        on_line("step 1")
        self.built.append(b"".join(context))
        return "sha256:built"


def add_playground(store: Store, release: str = "hello@1.0.0", now: float = 1_000_000.0, **spec: Any) -> Playground:
    """Ask for a playground of a plugin."""
    fields: dict[str, Any] = {"plugin": PluginSource(digest="sha256:" + "a" * 64), **spec}
    wanted = WantedPlayground(spec=PlaygroundSpec(plugin_release=release, **fields))
    return store.playgrounds.apply(wanted, now=now).playground
