"""Docker Swarm with one node, ports published in host mode; on an engine of its own, in a namespace of its own.

An engine that is in a swarm is another engine: it has more networks, and tasks that come back. So ours is left alone,
and a cable leads to the swarm's ports.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from docker.types import ContainerSpec, DriverConfig, Mount, NetworkAttachmentConfig, Resources, TaskTemplate

from bench.peers.box import LOG, TMP
from bench.peers.commands import at_once
from bench.peers.peer import Instance, PeerMissing
from bench.peers.raw import CONTAINER_PORT, LIMITS
from bench.scenario import Bench
from controller.engine.connect import EngineClient, connect
from controller.engine.sandbox import USER
from tests.images.build import HTTP_IMAGE
from tests.testbed.engine import OwnEngine
from tests.testbed.namespace import cable, network_namespace
from tests.testbed.pauses import await_true

OUR_ADDRESS, SWARM_ADDRESS = "10.201.0.1", "10.201.0.2"
AT_ONCE = 8
NETWORK = "playground-bench-boxes"
_OPTIONS, _STAYS = f"{NETWORK}-options", f"{NETWORK}-task"
_SERVICE = "com.docker.swarm.service.name"
_OFFLINE = "DOCKER_SERVICE_PREFER_OFFLINE_IMAGE=1"
"""Or it would ask a registry for the image before each task, in vain."""
_RUNNING_S, _GONE_S = 300.0, 120.0


@dataclass(frozen=True, slots=True)
class Swarm:
    """A swarm of one manager that is its own worker. Its restart policy is the usual one: any end, after 5 s.

    `boxed`: in the box that ours are in, as far as a service has words for it: this engine's has none for new
    privileges and for swap (the engine allows as much again as memory).
    """

    name: str = "Docker Swarm"
    boxed: bool = True

    def installed(self, bench: Bench) -> str:
        """The engine's version: Swarm is a part of it."""
        with bench.own.client() as api:
            if "Swarm" not in api.info():
                raise PeerMissing("this engine has no Swarm")
            return str(api.version()["Version"])

    @contextmanager
    def running(self, bench: Bench) -> Iterator["SwarmRunner"]:
        """An engine that is in a swarm, and clients of it, one for each call at a time."""
        with ExitStack() as stack:
            host = stack.enter_context(_swarm(bench))
            clients = [connect(host, 120.0) for _ in range(AT_ONCE)]
            for client in clients:
                stack.callback(client.close)
            if self.boxed:
                _make_network(clients[0])
            yield SwarmRunner(clients, NETWORK if self.boxed else None)


@contextmanager
def _swarm(bench: Bench) -> Iterator[str]:
    """A second engine, alone in a swarm; yields its host. It leaves the swarm at the end, which ends all tasks.

    One that is up in this run already is used, and left to whoever has started it.
    """
    near, far = bench.own.name, f"{bench.own.name}-swarm"
    folder = bench.folder / "swarm"
    if folder.exists():
        yield OwnEngine(folder, far).host
        return
    try:
        with (
            network_namespace(far) as enter,
            cable(near, f"{OUR_ADDRESS}/30", far, f"{SWARM_ADDRESS}/30"),
            OwnEngine(folder, far, [HTTP_IMAGE], enter=[*enter, "env", _OFFLINE]) as engine,
            engine.client(120.0) as api,
        ):
            api.init_swarm(advertise_addr="127.0.0.1", listen_addr="127.0.0.1:2377")
            try:
                yield engine.host
            finally:
                api.leave_swarm(force=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_network(api: EngineClient) -> None:
    """Make the boxes' network: a bridge of the node's own, with the options of ours.

    Swarm ignores options unless they come from a network that is nothing but a configuration, which docker-py has no
    word for. It makes the bridge with a network's first task, and removes it with the last. So a task stays on it.
    """
    options = {"com.docker.network.bridge.enable_icc": "false"}
    for body in (
        {"Name": _OPTIONS, "ConfigOnly": True, "Options": options},
        {"Name": NETWORK, "Driver": "bridge", "Scope": "swarm", "ConfigFrom": {"Network": _OPTIONS}},
    ):
        answer = api.post(f"{api.base_url}/v{api.api_version}/networks/create", json=body)
        answer.raise_for_status()
    api.create_service(
        TaskTemplate(ContainerSpec(HTTP_IMAGE), networks=[NetworkAttachmentConfig(NETWORK)]), name=_STAYS
    )
    await_true("the swarm's network", lambda: _STAYS in _with_containers(api, every=False), _RUNNING_S)


def _with_containers(api: EngineClient, *, every: bool) -> set[str]:
    """The services that have a container that runs, or one at all (`every`)."""
    found = api.containers(all=every, filters={"label": _SERVICE})
    return {row["Labels"][_SERVICE] for row in found}


@dataclass(frozen=True, slots=True)
class SwarmRunner:
    """Makes a service for each instance, as many clients as there are at once (`docker stack deploy` has one)."""

    clients: list[EngineClient]
    network: str | None
    """The boxes' network; None for bare ones."""

    def start(self, instances: Sequence[Instance]) -> None:
        """Create a service of one task for each; returns when they are recorded, which is before they run."""
        self._each(instances, lambda client, each: client.create_service(**service(each, self.network)))

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
        return _with_containers(self.clients[0], every=every)

    def _each(self, instances: Sequence[Instance], call: Callable[[EngineClient, Instance], object]) -> None:
        spare = list(self.clients)

        def work(instance: Instance) -> None:
            client = spare.pop()
            try:
                call(client, instance)
            finally:
                spare.append(client)

        at_once(len(self.clients), work, instances)


def service(instance: Instance, network: str | None) -> dict[str, Any]:
    """The arguments of `create_service`: one task, the port published on its node and not through the mesh.

    It is in a box on that network, or bare (None). The engine mounts any tmpfs noexec, nosuid and nodev.
    """
    port = {"Protocol": "tcp", "TargetPort": CONTAINER_PORT, "PublishedPort": instance.port, "PublishMode": "host"}
    return {
        "name": instance.name,
        "task_template": TaskTemplate(ContainerSpec(HTTP_IMAGE)) if network is None else _boxed(network),
        "endpoint_spec": {"Ports": [port]},
    }


def _boxed(network: str) -> TaskTemplate:
    container = ContainerSpec(
        HTTP_IMAGE,
        user=USER,
        cap_drop=["ALL"],
        read_only=True,
        init=True,
        mounts=[Mount(TMP, None, "tmpfs", tmpfs_size=LIMITS.tmpfs_bytes, tmpfs_mode=0o1777)],
    )
    resources = Resources(cpu_limit=int(LIMITS.cpu * 1e9), mem_limit=LIMITS.memory)
    resources["Limits"]["Pids"] = LIMITS.pids  # docker-py has no word for it
    return TaskTemplate(
        container,
        resources=resources,
        log_driver=DriverConfig("json-file", LOG),
        networks=[NetworkAttachmentConfig(network)],
    )
