"""The floor: the engine's own low-level API, with as many calls at once as our controller has passes.

It makes the same container as ours, in the same box and on a bridge of the same kind, so that the difference is what
we add to the engine's work. `BARE` makes one without any of that.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from api.settings import default_start_slots
from bench.peers.peer import Instance, each_by_one_of
from bench.scenario import Bench
from controller.domain.container_spec import ContainerSpec, Limits
from controller.engine.connect import EngineClient, connect
from controller.engine.networks import Networks
from controller.engine.sandbox import host_config
from tests.images.build import HTTP_IMAGE

CONTAINER_PORT = 7860
"""Where the tiny server listens by default."""
LABEL = NETWORK = "playground-bench-0"
LIMITS = Limits(memory=2**31, cpu=min(2.0, os.cpu_count() or 1), pids=256, tmpfs_bytes=2**29)
"""Those that ours get where nobody has set others."""


def slots() -> int:
    """How many calls of an engine are made at once."""
    return default_start_slots()


@dataclass(frozen=True, slots=True)
class RawEngine:
    """The Engine API itself. `boxed`: in the box that ours are in; `restart`: the containers' restart policy.

    `at_once`: calls at a time; None for as many as our controller has passes.
    """

    name: str = "raw engine"
    boxed: bool = True
    restart: str = "no"
    at_once: int | None = None

    def installed(self, bench: Bench) -> str:
        """The engine's version."""
        with bench.own.client() as api:
            return str(api.version()["Version"])

    @contextmanager
    def running(self, bench: Bench) -> Iterator["RawRunner"]:
        """Connected, once for each slot."""
        clients = [connect(bench.own.host, 120.0) for _ in range(self.at_once or slots())]
        runner = RawRunner(clients, self._host_config)
        networks = Networks(NETWORK)
        try:
            if self.boxed:
                with networks.lock:
                    networks.ensure(clients[0], NETWORK)
            yield runner
        finally:
            runner.remove_all()
            if self.boxed:
                networks.remove(clients[0], NETWORK)
            for client in clients:
                client.close()

    def _host_config(self, client: EngineClient, port: int) -> dict[str, Any]:
        policy = {"Name": self.restart}
        if self.boxed:
            spec = ContainerSpec(HTTP_IMAGE, (), "127.0.0.1", port, CONTAINER_PORT, LIMITS, network=NETWORK)
            return host_config(client, spec, os.cpu_count() or 1) | {"RestartPolicy": policy}
        bindings: dict[int | str, Any] = {CONTAINER_PORT: ("127.0.0.1", port)}
        made: dict[str, Any] = client.create_host_config(port_bindings=bindings, restart_policy=policy)
        return made


BARE = RawEngine("raw engine, bare", boxed=False)


@dataclass(slots=True)
class RawRunner:
    """Creates, starts and removes, each with a client of its own thread."""

    clients: list[EngineClient]
    host_config: Callable[[EngineClient, int], dict[str, Any]]
    _ids: dict[str, str] = field(default_factory=dict)

    def start(self, instances: Sequence[Instance]) -> None:
        """Create and start all of them."""
        each_by_one_of(self.clients, instances, self.start_one)

    def await_running(self, instances: Sequence[Instance]) -> None:
        """They do: `start` has started them."""

    def url(self, instance: Instance) -> str:
        """The published port."""
        return f"http://127.0.0.1:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """Kill and remove all of them."""
        each_by_one_of(self.clients, instances, self._remove)

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        """The container that was created for it."""
        return self.clients[0], self._ids[instance.name]

    def remove_all(self) -> None:
        """Remove whatever a run that broke has left."""
        for row in self.clients[0].containers(all=True, filters={"label": LABEL}):
            self.clients[0].remove_container(row["Id"], force=True)

    def start_one(self, client: EngineClient, instance: Instance) -> None:
        """Create and start it, by that client."""
        created = client.create_container(
            HTTP_IMAGE,
            name=instance.name,
            labels={LABEL: ""},
            ports=[CONTAINER_PORT],
            host_config=self.host_config(client, instance.port),
        )
        self._ids[instance.name] = created["Id"]
        client.start(created["Id"])

    def _remove(self, client: EngineClient, instance: Instance) -> None:
        client.remove_container(self._ids.pop(instance.name), force=True, v=True)
