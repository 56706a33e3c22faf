"""Ours with builds: a server on the usual engine, which reaches a package index, and a plugin whose code changes."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.builds import TaggedImages, tidied
from bench.plugins import ChangingPlugin
from bench.scenario import Bench
from controller.engine.connect import EngineClient, connect
from playground_sdk import AgentClient, NotFoundError
from tests.e2e.server import Server, free_range, running
from tests.testbed.pauses import await_true

BY_HAND = "playground-bench-by-hand"
"""How the names of images begin that are built by hand; they are removed at the end."""
_PORTS = 100
_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class BuildingServer:
    """A server on the usual engine, and the plugin that is changed."""

    server: Server
    client: AgentClient
    plugin: ChangingPlugin
    api: EngineClient
    tags: TaggedImages
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def image(self) -> str:
        """How the names of the plugin's images begin."""
        return f"synapse-plugin-{self.plugin.code}-"

    @property
    def ports(self) -> range:
        """The ports of the server's playgrounds."""
        return self.server.ports

    def create(self, archive: Path, port: int | None = None) -> str:
        """Upload the archive and apply a playground of it; returns the playground's name once both are acknowledged."""
        number = next(self.numbers)
        name = f"{self.plugin.code}-{number}"
        spec = {"plugin": {"archive": self.client.plugins.push(archive).digest}, "model": number}
        if port is not None:
            spec["port"] = {"host": port}
        self.client.playgrounds.apply(
            {"apiVersion": "playground/v1", "kind": "Playground", "metadata": {"name": name}, "spec": spec}
        )
        return name

    def container(self, name: str) -> str | None:
        """The id of the playground's container that is up; None while there is none."""
        found = self.api.containers(filters={"label": self._labels(name)})
        return str(found[0]["Id"]) if found else None

    def await_container(self, name: str) -> str:
        """Wait until the playground has a container that is up; the container's id."""
        await_true("the container", lambda: self.container(name) is not None, _LIMIT_S, 0.005)
        return self.container(name) or ""

    def phase(self, name: str) -> str:
        """What the API says of it now."""
        return str(self.client.playgrounds.get(name)["status"]["phase"])

    def remove(self, name: str) -> None:
        """Delete a playground; returns when neither its record nor its container is left."""
        self.client.playgrounds.delete(name)
        await_true("the record being gone", lambda: not self._is_recorded(name), _LIMIT_S)
        labels = self._labels(name)
        await_true(
            "the container being gone", lambda: not self.api.containers(all=True, filters={"label": labels}), _LIMIT_S
        )

    def _labels(self, name: str) -> list[str]:
        return [f"playground.controller={self.server.controller_id}", f"playground.name={name}"]

    def _is_recorded(self, name: str) -> bool:
        try:
            self.client.playgrounds.get(name)
        except NotFoundError:
            return False
        return True


@contextmanager
def building_server(bench: Bench, code: str) -> Iterator[BuildingServer]:
    """Ours on the usual engine, which reaches a package index; nothing of it is left there at the end."""
    folder = bench.folder / code
    with (
        connect(None, 60) as api,
        tidied(api, BY_HAND),
        tidied(api, f"synapse-plugin-{code}-"),
        TaggedImages() as tags,
        running(folder, free_range(_PORTS)) as server,
        AgentClient(server.url, server.token) as client,
    ):
        plugin = ChangingPlugin(folder / "plugins", code)
        try:
            yield BuildingServer(server, client, plugin, api, tags)
        finally:
            server.delete_all()
            shutil.rmtree(folder / "plugins", ignore_errors=True)
