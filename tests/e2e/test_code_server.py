"""`kind: code_server`: an image that is named, on its own port and health path; and one that is not allowed."""

import pytest
import requests

from tests.e2e.conftest import NewServer
from tests.e2e.engine import containers_of, inspected, networks_of
from tests.e2e.server import Server
from tests.images.build import HTTP_IMAGE, ensure_http_image
from tests.security.cis import violations

pytestmark = pytest.mark.engine


def test_an_allowed_image_serves_and_leaves_nothing(new_server: NewServer) -> None:
    ensure_http_image()
    allowed = {"PLAYGROUND_ALLOWED_IMAGES": "playground-test-*"}
    with new_server(settings=allowed) as server:
        created = create(server, "ide@1", image=HTTP_IMAGE, container_port=7860, health_path="/up", egress=False)
        assert created.status_code == 201, created.text
        build = server.client.wait_for_build(created.json()["build_id"])
        assert build["result"] is not None
        endpoint = build["result"]["endpoint"]
        assert endpoint is not None
        assert requests.get(endpoint, timeout=5).json() == {"status": "ok"}
        (container,) = containers_of(server.controller_id)
        assert violations(inspected(container["Id"])) == []
        assert networks_of(server.controller_id) == [f"playground-{server.controller_id}-1-closed"]

        headers = {"Authorization": server.token}
        base = f"{server.url}/containers/{container['Id']}"
        used = requests.get(f"{base}/resources/", headers=headers, timeout=10).json()
        assert 0 < used["memory_bytes"] < 64 * 1024 * 1024
        assert used["network_rx_bytes"] > 0
        assert used["status"] == "running"
        health = requests.get(f"{base}/health/", headers=headers, timeout=10).json()
        assert (health["health_state"], health["consecutive_failures"]) == ("healthy", 0)

        refused = create(server, "other@1", image="debian:12")
        assert refused.status_code == 422
        assert "debian:12 is not allowed here (only playground-test-*)" in refused.text


def create(server: Server, release: str, **fields: object) -> requests.Response:
    """As a client that knows more fields than the SDK."""
    body = {"kind": "code_server", "plugin_release": release, **fields}
    headers = {"Authorization": server.token}
    return requests.post(f"{server.url}/containers/", json=body, headers=headers, timeout=10)
