"""The watch: nothing missed, nothing twice, whatever the connection does."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from playground_sdk.errors import (
    ApiError,
    AuthenticationError,
    ConnectionFailedError,
    ServerError,
    UnexpectedReplyError,
)
from playground_sdk.objects import Playground
from playground_sdk.watching import Change, Listing, Watch
from tests.sdk.fake_clock import FakeClock


def playground(name: str, version: int) -> Playground:
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version), "generation": 1}
    return cast("Playground", {"metadata": metadata, "spec": {}, "status": {}})


def line(kind: str, name: str, version: int) -> str:
    return json.dumps({"type": kind, "object": playground(name, version)})


class Server:
    """Plays a server that keeps a journal of its changes, and forgets the older ones."""

    def __init__(self) -> None:
        self.journal: list[tuple[int, str, str]] = []
        self.living: dict[str, int] = {}
        self.floor = 0
        self.version = 0
        self.breaks_after = 10**9
        self.opened: list[str] = []

    def write(self, name: str, *, gone: bool = False) -> None:
        self.version += 1
        kind = "DELETED" if gone else "MODIFIED" if name in self.living else "ADDED"
        if gone:
            del self.living[name]
        else:
            self.living[name] = self.version
        self.journal.append((self.version, kind, name))

    def forget(self) -> None:
        self.floor = self.version
        self.journal.clear()

    def relist(self) -> Listing:
        return Listing([playground(name, version) for name, version in self.living.items()], str(self.version))

    @contextmanager
    def stream(self, version: str) -> Iterator[Iterator[str]]:
        self.opened.append(version)
        if int(version) < self.floor:
            raise ApiError("too old", status_code=410, detail=None)
        yield self._lines(int(version))

    def _lines(self, after: int) -> Iterator[str]:
        yield ""
        for sent, (version, kind, name) in enumerate(entry for entry in self.journal if entry[0] > after):
            if sent >= self.breaks_after:
                raise ConnectionFailedError("broken")
            yield line(kind, name, version)


def watch(server: Any, clock: FakeClock, **more: Any) -> Watch:
    return Watch(server.stream, server.relist, clock, **more)


def take(changes: Iterator[Change], count: int) -> list[tuple[str, str, str]]:
    found = (next(changes) for _ in range(count))
    return [(change.type, change.playground["metadata"]["name"], change.resource_version) for change in found]


def test_without_a_version_it_begins_with_what_is_there(clock: FakeClock) -> None:
    server = Server()
    server.write("a")
    server.write("b")
    changes = watch(server, clock).changes()
    assert take(changes, 2) == [("ADDED", "a", "1"), ("ADDED", "b", "2")]
    server.write("a")
    server.write("b", gone=True)
    assert take(changes, 2) == [("MODIFIED", "a", "3"), ("DELETED", "b", "4")]


def test_a_broken_connection_is_taken_up_at_the_last_version(clock: FakeClock) -> None:
    server = Server()
    for number in range(10):
        server.write(f"p{number}")
    server.breaks_after = 3
    changes = watch(server, clock).changes("2")
    assert [version for *_, version in take(changes, 8)] == [str(number) for number in range(3, 11)]
    assert server.opened == ["2", "5", "8"]


def test_too_old_a_version_lists_again_and_tells_what_happened_meanwhile(clock: FakeClock) -> None:
    server = Server()
    for name in "abc":
        server.write(name)
    changes = watch(server, clock).changes("0")
    assert len(take(changes, 3)) == 3
    server.write("a")
    server.write("b", gone=True)
    server.write("d")
    server.forget()
    assert sorted(take(changes, 3)) == [("ADDED", "d", "6"), ("DELETED", "b", "2"), ("MODIFIED", "a", "4")]


def test_ten_thousand_changes_with_random_breaks_and_forgetting(clock: FakeClock) -> None:
    server, rng = Server(), random.Random(7)
    changes = watch(server, clock).changes("0")
    seen: dict[str, str] = {}
    told: set[tuple[str, str, str]] = set()
    written = 0
    while written < 10_000:
        for _ in range(rng.randint(1, 40)):
            name = f"p{rng.randrange(60)}"
            server.write(name, gone=name in server.living and rng.random() < 0.3)
            written += 1
        server.breaks_after = rng.randint(1, 20)
        if rng.random() < 0.2:
            server.forget()
        while seen != {name: str(version) for name, version in server.living.items()}:
            for kind, name, version in take(changes, 1):
                assert (kind, name, version) not in told, "nothing is told twice"
                told.add((kind, name, version))
                if kind == "DELETED":
                    seen.pop(name, None)
                else:
                    seen[name] = version


def test_it_gives_up_after_its_patience(clock: FakeClock) -> None:
    server = Server()

    @contextmanager
    def away(version: str) -> Iterator[Iterator[str]]:
        raise ServerError("restarting", status_code=500, detail=None)
        yield iter(())

    server.stream = away  # type: ignore[method-assign] # a server that is away
    with pytest.raises(ServerError):
        next(watch(server, clock, patience=60).changes("1"))
    assert clock.now - 1000 > 60
    assert max(clock.slept) <= 5


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("nonsense", UnexpectedReplyError),
        ("[]", UnexpectedReplyError),
        ('{"type": "ERROR", "object": {"status": 500, "detail": "broken"}}', ApiError),
        ('{"type": "ERROR", "object": {"code": 401, "message": "revoked"}}', AuthenticationError),
    ],
)
def test_what_is_no_change(clock: FakeClock, text: str, raised: type[Exception]) -> None:
    server = Server()

    @contextmanager
    def stream(version: str) -> Iterator[Iterator[str]]:
        yield iter([text])

    server.stream = stream  # type: ignore[method-assign] # a server that talks nonsense
    with pytest.raises(raised):
        next(watch(server, clock).changes("1"))
