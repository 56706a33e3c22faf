"""The family of calls that speaks of the engine's containers."""

from starlette.testclient import TestClient

from tests.api.conftest import Api
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
