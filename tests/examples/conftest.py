"""A server that may run what the examples name, and leaves nothing behind."""

from collections.abc import Iterator

import docker
import pytest

from tests.e2e.engine import containers_of, engine, remove_containers, remove_images
from tests.e2e.server import Server, running
from tests.images.build import ensure_http_image
from tests.security.boxed import all_in_the_box

PAGE = "playground-example-page"
PORTS = range(7890, 7940)  # 05 asks for port 7900


@pytest.fixture(scope="module")
def page_image() -> Iterator[str]:
    """The image of example 09: the tests' tiny page under the example's name."""
    with engine() as api:
        api.tag(ensure_http_image(), PAGE, "latest")
        yield f"{PAGE}:latest"
        api.remove_image(f"{PAGE}:latest", noprune=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, page_image: str) -> Iterator[Server]:
    settings = {
        "PLAYGROUND_LEASE_TTL": "3",
        "PLAYGROUND_STOP_GRACE": "1",
        "PLAYGROUND_ALLOWED_IMAGES": page_image,
        "PLAYGROUND_READINESS_TIMEOUT": "600",  # twenty at once take their time on two cores that others use as well
    }
    with running(tmp_path_factory.mktemp("server"), PORTS, settings) as server:
        controller_id = server.controller_id
        try:
            with all_in_the_box(controller_id):
                yield server
            server.delete_all()
            assert containers_of(controller_id) == []
        finally:
            remove_containers(controller_id)
            remove_images(controller_id)


@pytest.fixture(autouse=True)
def _docker_is_there(request: pytest.FixtureRequest) -> None:
    """Say at once when there is no engine, instead of waiting for a server that has none."""
    if request.node.get_closest_marker("engine"):
        with engine() as api:
            assert isinstance(api, docker.APIClient)
            assert api.ping()
