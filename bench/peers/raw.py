"""The floor: the engine's own low-level API, with as many calls at once as it has slots for (its cores + 1)."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.peers.peer import Instance
from bench.scenario import Bench
from controller.engine.connect import EngineClient, connect
from tests.images.build import HTTP_IMAGE

CONTAINER_PORT = 7860
"""Where the tiny server listens by default."""
LABEL = "playground.bench"


def slots() -> int:
    """How many calls of an engine are made at once: more do not make it faster."""
    return (os.cpu_count() or 1) + 1


@dataclass(frozen=True, slots=True)
class RawEngine:
    """The Engine API itself. `restart` is the containers' restart policy."""

    name: str = "raw engine"
    restart: str = "no"

    def installed(self, bench: Bench) -> str:
        """The engine's version."""
        with bench.own.client() as api:
            return str(api.version()["Version"])

    @contextmanager
    def running(self, bench: Bench) -> Iterator["RawRunner"]:
        """Connected, once for each slot."""
        runner = RawRunner([connect(bench.own.host, 120.0) for _ in range(slots())], self.restart)
        try:
            yield runner
        finally:
            runner.remove_all()
            for client in runner.clients:
                client.close()


@dataclass(slots=True)
class RawRunner:
    """Creates, starts and removes, each with a client of its own thread."""

    clients: list[EngineClient]
    restart: str
    _ids: dict[str, str] = field(default_factory=dict)

    def start(self, instances: Sequence[Instance]) -> None:
        """Create and start all of them."""
        self._each(instances, self._start)

    def await_running(self, instances: Sequence[Instance]) -> None:
        """They do: `start` has started them."""

    def url(self, instance: Instance) -> str:
        """The published port."""
        return f"http://127.0.0.1:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """Kill and remove all of them."""
        self._each(instances, self._remove)

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        """The container that was created for it."""
        return self.clients[0], self._ids[instance.name]

    def remove_all(self) -> None:
        """Remove whatever a run that broke has left."""
        for row in self.clients[0].containers(all=True, filters={"label": LABEL}):
            self.clients[0].remove_container(row["Id"], force=True)

    def _start(self, client: EngineClient, instance: Instance) -> None:
        host_config = client.create_host_config(
            port_bindings={CONTAINER_PORT: ("127.0.0.1", instance.port)}, restart_policy={"Name": self.restart}
        )
        created = client.create_container(
            HTTP_IMAGE, name=instance.name, labels={LABEL: ""}, ports=[CONTAINER_PORT], host_config=host_config
        )
        self._ids[instance.name] = created["Id"]
        client.start(created["Id"])

    def _remove(self, client: EngineClient, instance: Instance) -> None:
        client.remove_container(self._ids.pop(instance.name), force=True, v=True)

    def _each(self, instances: Sequence[Instance], call: Callable[[EngineClient, Instance], None]) -> None:
        if len(instances) == 1:
            call(self.clients[0], instances[0])
            return
        left = list(reversed(instances))

        def work(client: EngineClient) -> None:
            while left:
                try:
                    instance = left.pop()
                except IndexError:
                    return
                call(client, instance)

        with ThreadPoolExecutor(len(self.clients)) as pool:
            list(pool.map(work, self.clients))
