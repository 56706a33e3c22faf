"""Ours, as its operator runs it: `playground-server run`, asked through the HTTP API by several clients at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers.peer import Instance, each_by_one_of
from bench.scenario import Bench
from controller.engine.connect import EngineClient
from playground_sdk import AgentClient
from playground_sdk.watching import Change
from tests.e2e.server import Server, running
from tests.images.build import HTTP_IMAGE
from tests.testbed.pauses import await_true

PORTS = range(20000, 21000)
CLIENTS = 8
RUNNING = "running"
_REMOVED_S = 600.0


@dataclass(frozen=True, slots=True)
class Ours:
    """This project. `settings` are environment variables of the server, beside those that every run needs."""

    name: str = "ours"
    settings: tuple[tuple[str, str], ...] = ()

    def installed(self, _bench: Bench) -> str:
        """The version that is installed."""
        return version("playground-server")

    @contextmanager
    def running(self, bench: Bench) -> Iterator["OurRunner"]:
        """A server with a data folder of its own. It is stopped at the end, all playgrounds are deleted before."""
        folder = Path(bench.folder) / f"ours-{len(list(bench.folder.iterdir()))}"
        settings = {"PLAYGROUND_DOCKER_HOST": bench.own.host, "PLAYGROUND_ALLOWED_IMAGES": HTTP_IMAGE}
        with running(folder, PORTS, settings | dict(self.settings)) as server, bench.own.client() as engine:
            clients = [AgentClient(server.url, server.token) for _ in range(CLIENTS)]
            runner = OurRunner(server, clients, engine)
            try:
                yield runner
            finally:
                runner.remove_all()
                for client in clients:
                    client.close()


@dataclass(frozen=True, slots=True)
class OurRunner:
    """Asks the API. What it does not tell (is a container gone?) is seen on the engine."""

    server: Server
    clients: list[AgentClient]
    engine: EngineClient

    def start(self, instances: Sequence[Instance]) -> None:
        """Apply a manifest for each; returns when all are acknowledged, which is long before they run."""
        each_by_one_of(self.clients, instances, lambda client, each: client.playgrounds.apply(manifest(each)))

    def await_running(self, instances: Sequence[Instance]) -> None:
        """Follow them, as `playground apply --wait` would be told."""
        self._follow(instances, lambda change: bool(change.playground["status"]["phase"] == RUNNING))

    def url(self, instance: Instance) -> str:
        """The port that its manifest asks for."""
        return f"http://127.0.0.1:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """Delete all of them; returns when neither a record nor a container is left."""
        before = self.clients[0].playgrounds.listing(fields=f"metadata.name={instances[0].name}").resource_version
        each_by_one_of(self.clients, instances, lambda client, each: client.playgrounds.delete(each.name))
        self._follow(instances, lambda change: change.type == "DELETED", since=before)
        await_true("all containers being gone", lambda: not self._containers(instances), _REMOVED_S, 0.005)

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        """The container with its label; None while there is none."""
        found = self.engine.containers(filters={"label": f"playground.name={instance.name}"})
        return (self.engine, found[0]["Id"]) if found else None

    def remove_all(self) -> None:
        """Delete what is left, so that no container outlives the server."""
        self.server.delete_all()

    def _follow(self, instances: Sequence[Instance], until: Callable[[Change], bool], since: str | None = None) -> None:
        """Watch, from a version on or from what there is, until it is so of each."""
        left = {each.name for each in instances}
        fields = f"metadata.name={instances[0].name}" if len(left) == 1 else ""
        watch = self.clients[0].playgrounds.watch(fields=fields, resource_version=since)
        while left:
            change = next(watch)
            if until(change):
                left.discard(change.playground["metadata"]["name"])

    def _containers(self, instances: Sequence[Instance]) -> bool:
        names = {each.name for each in instances}
        label = f"playground.controller={self.server.controller_id}"
        found = self.engine.containers(all=True, filters={"label": label})
        return any(row["Labels"].get("playground.name") in names for row in found)


def manifest(instance: Instance) -> dict[str, Any]:
    """What is applied: the tiny server's image, on the instance's port."""
    return {
        "apiVersion": "playground/v1",
        "kind": "Playground",
        "metadata": {"name": instance.name},
        "spec": {
            "plugin": {"image": HTTP_IMAGE},
            "model": instance.port,
            "port": {"host": instance.port},
            "readiness": {"path": "/"},
        },
    }
