"""Real containers in the real box, made as the controller makes them; nothing of them is left."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import docker
import docker.errors
import pytest

from api.clock import new_uid
from api.resources.playground import Metadata, Playground, PlaygroundSpec
from controller.domain.container_spec import ContainerSpec, Limits
from controller.engine.docker_engine import DockerEngine
from controller.planner import Policy
from controller.planner.wanted import wanted_container
from tests.api.conftest import api, client, migrated, raw
from tests.e2e.engine import CONTROLLER, engine
from tests.e2e.server import free_port
from tests.images.build import HTTP_IMAGE, ensure_http_image

__all__ = ["Box", "api", "client", "migrated", "raw"]

MEBIBYTE = 1024 * 1024
_numbers = itertools.count(1)


@dataclass
class Box:
    """Makes containers as the controller does, each with a port of its own."""

    api: docker.APIClient
    policy: Policy
    engine: DockerEngine
    made: list[str] = field(default_factory=list)

    @property
    def controller_id(self) -> str:
        return self.policy.controller_id

    def spec(self, image: str = HTTP_IMAGE, *, policy: Policy | None = None, **spec: object) -> ContainerSpec:
        """What the planner wants for a playground with that image."""
        number, port = next(_numbers), free_port()
        metadata = Metadata(id=number, uid=new_uid(), name=f"sec-{number}", created_at=0, updated_at=0)
        fields = {"kind": "code_server", "plugin_release": f"sec-{number}@1", "image": image, **spec}
        playground = Playground(metadata=metadata, spec=PlaygroundSpec.model_validate(fields), host_port=port)
        wanted = wanted_container(playground, policy or self.policy)
        assert wanted is not None
        return wanted

    def run(self, spec: ContainerSpec) -> str:
        """Create and start one; its id."""
        made = self.engine.create(spec)
        self.engine.start(made)
        return made

    def inspect(self, container: str) -> dict[str, object]:
        found: dict[str, object] = self.api.inspect_container(container)
        return found

    def closed(self) -> Policy:
        """The policy of an operator who lets no playground out."""
        return replace(self.policy, egress=False)


NewBox = Callable[..., Box]


@pytest.fixture
def box() -> Iterator[Box]:
    """A controller's engine; what was made with it is removed."""
    ensure_http_image()
    controller_id = f"sec{new_uid()[:6]}"
    limits = Limits(memory=128 * MEBIBYTE, cpu=0.5, pids=64, tmpfs_bytes=16 * MEBIBYTE)
    policy = Policy(controller_id, "recipe", "127.0.0.1", "127.0.0.1", limits, ports=range(1024, 65536))
    with engine() as docker_api:
        yield Box(docker_api, replace(policy, network_capacity=100_000), DockerEngine(None, controller_id, 30.0))
        own = {"label": f"{CONTROLLER}={controller_id}"}
        for row in docker_api.containers(all=True, filters=own):
            docker_api.remove_container(row["Id"], force=True, v=True)
        for row in docker_api.networks(filters=own):
            with suppress(docker.errors.NotFound):
                docker_api.remove_network(row["Id"])
