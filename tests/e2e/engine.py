"""What the tests see of the engine with their own eyes, past the server: the containers and images of one controller."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import docker

CONTROLLER = "playground.controller"


@contextmanager
def engine() -> Iterator[docker.APIClient]:
    """The low-level client of the engine, closed at the end."""
    with closing(docker.APIClient(version="auto", timeout=30, **docker.utils.kwargs_from_env())) as api:
        yield api


def containers_of(controller_id: str) -> list[dict[str, Any]]:
    """All containers that carry the controller's label, whatever their state."""
    with engine() as api:
        found: list[dict[str, Any]] = api.containers(all=True, filters={"label": f"{CONTROLLER}={controller_id}"})
    return found


def inspected(container: str) -> dict[str, Any]:
    """All that the engine knows of a container. Raises docker.errors.NotFound."""
    with engine() as api:
        found: dict[str, Any] = api.inspect_container(container)
    return found


def remove_containers(controller_id: str) -> list[str]:
    """Remove what is left of a controller; returns the names there were."""
    left = containers_of(controller_id)
    with engine() as api:
        for container in left:
            api.remove_container(container["Id"], force=True, v=True)
    return [", ".join(container["Names"]) for container in left]


def remove_images(controller_id: str) -> None:
    """Remove the images that a controller has built."""
    with engine() as api:
        for image in api.images(filters={"label": f"{CONTROLLER}={controller_id}"}):
            api.remove_image(image["Id"], force=True)
