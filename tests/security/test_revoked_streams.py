"""A stream ends soon after its token was revoked, and says why: watches, logs, and a build's messages in both forms."""

import itertools
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from api.clock import SystemClock
from api.http import principals, streams
from api.http.app import create_app
from api.http.controller_client import ControllerClient
from api.http.v1 import logs, watch
from api.resources.conditions import Reason
from api.resources.event import NewEvent
from api.resources.token import Scope, Token, token_digest
from api.store import StoreUnavailable
from playground_sdk import AgentClient
from playground_sdk.errors import AuthenticationError
from tests.api.conftest import TOKEN, Api, api, migrated, running
from tests.store.builders import NOW, apply, claim, report
from tests.v1.watching import WatchClient

__all__ = ["api", "migrated"]

SECRET = "secret of the reader"
WHY = "The token 'reader' was revoked, and what was open with it ends."


class Controller(socketserver.ThreadingTCPServer):
    """Sends one line of a log, and then nothing, until it is closed."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _OneLine)
        self.closing = threading.Event()


class _OneLine(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline() != b"\r\n":
            pass
        self.wfile.write(b'HTTP/1.0 200 OK\r\n\r\n{"type": "log", "line": "hello", "at": "1"}\n')
        server = self.server
        assert isinstance(server, Controller)
        server.closing.wait(20)


@pytest.fixture
def controller() -> Iterator[int]:
    with Controller() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def hurried(api: Api, controller: int, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API with a token to revoke, in which everything that takes seconds takes tenths of them."""
    monkeypatch.setattr(principals, "BELIEVED", 0.2)
    monkeypatch.setattr(logs, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(watch, "_LOOK_AGAIN", 0.1)
    monkeypatch.setattr(streams, "_LOOK_AGAIN", 0.1)
    object.__setattr__(api.deps, "clock", SystemClock())
    object.__setattr__(api.deps, "controller", ControllerClient(controller, "any"))
    api.store.tokens.create("reader", token_digest(SECRET), Scope.READ, now=1.0)
    return api


@pytest.fixture
def port(hurried: Api) -> Iterator[int]:
    with running(hurried.deps) as number:
        yield number


def revoke(api: Api) -> None:
    assert api.store.tokens.revoke("reader", now=2.0)


@pytest.fixture
def reader(port: int) -> Iterator[Callable[..., WatchClient]]:
    """Opens streams with the token that will be revoked."""
    opened: list[WatchClient] = []

    def connect(path: str, **headers: str) -> WatchClient:
        opened.append(WatchClient(port, path, token=SECRET, **headers))
        assert opened[-1].status == 200
        return opened[-1]

    yield connect
    for client in opened:
        client.kill()


Reader = Callable[..., WatchClient]
ERROR = {"type": "ERROR", "object": {"kind": "Status", "code": 401, "message": WHY}}


@pytest.mark.parametrize("path", ["/v1/playgrounds", "/v1/events", "/v1/playgrounds/hello/events"])
def test_a_watch_ends_with_an_error_that_says_why(hurried: Api, reader: Reader, path: str) -> None:
    apply(hurried.store, name="hello")
    lines = reader(f"{path}?watch=true")
    events = reader(f"{path}?watch=true", Accept="text/event-stream")
    revoke(hurried)
    assert list(lines)[-1] == ERROR
    assert "".join(events.text()).endswith(f"event: ERROR\ndata: {json.dumps(ERROR, separators=(',', ':'))}\n\n")


def test_a_watch_that_is_busy_ends_as_well(hurried: Api, reader: Reader) -> None:
    over = threading.Event()

    def write() -> None:
        for number in itertools.count():
            if over.is_set():
                return
            apply(hurried.store, f"p{number % 5}@1", params={"number": number})

    writer = threading.Thread(target=write)
    writer.start()
    client = reader("/v1/playgrounds?watch=true")
    assert next(iter(client))["type"] in {"ADDED", "BOOKMARK"}
    revoke(hurried)
    last = list(client)[-1]
    over.set()
    writer.join()
    assert last == ERROR


def test_a_watch_of_another_token_goes_on(hurried: Api, port: int, reader: Reader) -> None:
    hurried.store.tokens.create("other", token_digest("another"), Scope.READ, now=1.0)
    others = [WatchClient(port, "/v1/playgrounds?watch=true", token=token) for token in ("another", TOKEN)]
    mine = reader("/v1/playgrounds?watch=true")
    revoke(hurried)
    assert list(mine)[-1] == ERROR
    apply(hurried.store, name="hello")
    for other in others:
        assert [message["type"] for message in itertools.islice(other, 2)] == ["BOOKMARK", "ADDED"]
        other.kill()


def test_nobody_is_sent_away_while_the_records_cannot_be_read(
    hurried: Api, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Semaphore(0)

    def away(_digest: str) -> Token | None:
        asked.release()
        raise StoreUnavailable("The database does not answer.")

    client = reader("/v1/playgrounds?watch=true")
    assert next(iter(client))["type"] == "BOOKMARK"
    monkeypatch.setattr(hurried.store.tokens, "find", away)
    assert all(asked.acquire(timeout=10) for _ in range(3))
    apply(hurried.store, name="hello")
    assert next(iter(client))["type"] == "ADDED"


@pytest.mark.parametrize(
    ("accept", "last"),
    [
        ("application/jsonl", json.dumps({"type": "error", "code": 401, "message": WHY}, separators=(",", ":"))),
        ("text/event-stream", f'data: {{"type":"error","code":401,"message":"{WHY}"}}\n'),
        ("text/plain", WHY),
    ],
)
def test_a_log_that_is_followed_ends_though_nothing_is_printed(
    hurried: Api, reader: Reader, accept: str, last: str
) -> None:
    apply(hurried.store, name="hello")
    text = reader("/v1/playgrounds/hello/log?follow=true", Accept=accept).text()
    assert "hello" in next(text)
    revoke(hurried)
    assert "".join(text).endswith(f"{last}\n")


def test_a_builds_messages_end_in_both_forms(hurried: Api, reader: Reader) -> None:
    build = apply(hurried.store).build.id
    text = reader(f"/builds/{build}/events/").text()
    assert "log" in next(text)
    client = TestClient(create_app(hurried.deps))
    with client.websocket_connect(f"/builds/{build}/ws/", headers={"Authorization": SECRET}) as socket:
        assert socket.receive_json()["type"] == "log"
        revoke(hurried)
        assert socket.receive_json() == {"type": "error", "message": WHY}
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    assert ended.value.code == 1000
    assert json.loads("".join(text).removeprefix("data: ")) == {"type": "error", "message": WHY}


@pytest.mark.parametrize(
    "follow",
    [
        lambda client: client.playgrounds.watch(),
        lambda client: client.playgrounds.watch_events(),
        lambda client: client.playgrounds.logs("hello", follow=True),
    ],
    ids=["watch", "watch_events", "logs"],
)
def test_the_sdk_says_that_the_token_is_not_good_any_more(
    hurried: Api, port: int, follow: Callable[[AgentClient], Iterator[Any]]
) -> None:
    uid = apply(hurried.store, name="hello").playground.metadata.uid
    message = NewEvent(reason=Reason.SERVING, message="hello")
    assert hurried.store.work.report(claim(hurried.store), uid, report(message), now=NOW)
    with AgentClient(f"http://127.0.0.1:{port}", SECRET) as client:
        told = follow(client)
        assert next(told)
        revoke(hurried)
        with pytest.raises(AuthenticationError, match="revoked"):
            list(told)
