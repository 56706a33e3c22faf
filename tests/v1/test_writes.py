"""PATCH, DELETE and dry runs."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.http.v1.playgrounds import merge
from tests.api.conftest import Api
from tests.v1.conftest import RELEASE, Put, upload

MERGE = {"Content-Type": "application/merge-patch+json"}


def patch(client: TestClient, change: Any, name: str = "hello", **headers: str) -> Any:
    return client.patch(f"/v1/playgrounds/{name}", json=change, headers={**MERGE, **headers})


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merging_is_as_in_the_rfc(target: Any, change: Any, result: Any) -> None:
    assert merge(target, change) == result


def test_a_patch_changes_what_it_names(client: TestClient, put: Put) -> None:
    put(model=1, params={"a": 1, "b": 2}, ttl="8h", labels={"team": "vision"})
    reply = patch(client, {"metadata": {"labels": {"tier": "gold"}}, "spec": {"params": {"b": None}, "ttl": None}})
    assert (reply.status_code, reply.headers["Playground-Result"]) == (200, "configured")
    view = reply.json()
    assert view["metadata"]["labels"] == {"team": "vision", "tier": "gold"}
    assert view["spec"] == {"plugin": {"release": RELEASE}, "model": 1, "params": {"a": 1}, "state": "Running"}
    assert patch(client, {"spec": {"params": {"a": 1}}}).headers["Playground-Result"] == "unchanged"
    assert patch(client, {"spec": {"state": "Stopped"}}).json()["spec"]["state"] == "Stopped"


def test_a_patch_of_something_else_takes_no_newer_upload(client: TestClient, put: Put) -> None:
    before = put().json()["status"]["archive"]
    upload(client, page="print('other')\n")
    assert patch(client, {"metadata": {"labels": {"a": "b"}}}).json()["status"]["archive"] == before


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({"spec": {"modle": 1}}, {}, 422),
        ({"spec": None}, {}, 422),
        ([], {}, 422),
        ({"metadata": {"name": "other"}}, {}, 422),
        ({"metadata": {"resourceVersion": "1"}}, {}, 409),
        ({"metadata": {"uid": "0" * 12}}, {}, 409),
        ({}, {"If-Match": '"1"'}, 412),
    ],
)
def test_patches_that_are_refused(
    client: TestClient, put: Put, change: Any, headers: dict[str, str], status: int
) -> None:
    put()
    put(params={"a": 1})
    assert patch(client, change, **headers).status_code == status


def test_what_is_not_there_is_not_patched_or_deleted(client: TestClient) -> None:
    assert patch(client, {}).status_code == 404
    assert client.delete("/v1/playgrounds/hello").status_code == 404
    assert client.get("/v1/playgrounds/hello").status_code == 404
    assert client.get(f"/v1/playgrounds/{'a' * 300}").status_code == 404


def test_a_deletion_is_guarded_too(client: TestClient, put: Put) -> None:
    tag = put().headers["ETag"]
    assert client.delete("/v1/playgrounds/hello", headers={"If-Match": '"1"'}).status_code == 412
    assert client.delete("/v1/playgrounds/hello", headers={"If-Match": tag}).status_code == 200
    assert patch(client, {"spec": {"model": 3}}).status_code == 409


def test_a_dry_run_shows_the_result_and_says_why_there_is_no_plan(api: Api, client: TestClient, put: Put) -> None:
    version = api.store.journal.version()
    reply = put(model=1, query="?dryRun=All")
    assert (reply.status_code, reply.headers["Playground-Result"]) == (200, "created")
    body = reply.json()
    assert (body["kind"], body["result"], body["object"]["spec"]["model"]) == ("DryRun", "created", 1)
    assert body["plan"] is None
    assert "could not be asked" in body["planUnavailable"]
    assert api.store.journal.version() == version
    assert client.get("/v1/playgrounds/hello").status_code == 404


def test_dry_runs_of_changes(client: TestClient, put: Put) -> None:
    before = put(model=1).json()
    changed = put(model=1, ttl="8h", query="?dryRun=All").json()
    assert (changed["result"], changed["object"]["metadata"]["generation"]) == ("configured", 2)
    assert put(model=1, query="?dryRun=All").json()["result"] == "unchanged"
    patched = client.patch("/v1/playgrounds/hello?dryRun=All", json={"spec": {"model": 2}}, headers=MERGE)
    assert patched.json()["object"]["spec"]["model"] == 2
    deleted = client.delete("/v1/playgrounds/hello?dryRun=All").json()
    assert (deleted["result"], "deletionTimestamp" in deleted["object"]["metadata"]) == ("deleted", True)
    assert client.get("/v1/playgrounds/hello").json() == before
    assert put(model=1, query="?dryRun=Some").status_code == 422
