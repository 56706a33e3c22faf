"""Reading, listing and changing playgrounds."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from starlette.testclient import TestClient

from api.http.controller_client import ControllerClient, ControllerUnreachableError
from tests.api.conftest import Api
from tests.api.plugins import plugin

RELEASE = "my-plugin@1.0.0"
CONTAINER = "abcdef012345" + "6" * 52


@pytest.fixture
def uid(client: TestClient) -> str:
    """A playground that was asked for."""
    made: str = client.post("/containers/", files={"file": ("p.zip", plugin())}).json()["uid"]
    return made


def test_it_is_found_by_number_uid_name_and_docker_id(api: Api, client: TestClient, uid: str) -> None:
    api.controller().serving(uid, container_id=CONTAINER)
    number = client.get(f"/containers/{uid}").json()["record_id"]
    lookups = [number, uid, "my-plugin-1-0-0", CONTAINER, CONTAINER[:12], f"playground-{uid}"]
    for lookup in lookups:
        assert client.get(f"/containers/{lookup}").json()["uid"] == uid, lookup
        assert client.get(f"/containers/{lookup}/").json()["id"] == CONTAINER, lookup


@pytest.mark.parametrize("lookup", ["999", "nothing", CONTAINER[:11], "a%00b", "x" * 400, "9" * 30, "%20", "'; --"])
def test_what_never_was_is_404(client: TestClient, uid: str, lookup: str) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        reply = client.request(method, f"/containers/{lookup}/", json={} if method == "PATCH" else None)
        assert reply.status_code == 404, method
        assert "There is no playground" in reply.json()["detail"]


def test_a_detail_has_attrs_and_never_the_values_of_the_environment(api: Api, client: TestClient, uid: str) -> None:
    client.post("/containers/", json={"plugin_release": RELEASE, "envs": {"KEY": "canary-value"}})
    api.controller().serving(uid, container_id=CONTAINER)
    reply = client.get(f"/containers/{uid}")
    assert reply.json()["attrs"]["Config"]["EnvNames"] == ["KEY"]
    assert reply.json()["attrs"]["Id"] == CONTAINER
    assert {c["type"]: c["status"] for c in reply.json()["conditions"]}["Ready"] == "True"
    everywhere = [f"/containers/{uid}", "/containers/", "/containers/docker/", f"/containers/{uid}/events/"]
    assert all("canary-value" not in client.get(path).text for path in everywhere)


def test_a_list_has_pages_and_next_keeps_filters_and_size(client: TestClient, uid: str) -> None:
    for model in range(5):
        client.post("/containers/", json={"plugin_release": RELEASE, "model": model, "labels": ["a", "t=v"]})
    first = client.get(
        "/containers/", params={"page_size": "2", "label": ["a", "t=v"], "kind": "plugin_runtime"}
    ).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (5, 2, None)
    following = "http://testserver/containers/?label=a&label=t%3Dv&kind=plugin_runtime&page=2&page_size=2"
    assert first["next"] == following
    second = client.get(following).json()
    third = client.get(second["next"]).json()
    assert third["next"] is None
    assert third["previous"] == following
    models = [item["model"] for page in (first, second, third) for item in page["results"]]
    assert models == [0, 1, 2, 3, 4]
    assert client.get("/containers?page_size=5").json()["next"].startswith("http://testserver/containers?page=2")
    assert client.get("/containers/?page=50").json()["results"] == []


def test_filters_are_by_equality(api: Api, client: TestClient, uid: str) -> None:
    client.post("/containers/", json={"plugin_release": RELEASE, "model": 0, "labels": ["a"]})
    api.controller().serving(uid)

    def count(**query: str) -> int:
        found: int = client.get("/containers/", params=query).json()["count"]
        return found

    assert (count(), count(status="running"), count(status="requested"), count(status="failed")) == (2, 1, 1, 0)
    assert (count(model="0"), count(model="1"), count(label="a"), count(label="b")) == (1, 0, 1, 0)
    assert (count(plugin_release=RELEASE), count(plugin_release="my-plugin"), count(kind="code_server")) == (2, 0, 0)


def test_patch_stops_and_starts(api: Api, client: TestClient, uid: str) -> None:
    controller = api.controller()
    controller.serving(uid)
    assert client.patch(f"/containers/{uid}", json={}).json()["status"] == "running"
    assert client.patch(f"/containers/{uid}", json={"status": None}).json()["generation"] == 1
    stopping = client.patch(f"/containers/{uid}/", json={"status": "stopped"})
    assert (stopping.status_code, stopping.json()["generation"]) == (200, 2)
    controller.stopped(uid)
    assert client.get(f"/containers/{uid}").json()["status"] == "stopped"
    assert client.post(f"/containers/{uid}/restart/").status_code == 409
    assert client.patch(f"/containers/{uid}", json={"status": "running"}).json()["generation"] == 3


@pytest.mark.parametrize("body", [{"status": "paused"}, {"status": 1}, {"model": 5}, {"status": "stopped", "x": 1}])
def test_patch_refuses_the_rest(client: TestClient, uid: str, body: dict[str, object]) -> None:
    reply = client.patch(f"/containers/{uid}", json=body)
    assert reply.status_code == 422
    assert client.get(f"/containers/{uid}").json()["generation"] == 1


def test_restart_asks_for_the_same_container(api: Api, client: TestClient, uid: str) -> None:
    api.controller().serving(uid)
    api.clock.seconds += 60
    reply = client.post(f"/containers/{uid}/restart/")
    assert (reply.status_code, reply.json()["restarted"]) == (200, True)
    playground = api.store.playgrounds.get(uid)
    assert playground is not None
    assert playground.metadata.restart_requested_at == api.clock.seconds
    assert playground.metadata.generation == 1


def test_delete_is_idempotent_and_leaves_a_tombstone(api: Api, client: TestClient, uid: str) -> None:
    controller = api.controller()
    controller.serving(uid, container_id=CONTAINER)
    for _ in range(2):
        reply = client.delete(f"/containers/{uid}")
        assert (reply.status_code, reply.content) == (204, b"")
    assert client.get(f"/containers/{uid}").json()["status"] == "deleting"
    for change in (
        client.patch(f"/containers/{uid}", json={"status": "stopped"}),
        client.post(f"/containers/{uid}/restart"),
    ):
        assert change.status_code == 409
        assert "being deleted" in change.json()["detail"]
    controller.removed(uid)
    for lookup in (uid, CONTAINER, "my-plugin-1-0-0"):
        assert client.delete(f"/containers/{lookup}/").status_code == 204
        gone = client.get(f"/containers/{lookup}")
        assert gone.status_code == 404
        assert gone.json()["status"] == "deleted"
        assert "was deleted at 2025-" in gone.json()["detail"]
    assert client.get("/containers/").json()["count"] == 0


def test_events_are_listed_oldest_first_and_stay_after_deletion(api: Api, client: TestClient, uid: str) -> None:
    controller = api.controller()
    controller.failed(uid, "one")
    controller.failed(uid, "two")
    client.delete(f"/containers/{uid}")
    controller.removed(uid)
    body = client.get(f"/containers/{uid}/events/").json()
    assert [event["message"] for event in body["results"]][:2] == ["one", "two"]
    assert (body["count"], body["results"][0]["type"]) == (len(body["results"]), "Warning")
    assert client.get("/containers/nothing/events/").status_code == 404


def test_logs_without_a_controller_are_409(client: TestClient, uid: str) -> None:
    reply = client.get(f"/containers/{uid}/logs/")
    assert reply.status_code == 409
    assert reply.json()["detail"].startswith("The logs come from the controller, which does not answer.")
    assert client.get(f"/containers/{uid}/logs/?tail=0").status_code == 422


class _PrivatePort(BaseHTTPRequestHandler):
    """The controller's private port: logs of one playground, and an engine that is away."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Bearer shared"
        if self.path == "/healthz":
            self._answer(
                200, json.dumps({"leading": True, "engine": {"status": "unavailable", "message": "No Docker."}})
            )
        elif known and self.path.endswith("?tail=100"):
            self._answer(404, json.dumps({"detail": "Nothing has been built yet."}))
        else:
            self._answer(200 if known else 401, f"{self.path}\nzwölf\n")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the library's)
        """Silent."""


@contextmanager
def private_port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _PrivatePort)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_logs_come_from_the_controllers_private_port(
    api: Api, client: TestClient, uid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_port() as port:
        monkeypatch.setattr(api.deps.controller, "_base", f"http://127.0.0.1:{port}")
        monkeypatch.setattr(api.deps.controller, "_headers", {"Authorization": "Bearer shared"})
        reply = client.get(f"/containers/{uid}/logs?tail=7")
        nothing = client.get(f"/containers/{uid}/logs")
        monkeypatch.setattr(api.deps.controller, "_headers", {"Authorization": "Bearer other"})
        refused = client.get(f"/containers/{uid}/logs")
    assert (nothing.status_code, nothing.json()["detail"]) == (404, "Nothing has been built yet.")
    assert (refused.status_code, refused.json()["detail"]) == (409, "The controller answered 401.")
    assert reply.text == f"/logs/{uid}?tail=7\nzwölf\n"
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_private_ports_other_answers(api: Api) -> None:
    with private_port() as port:
        assert ControllerClient(port, "shared").logs("none", 100).status == 404
        assert ControllerClient(port, "wrong").logs("x", 1).status == 401
        assert ControllerClient(port, "shared").health()["engine"] == {"status": "unavailable", "message": "No Docker."}
    with pytest.raises(ControllerUnreachableError):
        ControllerClient(port, "shared").health()


def test_health_is_200_whatever_is_wrong(api: Api, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    lonely = client.get("/health/")
    assert (lonely.status_code, lonely.json()["status"]) == (200, "degraded")
    assert "No controller is running" in lonely.json()["reasons"][0]
    api.controller()
    api.clock.seconds += 4
    body = client.get("/health").json()
    assert body["status"] == "ok"
    assert body["controller"]["holder"] == "controller-1"
    assert body["controller"]["age_seconds"] == 4.0
    with private_port() as port:
        monkeypatch.setattr(api.deps.controller, "_base", f"http://127.0.0.1:{port}")
        body = client.get("/health").json()
    assert (body["status"], body["reasons"], body["engine"]["status"]) == ("degraded", ["No Docker."], "unavailable")
    api.clock.seconds += 60
    assert client.get("/health").json()["controller"]["status"] == "absent"
