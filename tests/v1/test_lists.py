"""Lists: selectors, and pages that show one moment however much happens in between."""

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Api
from tests.v1.conftest import Put

FLEET = {
    "one": {"team": "vision", "tier": "gold"},
    "two": {"team": "vision"},
    "three": {"team": "audio", "tier": "silver"},
    "four": {},
}


@pytest.fixture
def fleet(put: Put) -> None:
    for number, (name, labels) in enumerate(FLEET.items()):
        put(name, model=number, labels=labels, state="Stopped" if name == "four" else "Running")


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("team=vision", ["one", "two"]),
        ("team==vision", ["one", "two"]),
        ("team!=vision", ["three", "four"]),
        ("team in (audio, vision)", ["one", "two", "three"]),
        ("team notin (audio)", ["one", "two", "four"]),
        ("tier", ["one", "three"]),
        ("!tier", ["two", "four"]),
        ("team=vision,tier!=gold", ["two"]),
        ("team in (vision),!tier", ["two"]),
        ("team=nobody", []),
    ],
)
def test_label_selectors(client: TestClient, fleet: None, labels: str, found: list[str]) -> None:
    items = client.get("/v1/playgrounds", params={"labelSelector": labels}).json()["items"]
    assert [item["metadata"]["name"] for item in items] == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("metadata.name=two", ["two"]),
        ("metadata.name!=two", ["one", "three", "four"]),
        ("spec.state=Stopped", ["four"]),
        ("status.phase=requested,spec.state=Running", ["one", "two", "three"]),
        ("spec.plugin.release=my-plugin@1.0.0", ["one", "two", "three", "four"]),
    ],
)
def test_field_selectors(client: TestClient, fleet: None, fields: str, found: list[str]) -> None:
    items = client.get("/v1/playgrounds", params={"fieldSelector": fields}).json()["items"]
    assert [item["metadata"]["name"] for item in items] == found


@pytest.mark.parametrize(
    "query",
    [
        {"labelSelector": "team="},
        {"labelSelector": "team=vision, , a"},
        {"labelSelector": "team in vision"},
        {"labelSelector": "a=b=c"},
        {"fieldSelector": "spec.nonsense=1"},
        {"fieldSelector": "metadata.name"},
        {"limit": "0"},
        {"limit": "many"},
        {"continue": "nonsense"},
        {"continue": "WzEsMiwzXQ=="},
        {"watch": "1"},
        {"nonsense": "1"},
    ],
)
def test_queries_that_do_not_fit(client: TestClient, query: dict[str, str]) -> None:
    reply = client.get("/v1/playgrounds", params=query)
    if query == {"labelSelector": "team="}:
        assert reply.status_code == 200, "an empty value is one"
        return
    assert reply.status_code == 422, reply.text
    assert reply.json()["detail"][0]["loc"][:2] == ["query", next(iter(query))]


def test_pages_show_one_moment(api: Api, client: TestClient, put: Put) -> None:
    for number in range(7):
        put(f"p{number}", model=number)
    first = client.get("/v1/playgrounds", params={"limit": 3}).json()
    assert first["metadata"]["remainingItemCount"] == 4
    # Meanwhile one of each page is changed, one deleted, one created and removed for good.
    put("p1", model=1, params={"changed": True})
    put("p5", model=5, params={"changed": True})
    client.delete("/v1/playgrounds/p4")
    controller = api.controller()
    gone = client.delete("/v1/playgrounds/p6").json()["metadata"]["uid"]
    controller.removed(gone)
    put("new", model=99)
    seen = list(first["items"])
    token = first["metadata"]["continue"]
    while token is not None:
        page = client.get("/v1/playgrounds", params={"limit": 3, "continue": token}).json()
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        seen += page["items"]
        token = page["metadata"].get("continue")
    assert [item["metadata"]["name"] for item in seen] == [f"p{number}" for number in range(7)]
    assert all("params" not in item["spec"] for item in seen)
    assert all("deletionTimestamp" not in item["metadata"] for item in seen)
    now = client.get("/v1/playgrounds").json()["items"]
    assert [item["metadata"]["name"] for item in now] == ["p0", "p1", "p2", "p3", "p4", "p5", "new"]


def test_a_page_of_long_ago_is_gone(api: Api, client: TestClient, put: Put) -> None:
    for number in range(3):
        put(f"p{number}", model=number)
    token = client.get("/v1/playgrounds", params={"limit": 1}).json()["metadata"]["continue"]
    put("p0", model=0, params={"a": 1})
    claim = api.controller().claim
    now = api.clock.seconds
    later = now + 1
    api.store.work.prune(claim, tombstones_before=0, events_before=0, builds_before=0, journal_before=later, now=now)
    reply = client.get("/v1/playgrounds", params={"limit": 1, "continue": token})
    assert reply.status_code == 410
    assert "List anew" in reply.json()["detail"]
