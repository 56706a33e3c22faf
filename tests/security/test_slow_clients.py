"""Clients that take their time: a body that trickles, headers that never end, a connection without a request."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest

from api.http.errors import ApiError
from api.http.pace import SLOWEST, BodyPace, PatientProtocol
from tests.api.raw import RawClient


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "header_seconds", 0.3)


def body_of(chunks: list[tuple[float, bytes]], patience: float) -> bytes:
    """What the application reads, when each chunk comes after so many seconds."""
    waiting = list(chunks)
    read = b""

    async def receive() -> Any:
        pause, chunk = waiting.pop(0)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        nonlocal read
        more = True
        while more:
            message = await receive()
            read += message["body"]
            more = message["more_body"]

    async def send(_message: Any) -> None:
        raise AssertionError("nothing is sent")

    asyncio.run(BodyPace(app, patience=patience)({"type": "http"}, receive, send))
    return read


def test_a_body_in_time_is_read() -> None:
    assert body_of([(0.0, b"a"), (0.01, b"b")], 1.0) == b"ab"


def test_one_that_trickles_is_given_up() -> None:
    with pytest.raises(ApiError, match="too slowly") as given_up:
        body_of([(0.05, b".")] * 20, 0.2)
    assert given_up.value.status == 408


def test_one_that_is_large_has_more_time() -> None:
    assert len(body_of([(0.05, bytes(SLOWEST))] * 8, 0.2)) == 8 * SLOWEST


@pytest.mark.parametrize("beginning", [b"", b"\r\n\r\n", b"GET /health/ HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_a_connection_without_a_whole_request_is_closed(beginning: bytes, raw: RawClient, impatient: None) -> None:
    with raw.connect() as connection:
        connection.sendall(beginning)
        assert connection.recv(100) == b""


def test_a_drop_of_header_now_and_then_does_not_help(raw: RawClient, impatient: None) -> None:
    with raw.connect() as connection:
        connection.settimeout(0.05)
        connection.sendall(b"GET / HTTP/1.1\r\n")
        ended = time.monotonic() + 5.0
        while time.monotonic() < ended:
            try:
                connection.sendall(b"X-A: b\r\n")
                if connection.recv(100) == b"":
                    return
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                return
    raise AssertionError("the connection is still open")


def test_a_second_request_of_a_connection_has_its_own_time(raw: RawClient, impatient: None) -> None:
    head = b"GET /health/ HTTP/1.1\r\nHost: a\r\n"
    with raw.connect() as connection:
        connection.sendall(head + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.settimeout(5)
        connection.sendall(head)
        while connection.recv(65536):
            pass


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000, b"GET /" + b"a" * 200_000])
def test_headers_without_an_end_are_refused_before_they_fill_the_memory(head: bytes, raw: RawClient) -> None:
    with raw.connect() as connection:
        with suppress(ConnectionError):
            for start in range(0, len(head), 8192):
                connection.sendall(head[start : start + 8192])
                time.sleep(0.001)  # so that they come in pieces
        with suppress(ConnectionError):
            assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_a_request_that_takes_longer_than_that_is_answered(raw: RawClient, impatient: None) -> None:
    """Its headers are there: what comes now is the body."""
    with raw.connect() as connection:
        connection.sendall(raw.head("POST", "/containers/", ["Content-Length: 2"]))
        connection.settimeout(0.6)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)
        connection.sendall(b"{}")
        assert connection.recv(100).startswith(b"HTTP/1.1 422")
