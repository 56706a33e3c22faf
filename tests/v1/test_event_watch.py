"""Watches of events: one write records several, and none is lost and none comes twice, wherever a client is cut off."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import event

from api.clock import SystemClock
from api.resources.conditions import Reason
from api.resources.event import Event, NewEvent
from playground_sdk import AgentClient
from tests.api.conftest import TOKEN, Api, running
from tests.store.builders import NOW, apply, claim, report
from tests.v1.conftest import Watch
from tests.v1.cutting import CuttingProxy
from tests.v1.watching import Message, WatchClient, version

EVENTS, WRITERS = 10_000, 4
THE_END = "the end"
Told = tuple[str, int, int]
"""An event's name, its version, and how often it had happened."""


@pytest.fixture
def port(api: Api) -> Iterator[int]:
    object.__setattr__(api.deps, "clock", SystemClock())
    with running(api.deps) as number:
        yield number


def happened(*messages: str) -> tuple[NewEvent, ...]:
    return tuple(NewEvent(reason=Reason.CONTAINER_STARTED, message=message) for message in messages)


def told(item: Any) -> Told:
    return item["metadata"]["name"], int(item["metadata"]["resourceVersion"]), item["count"]


def of_store(item: Event) -> Told:
    return f"{item.playground_name}.{item.id}", item.version, item.count


def write_all(api: Api, uids: list[str]) -> None:
    """10,000 events, one to six in a write; every tenth write tells its first once more, which is counted."""
    holder = claim(api.store)

    def write(writer: int) -> None:
        dice = random.Random(writer)
        written = number = 0
        while written < EVENTS // WRITERS:
            size = min(dice.randrange(1, 7), EVENTS // WRITERS - written)
            messages = [f"{writer} said {written + each}" for each in range(size)]
            again = messages[-1:] if number % 10 == 0 else []
            told_now = report(*happened(*messages, *again))
            assert api.store.work.report(holder, dice.choice(uids), told_now, now=NOW + written)
            written, number = written + size, number + 1

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert api.store.work.report(holder, uids[0], report(*happened(THE_END)), now=NOW + EVENTS)


def blocks(separator: str, port: int, path: str, **headers: str) -> Iterator[str]:
    """What one connection brings until it is cut off; a piece with no separator after it did not come."""
    client = WatchClient(port, path, **headers)
    rest = ""
    try:
        for text in client.text():
            *whole, rest = (rest + text).split(separator)
            yield from whole
    except OSError:
        return
    finally:
        client.kill()


def follow_lines(port: int, path: str, begin: int) -> Iterator[Message]:
    """JSON lines, taken up again at the version of the last whole one."""
    last = begin
    while True:
        for line in blocks("\n", port, f"{path}?watch=true&resourceVersion={last}"):
            message: Message = json.loads(line)
            last = version(message)
            if message["type"] != "BOOKMARK":
                yield message["object"]


def follow_sse(port: int, path: str, begin: int) -> Iterator[Message]:
    """Server-sent events, as a browser goes on with them: by the last id that came with a whole event."""
    last = str(begin)
    while True:
        for block in blocks("\n\n", port, f"{path}?watch=true", Accept="text/event-stream", Last_Event_ID=last):
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            last = fields["id"]
            message: Message = json.loads(fields["data"])
            if message["type"] != "BOOKMARK":
                yield message["object"]


def follow_sdk(port: int, path: str, begin: int) -> Iterator[Any]:
    """The SDK's watch, whose process ends now and then too: the next one goes on from the last that it was told."""
    name = path.split("/")[3] if "playgrounds" in path else None
    dice = random.Random(begin)
    last = str(begin)
    while True:
        with AgentClient(f"http://127.0.0.1:{port}", TOKEN) as client:
            events = client.playgrounds.watch_events(name, resource_version=last)
            for item in islice(events, dice.randrange(500, 4000)):
                last = item["metadata"]["resourceVersion"]
                yield item


class Follower:
    """A client in a thread of its own, until it is told the end."""

    def __init__(self, follow: Callable[[int, str, int], Iterator[Any]], upstream: int, path: str, begin: int) -> None:
        self.seen: list[Told] = []
        self.network = CuttingProxy(upstream, at_most=150_000, seed=begin)
        self._events = follow(self.network.port, path, begin)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for item in self._events:
            self.seen.append(told(item))
            if item["message"] == THE_END:
                return

    def join(self) -> None:
        self._thread.join(120)
        assert not self._thread.is_alive()
        self.network.close()


def test_ten_thousand_events_and_clients_that_are_cut_off_anywhere(api: Api, port: int) -> None:
    engine = api.store._database.engine
    engine.dispose()  # spare the disk: what is shown is an order, not that a power cut leaves it
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
    uids = [apply(api.store, f"p{number}@1", name=f"p{number}").playground.metadata.uid for number in range(3)]
    begin = api.store.journal.version()
    followers = {
        (uid, follow.__name__): Follower(follow, port, path, begin)
        for uid, path in ((None, "/v1/events"), (uids[0], "/v1/playgrounds/p0/events"))
        for follow in (follow_lines, follow_sse, follow_sdk)
    }
    write_all(api, uids)
    assert len(api.store.events.list(None, 2 * EVENTS)) == EVENTS + 1
    for (uid, name), follower in followers.items():
        follower.join()
        known = sorted(api.store.events.list(uid, 2 * EVENTS), key=lambda item: item.version)
        versions = [number for _, number, _ in follower.seen]
        assert follower.network.cuts > 5, name
        assert versions == sorted(set(versions)), f"{name}: in their order, none twice"
        assert follower.seen == list(map(of_store, known)), f"{name}: none lost, and with how often it happened"


@pytest.mark.parametrize("path", ["/v1/events", "/v1/playgrounds/hello/events"])
@pytest.mark.parametrize("cut_after", range(5))
def test_a_cut_between_two_events_of_one_write(api: Api, port: int, watch: Watch, path: str, cut_after: int) -> None:
    holder = claim(api.store)
    uid = apply(api.store, name="hello").playground.metadata.uid
    begin = api.store.journal.version()
    names = ["one", "two", "three", "four"]
    assert api.store.work.report(holder, uid, report(*happened(*names)), now=NOW)

    def take(since: int, count: int) -> list[Message]:
        told = (message for message in watch(port, f"{path}?watch=true&resourceVersion={since}"))
        return list(islice((message for message in told if message["type"] != "BOOKMARK"), count))

    first = take(begin, cut_after)
    last = version(first[-1]) if first else begin
    rest = take(last, 4 - cut_after)
    assert [message["object"]["message"] for message in first + rest] == names
    versions = [version(message) for message in first + rest]
    assert versions == sorted(set(versions))
    assert versions[-1] == api.store.journal.version()


def test_what_is_listed_is_of_one_moment_and_a_watch_goes_on_from_it(api: Api, port: int, watch: Watch) -> None:
    holder = claim(api.store)
    uid = apply(api.store, name="hello").playground.metadata.uid
    assert api.store.work.report(holder, uid, report(*happened("one", "two")), now=NOW)
    listed = api.store.events.snapshot(uid, 10)
    assert [item.version for item in listed.items] == [listed.version - 1, listed.version]
    assert api.store.work.report(holder, uid, report(*happened("two", "three")), now=NOW)
    seen = list(islice(watch(port, f"/v1/events?watch=true&resourceVersion={listed.version}"), 2))
    assert [(message["type"], message["object"]["message"]) for message in seen] == [
        ("MODIFIED", "two"),
        ("ADDED", "three"),
    ]
    first = list(islice(watch(port, "/v1/events?watch=true"), 2))
    rest = list(islice(watch(port, f"/v1/events?watch=true&resourceVersion={version(first[1])}"), 1))
    assert [message["object"]["message"] for message in first + rest] == ["one", "two", "three"]


def test_the_last_event_of_a_removal_has_a_version_of_its_own(api: Api) -> None:
    holder = claim(api.store)
    uid = apply(api.store, name="hello").playground.metadata.uid
    assert api.store.work.report(holder, uid, report(*happened("one")), now=NOW)
    api.store.playgrounds.request_deletion(uid, now=NOW)
    assert api.store.work.remove(holder, uid, now=NOW, told=happened("gone"))
    told = api.store.journal.events_since(0, limit=10)
    deleted = api.store.journal.since(0, limit=10).items[-1]
    assert [item.message for item in told.items] == ["one", "gone"]
    assert told.items[-1].version == deleted.version + 1 == told.version
