"""Docker Compose: one file with all instances, `up -d`, and `down`.

The plugin (version 2) is taken where there is one, else Debian's `docker-compose` (1.29). It has words for all of the
box. The services are on a network that is there already, as with every peer: Compose would make one for each project,
which takes longer.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.peers.box import bridge, compose_keys
from bench.peers.commands import CommandFailed, asked, run
from bench.peers.peer import Instance, PeerMissing
from bench.peers.raw import CONTAINER_PORT
from bench.scenario import Bench
from controller.engine.connect import EngineClient
from tests.images.build import HTTP_IMAGE

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_PREFIX = "bench-"
NETWORK = "playground-bench-compose-0"


def compose_command() -> list[str]:
    """How Compose is called here. Raises PeerMissing."""
    if shutil.which("docker"):
        try:
            run(["docker", "compose", "version"], timeout=60)
        except CommandFailed:
            pass
        else:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise PeerMissing("neither `docker compose` nor `docker-compose` is installed")


@dataclass(frozen=True, slots=True)
class Compose:
    """Compose, a project for all instances that are asked for together. `boxed`: in the box that ours are in."""

    name: str = "docker compose"
    boxed: bool = True

    def installed(self, _bench: Bench) -> str:
        """Its version."""
        return asked([*compose_command(), "version", "--short"]).removeprefix("v")

    @contextmanager
    def running(self, bench: Bench) -> Iterator["ComposeRunner"]:
        """There is nothing to start; a folder for the files, and a network where they are boxed."""
        folder = bench.folder / ("compose" if self.boxed else "compose-bare")
        folder.mkdir()
        with bench.own.client() as engine, ExitStack() as stack:
            network = stack.enter_context(bridge(engine, NETWORK)) if self.boxed else None
            runner = ComposeRunner(compose_command(), bench.own.host, folder, engine, network)
            try:
                yield runner
            finally:
                runner.remove_all()
                shutil.rmtree(folder)


@dataclass(slots=True)
class ComposeRunner:
    """Writes a file for each batch, and remembers which instance is in which."""

    command: list[str]
    host: str
    folder: Path
    engine: EngineClient
    network: str | None
    """The boxes' network; None for bare ones."""
    _projects: dict[str, list[Instance]] = field(default_factory=dict)

    def start(self, instances: Sequence[Instance]) -> None:
        """`up -d` of one file with all of them."""
        project = f"{_PREFIX}{instances[0].name}"
        self._write(project, instances)
        self._projects[project] = list(instances)
        self._compose(project, "up", "-d")

    def await_running(self, instances: Sequence[Instance]) -> None:
        """They do: `up` has started them."""

    def url(self, instance: Instance) -> str:
        """The published port."""
        return f"http://127.0.0.1:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """`down` where all of a project go; else the file without them, and `up` that removes what is not in it."""
        going = set(instances)
        for project, mine in list(self._projects.items()):
            left = [each for each in mine if each not in going]
            if not left:
                self._compose(project, "down")
                self._file(project).unlink()
                del self._projects[project]
            elif len(left) < len(mine):
                self._write(project, left)
                self._projects[project] = left
                self._compose(project, "up", "-d", "--remove-orphans")

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        """The container with the service's label; None while there is none."""
        found = self.engine.containers(filters={"label": f"{_SERVICE}={instance.name}"})
        return (self.engine, found[0]["Id"]) if found else None

    def remove_all(self) -> None:
        """Remove whatever a run that broke has left."""
        for row in self.engine.containers(all=True, filters={"label": _PROJECT}):
            self.engine.remove_container(row["Id"], force=True)

    def _file(self, project: str) -> Path:
        return self.folder / f"{project}.yaml"

    def _write(self, project: str, instances: Sequence[Instance]) -> None:
        self._file(project).write_text(json.dumps(compose_file(instances, self.network)))

    def _compose(self, project: str, *words: str) -> None:
        command = [*self.command, "--file", str(self._file(project)), "--project-name", project, *words]
        run(command, {"DOCKER_HOST": self.host})


def compose_file(instances: Sequence[Instance], network: str | None) -> dict[str, Any]:
    """A file with a service for each, for both of Compose's versions (JSON is YAML), on that network or bare (None)."""
    if network is None:
        shared, networks = {"network_mode": "bridge"}, {}
    else:
        shared, networks = compose_keys(), {"networks": {"default": {"external": True, "name": network}}}
    return networks | {
        "version": "3.8",
        "services": {
            each.name: {
                "image": HTTP_IMAGE,
                "ports": [f"127.0.0.1:{each.port}:{CONTAINER_PORT}"],
            }
            | shared
            for each in instances
        },
    }
