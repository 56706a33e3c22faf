"""Docker Swarm with one node, ports published in host mode; on an engine of its own, in a namespace of its own.

An engine that is in a swarm is another engine: it has more networks, and tasks that come back. So ours is left alone,
and a cable leads to the swarm's ports.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from docker.types import ContainerSpec, TaskTemplate

from bench.peers.commands import at_once
from bench.peers.peer import Instance, PeerMissing
from bench.peers.raw import CONTAINER_PORT
from bench.scenario import Bench
from controller.engine.connect import EngineClient, connect
from tests.images.build import HTTP_IMAGE
from tests.testbed.engine import OwnEngine
from tests.testbed.namespace import cable, network_namespace
from tests.testbed.pauses import await_true

OUR_ADDRESS, SWARM_ADDRESS = "10.201.0.1", "10.201.0.2"
AT_ONCE = 8
_SERVICE = "com.docker.swarm.service.name"
_OFFLINE = "DOCKER_SERVICE_PREFER_OFFLINE_IMAGE=1"
"""Or it would ask a registry for the image before each task, in vain."""
_RUNNING_S, _GONE_S = 300.0, 120.0


@dataclass(frozen=True, slots=True)
class Swarm:
    """A swarm of one manager that is its own worker. Its restart policy is the usual one: any end, after 5 s."""

    name: str = "Docker Swarm"

    def installed(self, bench: Bench) -> str:
        """The engine's version: Swarm is a part of it."""
        with bench.own.client() as api:
            if "Swarm" not in api.info():
                raise PeerMissing("this engine has no Swarm")
            return str(api.version()["Version"])

    @contextmanager
    def running(self, bench: Bench) -> Iterator["SwarmRunner"]:
        """A second engine with a swarm on it. It leaves the swarm at the end, which ends all tasks."""
        near, far = bench.own.name, f"{bench.own.name}-swarm"
        folder = bench.folder / "swarm"
        try:
            with (
                network_namespace(far) as enter,
                cable(near, f"{OUR_ADDRESS}/30", far, f"{SWARM_ADDRESS}/30"),
                OwnEngine(folder, far, [HTTP_IMAGE], enter=[*enter, "env", _OFFLINE]) as engine,
                _joined(engine) as clients,
            ):
                yield SwarmRunner(clients)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _joined(engine: OwnEngine) -> Iterator[list[EngineClient]]:
    """The engine in a swarm of its own, and clients of it, one for each call at a time."""
    clients = [connect(engine.host, 120.0) for _ in range(AT_ONCE)]
    try:
        clients[0].init_swarm(advertise_addr="127.0.0.1", listen_addr="127.0.0.1:2377")
        yield clients
    finally:
        clients[0].leave_swarm(force=True)
        for client in clients:
            client.close()


@dataclass(frozen=True, slots=True)
class SwarmRunner:
    """Makes a service for each instance, as many clients as there are at once (`docker stack deploy` has one)."""

    clients: list[EngineClient]

    def start(self, instances: Sequence[Instance]) -> None:
        """Create a service of one task for each; returns when they are recorded, which is before they run."""
        self._each(instances, lambda client, each: client.create_service(**service(each)))

    def await_running(self, instances: Sequence[Instance]) -> None:
        """Ask its engine until the containers of all run; the manager says so a little later."""
        wanted = {each.name for each in instances}
        pause = 0.002 if len(wanted) == 1 else 0.02
        await_true("all tasks running", lambda: wanted <= self._containers(every=False), _RUNNING_S, pause)

    def url(self, instance: Instance) -> str:
        """The published port, at the swarm's end of the cable."""
        return f"http://{SWARM_ADDRESS}:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """Remove the services; returns when no container is left."""
        self._each(instances, lambda client, each: client.remove_service(each.name))
        names = {each.name for each in instances}
        await_true("all tasks being gone", lambda: not names & self._containers(every=True), _GONE_S, 0.005)

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        """The container of the service's task; None while it has none that runs."""
        found = self.clients[0].containers(filters={"label": f"{_SERVICE}={instance.name}"})
        return (self.clients[0], found[0]["Id"]) if found else None

    def _containers(self, *, every: bool) -> set[str]:
        """The services that have a container that runs, or one at all (`every`)."""
        found = self.clients[0].containers(all=every, filters={"label": _SERVICE})
        return {row["Labels"][_SERVICE] for row in found}

    def _each(self, instances: Sequence[Instance], call: Callable[[EngineClient, Instance], object]) -> None:
        spare = list(self.clients)

        def work(instance: Instance) -> None:
            client = spare.pop()
            try:
                call(client, instance)
            finally:
                spare.append(client)

        at_once(len(self.clients), work, instances)


def service(instance: Instance) -> dict[str, Any]:
    """The arguments of `create_service`: one task, the port published on its node and not through the mesh."""
    port = {"Protocol": "tcp", "TargetPort": CONTAINER_PORT, "PublishedPort": instance.port, "PublishMode": "host"}
    return {
        "name": instance.name,
        "task_template": TaskTemplate(ContainerSpec(HTTP_IMAGE)),
        "endpoint_spec": {"Ports": [port]},
    }
