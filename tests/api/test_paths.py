"""Both forms of each path, no redirect, and right addresses behind a proxy."""

from pathlib import Path

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from api.http.app import ROUTES, create_app
from tests.api.conftest import TOKEN, Api
from tests.api.plugins import plugin

PREFIX = {"X-Forwarded-Prefix": "/agent", "X-Forwarded-Host": "outside.example:8443", "X-Forwarded-Proto": "https"}


def test_every_path_is_there_with_and_without_its_final_slash() -> None:
    paths = {route.path for route in ROUTES if isinstance(route, Route) and ":path}" not in route.path}
    assert {path for path in paths if path.endswith("/")} == {f"{path}/" for path in paths if not path.endswith("/")}


def test_no_reply_is_a_redirect(client: TestClient) -> None:
    for route in ROUTES:
        if isinstance(route, Route):
            path = route.path.replace("{id}", "1").replace("{lookup:path}", "1")
            for method in route.methods or ():
                for form in (path, path.rstrip("/"), f"{path.rstrip('/')}/"):
                    assert not 300 <= client.request(method, form).status_code < 400, (method, form)


@pytest.mark.parametrize("path", ["/containers/", "/agent/containers/"])
def test_behind_a_prefix_next_and_build_links_are_the_clients(client: TestClient, path: str) -> None:
    client.headers.update(PREFIX)
    made = client.post(path, files={"file": ("p.zip", plugin())}).json()
    client.post(path, json={"plugin_release": "my-plugin@1.0.0", "model": 1})
    assert made["status_url"].startswith("https://outside.example:8443/agent/builds/")
    assert made["ws_url"].startswith("wss://outside.example:8443/agent/builds/")
    following = client.get(f"{path}?page_size=1").json()["next"]
    assert following == "https://outside.example:8443/agent/containers/?page=2&page_size=1"
    assert client.get(f"{path.rstrip('/')}?page_size=1").json()["next"].endswith("/agent/containers?page=2&page_size=1")


def test_health_is_public_behind_a_prefix_and_nothing_else_is(client: TestClient) -> None:
    del client.headers["Authorization"]
    assert client.get("/agent/health/", headers=PREFIX).status_code == 200
    for prefix in ("/health", "/agent", "//health", "/heal"):
        headers = {"X-Forwarded-Prefix": prefix}
        for path in ("/containers/", "/health/containers/", "/containers/health/", "/th/containers/"):
            assert client.get(path, headers=headers).status_code == 401, (prefix, path)


def test_a_peer_that_is_not_trusted_can_claim_nothing(api: Api) -> None:
    app = create_app(api.deps)
    with TestClient(app, headers={"Authorization": TOKEN, **PREFIX}, client=("192.0.2.7", 1)) as stranger:
        made = stranger.post("/containers/", files={"file": ("p.zip", plugin())}).json()
    assert made["status_url"].startswith("http://testserver/builds/")


@pytest.mark.parametrize("prefix", ["agent", "/a gent", "/a\\b", "//evil.example", "/a/../b c", "/"])
def test_a_prefix_that_is_none_is_ignored(client: TestClient, prefix: str) -> None:
    client.post("/containers/", files={"file": ("p.zip", plugin())})
    client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0", "model": 1})
    reply = client.get("/containers/?page_size=1", headers={"X-Forwarded-Prefix": prefix, "X-Forwarded-Host": "a b"})
    assert reply.json()["next"] == "http://testserver/containers/?page=2&page_size=1"


def test_the_host_header_is_what_the_client_used(client: TestClient, tmp_path: Path) -> None:
    made = client.post("/containers/", files={"file": ("p.zip", plugin())}, headers={"Host": "box.example:9000"})
    assert made.json()["status_url"].startswith("http://box.example:9000/builds/")
