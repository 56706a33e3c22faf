"""PUT: apply. Created, configured or left alone; guarded by versions; the same records as the Agent contract's."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.resources.manifest import PlaygroundManifest
from tests.api.conftest import Api
from tests.v1.conftest import RELEASE, Put, document, upload

EVERYTHING: dict[str, Any] = {
    "model": 123,
    "params": {"input_size": 512},
    "env": [{"name": "CUDA_VISIBLE_DEVICES", "value": "0"}],
    "state": "Running",
    "resources": {"cpu": "1", "memory": "2Gi", "gpu": 1, "shm": "64Mi"},
    "port": {"host": 7900},
    "readiness": {"path": "/ready", "timeout": "1m"},
    "restartPolicy": "OnFailure",
    "ttl": "8h",
    "egress": False,
}


def uid(reply: Any) -> str:
    return str(reply.json()["metadata"]["uid"])


def test_what_is_applied_is_what_is_read(client: TestClient, put: Put) -> None:
    reply = put(labels={"team": "vision"}, **EVERYTHING)
    assert (reply.status_code, reply.headers["Playground-Result"]) == (201, "created")
    read = client.get("/v1/playgrounds/hello").json()
    assert read["spec"] == {"plugin": {"release": RELEASE}, **EVERYTHING}
    assert read["metadata"]["labels"] == {"team": "vision"}
    assert read["metadata"]["generation"] == 1
    assert read["status"]["phase"] == "requested"
    assert read["status"]["expiresAt"] == "2025-06-15T23:06:40.000Z"
    PlaygroundManifest.model_validate(read)


def test_applied_again_nothing_happens_at_all(api: Api, client: TestClient, put: Put) -> None:
    first = put(**EVERYTHING)
    before = api.store.journal.version()
    api.clock.seconds += 60
    again = put(**EVERYTHING)
    assert (again.status_code, again.headers["Playground-Result"]) == (200, "unchanged")
    assert again.json() == first.json()
    assert api.store.journal.version() == before
    # What was read can be sent back as it is, its status and versions with it.
    whole = put(of=client.get("/v1/playgrounds/hello").json())
    assert whole.headers["Playground-Result"] == "unchanged"
    assert api.store.journal.version() == before
    desired = api.store.work.load(uid(first))
    assert desired is not None
    assert desired.playground.metadata.restart_requested_at is None


def test_another_spec_is_a_new_generation_and_other_labels_are_none(put: Put) -> None:
    put(model=1)
    changed = put(model=1, params={"a": 1})
    assert (changed.headers["Playground-Result"], changed.json()["metadata"]["generation"]) == ("configured", 2)
    labelled = put(model=1, params={"a": 1}, labels={"team": "audio"})
    assert (labelled.headers["Playground-Result"], labelled.json()["metadata"]["generation"]) == ("configured", 2)
    without = put(model=1, params={"a": 1})
    assert "labels" not in without.json()["metadata"]


def test_true_is_not_1(put: Put) -> None:
    put(params={"flag": 1})
    assert put(params={"flag": True}).headers["Playground-Result"] == "configured"


def test_yaml_and_json_are_the_same(client: TestClient, put: Put) -> None:
    put(model=7, ttl="8h")
    text = f"""\
# kept in git
apiVersion: playground/v1
kind: Playground
spec:
  plugin: {{release: {RELEASE}}}
  model: 7
  ttl: 480m
"""
    for kind in ("application/yaml", "text/yaml; charset=utf-8"):
        reply = client.put("/v1/playgrounds/hello", content=text, headers={"Content-Type": kind})
        assert (reply.status_code, reply.headers["Playground-Result"]) == (200, "unchanged")


def test_a_release_that_was_uploaded_anew_is_taken_unless_the_content_is_pinned(client: TestClient, put: Put) -> None:
    first = put().json()["status"]["archive"]
    pinned = put("pinned", model=2, plugin={"release": RELEASE, "archive": first})
    assert pinned.json()["spec"]["plugin"] == {"release": RELEASE, "archive": first}
    upload(client, page="print('other')\n")
    newer = put()
    assert newer.headers["Playground-Result"] == "configured"
    assert newer.json()["status"]["archive"] != first
    same = put("pinned", model=2, plugin={"release": RELEASE, "archive": first})
    assert same.headers["Playground-Result"] == "unchanged"
    by_content = put("by-content", model=3, plugin={"archive": first})
    assert by_content.json()["spec"]["plugin"]["release"] == RELEASE


def test_a_release_may_be_another_one_for_the_same_playground(client: TestClient, put: Put) -> None:
    before = put()
    upload(client, version="1.0.1")
    after = put(plugin={"release": "my-plugin@1.0.1"})
    assert (uid(after), after.json()["metadata"]["generation"]) == (uid(before), 2)


def test_a_release_and_a_model_have_one_playground(put: Put) -> None:
    put("one", model=1)
    reply = put("two", model=1)
    assert reply.status_code == 409
    assert "Playground 'one' is of the same kind, release and model" in reply.json()["detail"]
    assert put("two", model=2).status_code == 201
    assert put("two", model=1).status_code == 409


@pytest.mark.parametrize(
    ("headers", "metadata", "status", "says"),
    [
        ({"If-Match": '"1"'}, {}, 412, "is at resourceVersion"),
        ({"If-Match": "nonsense"}, {}, 412, "is at resourceVersion"),
        ({"If-None-Match": "*"}, {}, 412, "is there already"),
        ({}, {"resourceVersion": "1"}, 409, "has changed since the document was read"),
        ({}, {"uid": "0123456789ab"}, 409, "is another one than the document's"),
        ({"If-Match": "*"}, {}, 200, ""),
    ],
)
def test_writes_are_guarded(
    put: Put, headers: dict[str, str], metadata: dict[str, str], status: int, says: str
) -> None:
    put()
    put(params={"a": 1})
    body = document(params={"a": 2})
    body["metadata"] |= metadata
    reply = put(of=body, headers=headers)
    assert reply.status_code == status
    assert says in str(reply.json())


def test_guards_that_hold_let_it_pass(put: Put) -> None:
    version = put().headers["ETag"]
    reply = put(params={"a": 1}, headers={"If-Match": f'"0", {version}'})
    assert reply.status_code == 200
    body = document()
    body["metadata"] |= {"resourceVersion": reply.json()["metadata"]["resourceVersion"], "uid": uid(reply)}
    assert put(of=body).status_code == 200


@pytest.mark.parametrize(
    ("headers", "metadata", "status"),
    [({"If-Match": "*"}, {}, 412), ({"If-Match": '"3"'}, {}, 412), ({}, {"resourceVersion": "3"}, 409)],
)
def test_what_is_not_there_is_not_created_when_it_should_be_there(
    put: Put, headers: dict[str, str], metadata: dict[str, str], status: int
) -> None:
    body = document()
    body["metadata"] |= metadata
    assert put(of=body, headers=headers).status_code == status


def test_status_is_nobodys_to_write(api: Api, put: Put) -> None:
    reply = put(of={**document(), "status": {"phase": "running", "nonsense": 1}})
    assert (reply.status_code, reply.json()["status"]["phase"]) == (201, "requested")
    api.controller().serving(uid(reply))
    again = put(of={**document(), "status": {"phase": "failed"}})
    assert (again.headers["Playground-Result"], again.json()["status"]["phase"]) == ("unchanged", "running")


def test_what_is_being_deleted_is_on_its_way_out_and_its_name_is_free(client: TestClient, put: Put) -> None:
    old = put()
    gone = client.delete("/v1/playgrounds/hello")
    assert (gone.status_code, "deletionTimestamp" in gone.json()["metadata"]) == (200, True)
    assert client.delete("/v1/playgrounds/hello").json() == gone.json()
    new = put()
    assert (new.status_code, uid(new) != uid(old)) == (201, True)
    assert client.get("/v1/playgrounds/hello").json()["metadata"]["uid"] == uid(new)
    assert len(client.get("/v1/playgrounds").json()["items"]) == 2


def test_what_the_agents_clients_create_shows_here(client: TestClient, put: Put) -> None:
    created = client.post("/containers/", json={"plugin_release": RELEASE, "model": 5, "labels": ["gradio", "a=b"]})
    view = client.get(f"/v1/playgrounds/{created.json()['name']}").json()
    assert view["metadata"]["uid"] == created.json()["uid"]
    assert view["metadata"]["labels"] == {"gradio": "", "a": "b"}
    assert view["spec"] == {"plugin": {"release": RELEASE}, "model": 5, "state": "Running"}
    assert put(created.json()["name"], of=view).headers["Playground-Result"] == "unchanged"


def test_what_is_declared_shows_there_and_a_create_keeps_what_it_cannot_speak_of(client: TestClient, put: Put) -> None:
    declared = put(**EVERYTHING)
    container = client.get("/containers/hello").json()
    assert (container["uid"], container["model"], container["plugin_release"]) == (uid(declared), 123, RELEASE)
    create = {
        "plugin_release": RELEASE,
        "model": 123,
        "params": {"input_size": 512},
        "envs": {"CUDA_VISIBLE_DEVICES": "0"},
        "health_path": "/ready",
        "egress": False,
    }
    again = client.post("/containers/", json=create)
    assert again.status_code == 200
    after = client.get("/v1/playgrounds/hello").json()
    assert after["spec"] == declared.json()["spec"]
    assert after["metadata"]["generation"] == 1


def test_a_restart_is_asked_for_and_a_stopped_one_has_none(client: TestClient, put: Put) -> None:
    put()
    reply = client.post("/v1/playgrounds/hello/restart")
    assert (reply.status_code, reply.json()["metadata"]["generation"]) == (200, 1)
    put(state="Stopped")
    assert client.post("/v1/playgrounds/hello/restart").status_code == 409
    assert client.post("/v1/playgrounds/nobody/restart").status_code == 404
