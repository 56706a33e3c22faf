"""The calls on ``containers/docker/``: the engine's containers, by their Docker id.

They show what the server's engine runs; for a playground that is kept as wanted use the calls of
:class:`playground_sdk.containers.ContainerClientMixin`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from playground_sdk._base import ClientBase, segment
from playground_sdk.errors import UnexpectedReplyError
from playground_sdk.models import Container
from playground_sdk.releases import ReleaseLike, release_fields

__all__ = ["DockerContainerClientMixin"]

_ROOT = "containers/docker/"


class DockerContainerClientMixin(ClientBase):
    """The ``*_docker_container*`` calls."""

    def list_docker_containers(self) -> list[Container]:
        """All of them, each with ``id`` and ``status``."""
        reply = self._transport.request("GET", _ROOT)
        if not isinstance(reply, list):
            raise UnexpectedReplyError(f"The list of containers should be a JSON list, not {type(reply).__name__}.")
        return cast("list[Container]", reply)

    def get_docker_container(self, container_id: str) -> Container:
        """One of them."""
        return cast("Container", self._object("GET", _path(container_id)))

    def create_docker_container(
        self,
        plugin_release: str | ReleaseLike,
        *,
        params: Mapping[str, Any] | None = None,
        envs: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        labels: Iterable[str] | None = None,
    ) -> Container:
        """Create one from a release the server knows; the reply carries its ``id``."""
        body: dict[str, Any] = {"plugin_release": release_fields(plugin_release)["plugin_release"]}
        given = {"params": params, "envs": envs, "metadata": metadata}
        body.update({key: dict(value) for key, value in given.items() if value is not None})
        if labels is not None:
            body["labels"] = list(labels)
        return cast("Container", self._object("POST", _ROOT, body))

    def delete_docker_container(self, container_id: str) -> None:
        """Stop and remove it."""
        self._transport.request("DELETE", _path(container_id))

    def stop_docker_container(self, container_id: str) -> Container:
        """Stop it."""
        return cast("Container", self._object("POST", f"{_path(container_id)}/stop/"))

    def start_docker_container(self, container_id: str) -> Container:
        """Start it again."""
        return cast("Container", self._object("POST", f"{_path(container_id)}/start/"))


def _path(container_id: str) -> str:
    return _ROOT + segment(container_id, "A Docker container id")
