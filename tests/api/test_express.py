"""The short way to a single playground says what the long one says, and leaves to it what is not its own."""

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.readings import Readings
from tests.api.conftest import TOKEN, Api
from tests.store.builders import apply, claim, serve


@pytest.fixture
def uid(api: Api) -> str:
    made = apply(api.store, labels={"team": "vision"}).playground.metadata.uid
    serve(api.store, made, claim(api.store, now=api.clock.seconds))
    return made


def test_both_ways_give_the_same_reply(client: TestClient, uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = ["/containers/hello-1-0-0", "/containers/1/", f"/containers/{uid}/", "/v1/playgrounds/hello-1-0-0"]
    paths += ["/v1/playgrounds/hello-1-0-0/", "/containers/docker/1/", "/containers/nobody/", "/v1/playgrounds/nobody"]
    paths += ["/containers/docker/", "/containers/docker", "/containers//", "/containers/a/b/c", "/v1/playgrounds/"]
    paths += [
        f"/containers/{'x' * 301}/",
        "/containers/a%00b/",
        "/containers/1/?x=y",
        "/v1/playgrounds/hello-1-0-0?x=y",
    ]
    short = [client.get(path) for path in paths]
    monkeypatch.setattr(Readings, "detail", lambda *_: None)
    monkeypatch.setattr(Readings, "named", lambda *_: None)
    long = [client.get(path) for path in paths]
    for path, one, other in zip(paths, short, long, strict=True):
        assert (one.status_code, one.content) == (other.status_code, other.content), path
        assert sorted(one.headers.items()) == sorted(other.headers.items()), path
    assert [reply.status_code for reply in short[:6]] == [200] * 6


def test_it_is_behind_the_gate(client: TestClient, uid: str) -> None:
    del client.headers["Authorization"]
    assert client.get(f"/containers/{uid}/").status_code == 401
    assert client.get("/v1/playgrounds/hello-1-0-0").status_code == 401


def test_other_methods_go_on(client: TestClient, uid: str) -> None:
    assert client.head(f"/containers/{uid}/").content == b""
    assert client.put(f"/containers/{uid}/").status_code == 405
    assert client.patch(f"/containers/{uid}/", json={"status": "stopped"}).status_code == 200
    assert client.delete(f"/containers/{uid}/").status_code == 204
    assert client.get(f"/containers/{uid}/").json()["status"] == "deleting"


def test_behind_a_prefix(client: TestClient, uid: str) -> None:
    for path in (f"/containers/{uid}/", f"/agent/containers/{uid}/"):
        assert client.get(path, headers={"X-Forwarded-Prefix": "/agent"}).json()["uid"] == uid


def test_without_readings_all_go_on(api: Api, uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(api.store), "glance", lambda _: None)
    monkeypatch.setattr(type(api.store), "group_commit", lambda _: None)
    with TestClient(create_app(api.deps), headers={"Authorization": TOKEN}) as client:
        assert client.get(f"/containers/{uid}/").json()["uid"] == uid
        assert client.get("/containers/").json()["count"] == 1
        assert client.get("/v1/playgrounds").json()["items"][0]["metadata"]["uid"] == uid
        made = client.post("/containers/", json={"kind": "code_server", "plugin_release": "a@1", "image": "codercom/x"})
        assert made.status_code == 201
