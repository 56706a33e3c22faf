"""The family of calls that speaks of the engine's containers."""

from dataclasses import replace

from pydantic import JsonValue
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.controller_client import ControllerClient
from tests.api.conftest import CLOSED_PORT, TOKEN, Api
from tests.api.plugins import plugin

CONTAINER = "abcdef012345" + "6" * 52


def test_the_list_is_bare_and_holds_what_has_a_container(api: Api, client: TestClient) -> None:
    uid = client.post("/containers/docker/", files={"file": ("p.zip", plugin())}).json()["uid"]
    assert client.get("/containers/docker/").json() == []
    api.controller().serving(uid, container_id=CONTAINER)
    client.post("/containers/docker", json={"plugin_release": "my-plugin@1.0.0", "model": 1})
    [item] = client.get("/containers/docker").json()
    assert (item["id"], item["status"]) == (CONTAINER, "running")


def test_stop_start_and_delete_by_docker_id(api: Api, client: TestClient) -> None:
    uid = client.post("/containers/", files={"file": ("p.zip", plugin())}).json()["uid"]
    controller = api.controller()
    controller.serving(uid, container_id=CONTAINER)
    short = CONTAINER[:12]
    json_without_body = {"Content-Type": "application/json"}
    stopped = client.post(f"/containers/docker/{short}/stop/", headers=json_without_body)
    assert (stopped.status_code, stopped.json()["id"]) == (200, CONTAINER)
    controller.stopped(uid)
    assert client.get(f"/containers/docker/{CONTAINER}").json()["status"] == "stopped"
    started = client.post(f"/containers/docker/{short}/start", headers=json_without_body)
    assert (started.status_code, started.json()["status"]) == (200, "requested")
    assert client.delete(f"/containers/docker/{short}/").status_code == 204
    assert client.post(f"/containers/docker/{short}/start/").status_code == 409
    assert client.post("/containers/docker/nothing/start/").status_code == 404


class Told(ControllerClient):
    """Knows of one container of somebody else's."""

    def strangers(self) -> list[JsonValue]:
        return [{"id": "c" * 64, "name": "theirs", "image": "nginx:1", "status": "running"}]


def test_others_containers_are_listed_where_the_operator_says_so_and_found_nowhere_else(api: Api) -> None:
    settings = api.deps.settings.model_copy(update={"list_strangers": True})
    told = replace(api.deps, settings=settings, controller=Told(CLOSED_PORT, "t"))
    client = TestClient(create_app(told), headers={"Authorization": TOKEN})
    uid = client.post("/containers/docker/", files={"file": ("p.zip", plugin())}).json()["uid"]
    api.controller().serving(uid, container_id=CONTAINER)
    assert [item["id"] for item in client.get("/containers/docker/").json()] == [CONTAINER, "c" * 64]
    for path in ("containers", "containers/docker"):
        assert client.get(f"/{path}/{'c' * 64}").status_code == 404
        assert client.delete(f"/{path}/{'c' * 64}").status_code == 404
    assert client.get("/containers/").json()["count"] == 1


def test_a_controller_that_does_not_answer_is_said_where_others_were_to_be_listed(api: Api) -> None:
    settings = api.deps.settings.model_copy(update={"list_strangers": True})
    client = TestClient(create_app(replace(api.deps, settings=settings)), headers={"Authorization": TOKEN})
    reply = client.get("/containers/docker/")
    assert (reply.status_code, "controller" in reply.json()["detail"]) == (409, True)
