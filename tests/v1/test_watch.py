"""Watches: nothing is lost and nothing comes twice, whoever is killed and reconnects."""

import random
import threading
from collections.abc import Iterator
from itertools import islice

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from api.clock import SystemClock
from api.http.app import create_app
from api.resources.manifest import PlaygroundManifest
from api.resources.playground import DesiredRunState
from tests.api.conftest import TOKEN, Api, running
from tests.store.builders import NOW, apply, claim, report, status
from tests.v1.conftest import Put, Watch
from tests.v1.watching import Message, WatchClient, version

CHANGES = 10_000
STATES = (DesiredRunState.STOPPED, DesiredRunState.RUNNING)


@pytest.fixture
def port(api: Api) -> Iterator[int]:
    """The API on a socket, with a clock that runs: heartbeats and ends depend on it."""
    object.__setattr__(api.deps, "clock", SystemClock())
    with running(api.deps) as number:
        yield number


def hasten(api: Api) -> None:
    """Spare the disk: what is shown is an order, not that a power cut leaves it."""
    engine = api.store._database.engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))


def take(client: WatchClient, count: int) -> list[Message]:
    """The next messages, bookmarks aside."""
    return list(islice((message for message in client if message["type"] != "BOOKMARK"), count))


def test_ten_thousand_changes_and_a_client_that_is_killed_again_and_again(api: Api, port: int, watch: Watch) -> None:
    hasten(api)
    uids = [apply(api.store, f"p{number}@1").playground.metadata.uid for number in range(20)]
    holder = claim(api.store)
    begin = api.store.journal.version()
    ends = begin + CHANGES  # one writer, and one version for each of its writes

    def change_a_lot() -> None:
        """Both sides: what is wanted, and what was seen."""
        for number in range(CHANGES):
            uid = uids[number % 20]
            if number % 2:
                api.store.playgrounds.set_run_state(uid, STATES[number // 20 % 2], now=NOW + number)
            else:
                seen = report(of=status(generation=number + 1))
                assert api.store.work.report(holder, uid, seen, now=NOW + number)

    writer = threading.Thread(target=change_a_lot)
    writer.start()
    dice = random.Random(7)
    seen: list[int] = []
    last, connections = begin, 0
    while last < ends:
        assert writer.is_alive() or api.store.journal.version() == ends
        connections += 1
        client = watch(port, f"/v1/playgrounds?watch=true&resourceVersion={last}&timeoutSeconds=1")
        assert client.status == 200
        dies_after = dice.randrange(1, 2000)
        for message in islice(client, dies_after):
            if message["type"] != "BOOKMARK":
                seen.append(version(message))
            last = version(message)
        writer.join()
    assert api.store.journal.version() == ends
    assert connections > 5
    assert seen == list(range(begin + 1, ends + 1)), "in their order, none twice, none lost"


def test_without_a_version_a_watch_begins_with_what_there_is(api: Api, put: Put, port: int, watch: Watch) -> None:
    put("one", model=1)
    put("two", model=2)
    client = watch(port, "/v1/playgrounds?watch=true")
    assert client.headers["content-type"] == "application/jsonl"
    first = list(islice(client, 3))
    assert [message["type"] for message in first] == ["ADDED", "ADDED", "BOOKMARK"]
    assert version(first[2]) == api.store.journal.version()
    PlaygroundManifest.model_validate(first[0]["object"])
    put("one", model=1, ttl="8h")
    put("three", model=3)
    (changed, added) = take(client, 2)
    assert (changed["type"], changed["object"]["metadata"]["name"]) == ("MODIFIED", "one")
    assert (added["type"], added["object"]["metadata"]["name"]) == ("ADDED", "three")


def test_who_is_cut_off_while_it_is_told_what_there_is_goes_on_from_the_last(
    api: Api, put: Put, port: int, watch: Watch
) -> None:
    for name, model in (("one", 1), ("two", 2), ("one", 3)):  # the older record has changed last
        put(name, model=model)
    first = take(watch(port, "/v1/playgrounds?watch=true"), 1)
    rest = take(watch(port, f"/v1/playgrounds?watch=true&resourceVersion={version(first[0])}"), 1)
    assert {message["object"]["metadata"]["name"] for message in first + rest} == {"one", "two"}


def test_a_life_as_a_watch_tells_it(api: Api, client: TestClient, put: Put, port: int, watch: Watch) -> None:
    begin = api.store.journal.version()
    uid = put().json()["metadata"]["uid"]
    controller = api.controller()
    controller.building(uid)
    assert api.store.ports.reserve(
        controller.claim, uid, address="127.0.0.1", candidates=range(7860, 7870), avoid=(), now=NOW
    )
    controller.serving(uid)
    put(state="Stopped")
    client.delete("/v1/playgrounds/hello")
    controller.removed(uid)
    told = take(watch(port, f"/v1/playgrounds?watch=true&resourceVersion={begin}"), 7)
    phases = [(message["type"], message["object"]["status"]["phase"]) for message in told]
    assert phases == [
        ("ADDED", "requested"),
        ("MODIFIED", "building"),
        ("MODIFIED", "building"),
        ("MODIFIED", "running"),
        ("MODIFIED", "requested"),
        ("MODIFIED", "deleting"),
        ("DELETED", "deleting"),
    ]
    assert told[2]["object"]["status"]["hostPort"] == 7860
    assert [version(message) for message in told] == sorted({version(message) for message in told})


def test_a_selector_sees_what_comes_in_and_what_goes_out(api: Api, put: Put, port: int, watch: Watch) -> None:
    put("one", model=1, labels={"team": "vision"})
    put("two", model=2, labels={"team": "audio"})
    begin = api.store.journal.version()
    put("one", model=1, labels={"team": "vision"}, ttl="8h")
    put("one", model=1, labels={"team": "audio"}, ttl="8h")
    put("one", model=1, labels={"team": "audio"}, ttl="9h")
    put("two", model=2, labels={"team": "vision"})
    put("three", model=3, labels={"team": "vision"})
    client = watch(port, f"/v1/playgrounds?watch=true&resourceVersion={begin}&labelSelector=team%3Dvision")
    told = [(message["type"], message["object"]["metadata"]["name"]) for message in take(client, 4)]
    assert told == [("MODIFIED", "one"), ("DELETED", "one"), ("ADDED", "two"), ("ADDED", "three")]


def test_server_sent_events_go_on_from_the_last_one(api: Api, put: Put, port: int, watch: Watch) -> None:
    put("one", model=1)
    begin = api.store.journal.version()
    put("two", model=2)
    client = watch(
        port, "/v1/playgrounds?watch=true&timeoutSeconds=1", Accept="text/event-stream", Last_Event_ID=str(begin)
    )
    assert client.headers["content-type"].startswith("text/event-stream")
    text = "".join(client.text())
    newest = api.store.journal.version()
    assert text.startswith(f'id: {newest}\nevent: ADDED\ndata: {{"type":"ADDED"')
    assert text.endswith("\n\n")
    assert f"id: {newest}\nevent: BOOKMARK\n" in text


@pytest.mark.parametrize("path", ["/v1/playgrounds", "/v1/events"])
def test_a_version_that_is_not_known_is_gone(api: Api, put: Put, client: TestClient, path: str) -> None:
    put()
    put(ttl="8h")
    later = api.clock.seconds + 1
    uid = put().json()["metadata"]["uid"]
    controller = api.controller()
    controller.failed(uid)
    api.store.work.prune(
        controller.claim,
        tombstones_before=0,
        events_before=later,
        builds_before=0,
        journal_before=later,
        now=api.clock.seconds,
    )
    for number in ("1", "999999"):
        reply = client.get(path, params={"watch": "true", "resourceVersion": number})
        assert reply.status_code == 410, number
        assert "List anew" in reply.json()["detail"]
    assert client.get(path, params={"watch": "true", "resourceVersion": "soon"}).status_code == 422


def test_events_are_watched_and_counted_ones_come_again(api: Api, put: Put, port: int, watch: Watch) -> None:
    uid = put().json()["metadata"]["uid"]
    controller = api.controller()
    controller.failed(uid, "no match")
    begin = api.store.journal.version()
    controller.failed(uid, "no match")
    controller.failed(uid, "another thing")
    told = take(watch(port, f"/v1/events?watch=true&resourceVersion={begin}"), 2)
    assert [(message["type"], message["object"]["count"]) for message in told] == [("MODIFIED", 2), ("ADDED", 1)]
    everything = take(watch(port, "/v1/playgrounds/hello/events?watch=true"), 2)
    assert [message["object"]["message"] for message in everything] == ["no match", "another thing"]


def test_a_server_that_stops_ends_its_watches(api: Api, put: Put, watch: Watch) -> None:
    object.__setattr__(api.deps, "clock", SystemClock())
    with running(api.deps) as port:
        client = watch(port, "/v1/playgrounds?watch=true")
        assert next(iter(client))["type"] == "BOOKMARK"
    assert [message["type"] for message in client] == ["BOOKMARK"], "how far it came, and a clean end"


def test_events_of_one_and_of_all_and_of_one_that_is_gone(api: Api, client: TestClient, put: Put) -> None:
    controller = api.controller()
    for number, name in enumerate(("one", "two")):
        controller.failed(put(name, model=number).json()["metadata"]["uid"], f"{name} failed")
    everything = client.get("/v1/events").json()
    assert [event["involvedObject"]["name"] for event in everything["items"]] == ["one", "two"]
    assert everything["metadata"]["resourceVersion"] == str(api.store.journal.version())
    uid = client.delete("/v1/playgrounds/one").json()["metadata"]["uid"]
    controller.removed(uid)
    own = client.get("/v1/playgrounds/one/events").json()["items"]
    assert "one failed" in [event["message"] for event in own]
    assert client.get("/v1/playgrounds/nobody/events").status_code == 404


def test_the_token_is_needed(api: Api) -> None:
    with TestClient(create_app(api.deps)) as stranger:
        assert stranger.get("/v1/playgrounds?watch=true").status_code == 401
        assert stranger.get("/v1/playgrounds", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
