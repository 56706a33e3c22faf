"""What the tests see of the engine with their own eyes, past the server: one controller's containers and images."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import docker
import docker.errors
import docker.utils

CONTROLLER = "playground.controller"
UID = "playground.uid"


@contextmanager
def engine() -> Iterator[docker.APIClient]:
    """The low-level client of the engine, closed at the end."""
    with closing(docker.APIClient(version="auto", timeout=30, **docker.utils.kwargs_from_env())) as api:
        yield api


def containers_of(controller_id: str, uid: str | None = None) -> list[dict[str, Any]]:
    """All containers that carry the controller's label (and the playground's), whatever their state."""
    labels = [f"{CONTROLLER}={controller_id}", *([f"{UID}={uid}"] if uid else [])]
    with engine() as api:
        found: list[dict[str, Any]] = api.containers(all=True, filters={"label": labels})
    return found


def inspected(container: str | None) -> dict[str, Any]:
    """All that the engine knows of a container. Raises docker.errors.NotFound."""
    assert container is not None
    with engine() as api:
        found: dict[str, Any] = api.inspect_container(container)
    return found


def networks_of(controller_id: str) -> list[str]:
    """The names of all networks that carry the controller's label."""
    with engine() as api:
        found = [str(row["Name"]) for row in api.networks(filters={"label": f"{CONTROLLER}={controller_id}"})]
    return sorted(found)


def remove_networks(controller_id: str) -> None:
    """Remove what is left of a controller's networks."""
    with engine() as api:
        for name in networks_of(controller_id):
            api.remove_network(name)


def remove_containers(controller_id: str) -> list[str]:
    """Remove what is left of a controller; returns the names there were."""
    left = containers_of(controller_id)
    with engine() as api:
        for container in left:
            api.remove_container(container["Id"], force=True, v=True)
    return [", ".join(container["Names"]) for container in left]


def remove_images(controller_id: str) -> None:
    """Remove the images that a controller has built, but for those that somebody else's containers are made from."""
    with engine() as api:
        for image in api.images(filters={"label": f"{CONTROLLER}={controller_id}"}):
            with suppress(docker.errors.APIError):
                api.remove_image(image["Id"], force=True)
