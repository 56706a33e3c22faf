"""Releases: uploaded, listed, found, deleted."""

from starlette.testclient import TestClient

from tests.api.conftest import Api
from tests.api.plugins import plugin


def upload(client: TestClient, content: bytes) -> int:
    return client.post("/plugin_releases/", files={"file": ("p.zip", content)}).status_code


def test_an_upload_makes_a_release_and_no_playground(api: Api, client: TestClient) -> None:
    reply = client.post("/plugin_releases", files={"file": ("p.zip", plugin())})
    assert reply.status_code == 201
    body = reply.json()
    assert (body["plugin"], body["version"], body["plugin_release"]) == ("my-plugin", "1.0.0", "my-plugin@1.0.0")
    assert body["config"]["env_names"] == ["FROM_CONFIG"]
    assert "yes" not in str(body["config"])
    assert client.get("/containers/").json()["count"] == 0
    assert client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0"}).status_code == 201


def test_a_known_one_is_answered_and_an_unknown_one_is_404(client: TestClient) -> None:
    upload(client, plugin())
    known = client.post("/plugin_releases/", json={"plugin": "my-plugin", "version": "1.0.0"})
    assert (known.status_code, known.json()["id"]) == (200, 1)
    unknown = client.post("/plugin_releases/", json={"plugin": "my-plugin", "version": "2"})
    assert unknown.status_code == 404
    assert "upload its archive" in unknown.json()["detail"]
    assert client.post("/plugin_releases/", json={}).status_code == 422
    assert client.post("/plugin_releases/", json={"plugin": "p"}).status_code == 422


def test_a_form_without_the_archive_says_so(client: TestClient) -> None:
    reply = client.post("/plugin_releases/", files={"other": ("p.zip", b"x")})
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["body", "file"]


def test_a_lookup_is_a_number_or_a_name(client: TestClient) -> None:
    upload(client, plugin())
    for lookup in ("1", "1/", "my-plugin@1.0.0", "my-plugin@1.0.0/", "my-plugin%401.0.0"):
        assert client.get(f"/plugin_releases/{lookup}").json()["id"] == 1, lookup
    for lookup in ("2", "my-plugin", "my-plugin@2", "a%00b", "x" * 400, "9" * 10):
        assert client.get(f"/plugin_releases/{lookup}").status_code == 404, lookup


def test_pages(client: TestClient) -> None:
    for number in range(3):
        upload(client, plugin(version=str(number)))
    page = client.get("/plugin_releases/?page_size=2").json()
    assert (page["count"], len(page["results"])) == (3, 2)
    assert len(client.get(page["next"]).json()["results"]) == 1
    assert client.get("/plugin_releases/?plugin=x").status_code == 422


def test_one_in_use_is_not_deleted_and_says_by_whom(api: Api, client: TestClient) -> None:
    upload(client, plugin())
    uid = client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0"}).json()["uid"]
    refused = client.delete("/plugin_releases/my-plugin@1.0.0")
    assert refused.status_code == 409
    assert refused.json()["playgrounds"] == ["my-plugin-1-0-0"]
    client.delete(f"/containers/{uid}")
    api.controller().removed(uid)
    assert client.delete("/plugin_releases/my-plugin@1.0.0/").status_code == 204
    assert client.delete("/plugin_releases/my-plugin@1.0.0").status_code == 404
