"""Plain HTTP on a UNIX socket, against a server that answers whatever it is told to."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httptools
import pytest

from controller.engine.wire import Answer, Wire

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name: one\r\n\r\nok"


class _Server:
    """Answers each request with the next of `answers`, in these pieces; an answer of None closes the connection."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.answers: list[list[bytes] | None] = []
        self.asked: list[bytes] = []
        self.connections = 0
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while request := connection.recv(65536):
                self.asked.append(request)
                pieces = self.answers.pop(0) if self.answers else [_OK]
                if pieces is None:
                    return
                for piece in pieces:
                    connection.sendall(piece)
                if pieces and pieces[-1] == b"":
                    return


@pytest.fixture
def server(tmp_path: Path) -> Iterator[_Server]:
    made = _Server(tmp_path / "socket")
    yield made
    made.close()


@pytest.fixture
def wire(server: _Server) -> Iterator[Wire]:
    made = Wire(server.path, 4)
    yield made
    made.close()


def _ask(wire: Wire, method: str = "GET", body: bytes = b"", wait: float = 10.0) -> Answer:
    return wire.ask(method, "/things?x=1", {"User-Agent": "test"}, body, (10.0, wait))


def test_a_request_and_its_answer(server: _Server, wire: Wire) -> None:
    answer = _ask(wire)
    assert server.asked == [b"GET /things?x=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n"]
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"ok")
    assert ("X-Name", "one") in answer.headers


def test_a_body_has_its_length_and_so_has_none(server: _Server, wire: Wire) -> None:
    _ask(wire, "POST", b"{}")
    _ask(wire, "POST")
    assert server.asked[0].endswith(b"Content-Length: 2\r\n\r\n{}")
    assert server.asked[1].endswith(b"Content-Length: 0\r\n\r\n")


def test_a_connection_serves_one_request_after_the_other(server: _Server, wire: Wire) -> None:
    for _ in range(5):
        assert _ask(wire).body == b"ok"
    assert server.connections == 1


def test_an_answer_may_come_in_pieces(server: _Server, wire: Wire) -> None:
    server.answers = [
        [_OK[:9], _OK[9:50], _OK[50:]],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"],
        [b"HTTP/1.1 204 No Content\r\n\r\n"],
        [b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"],
    ]
    found = [_ask(wire) for _ in range(4)]
    assert [(each.status, each.body) for each in found] == [(200, b"ok"), (200, b"abcde"), (204, b""), (404, b"none")]
    assert server.connections == 1


def test_an_answer_without_a_length_ends_with_its_connection(server: _Server, wire: Wire) -> None:
    server.answers = [[b"HTTP/1.1 200 OK\r\n\r\nall of it", b""]]
    assert _ask(wire).body == b"all of it"
    assert _ask(wire).body == b"ok", "on another connection"
    assert server.connections == 2


def test_one_that_the_other_side_does_not_keep_is_not_kept(server: _Server, wire: Wire) -> None:
    server.answers = [[b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"]]
    assert [_ask(wire).body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


def test_one_that_was_closed_meanwhile_is_not_used(server: _Server, wire: Wire) -> None:
    """As after the engine was restarted."""
    server.answers = [[_OK, b""]]
    assert [_ask(wire).body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, ConnectionAbortedError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b""], ConnectionAbortedError),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", b""], ConnectionAbortedError),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], httptools.HttpParserError),
    ],
)
def test_an_answer_that_is_none_is_told(
    server: _Server, wire: Wire, answer: list[bytes] | None, error: type[Exception]
) -> None:
    server.answers = [answer]
    with pytest.raises(error):
        _ask(wire)
    assert _ask(wire).body == b"ok", "the next one is another"


def test_who_is_silent_is_waited_for_up_to_a_time(server: _Server, wire: Wire) -> None:
    server.answers = [[b"HTTP/1.1 200 OK\r\n"]]
    with pytest.raises(TimeoutError):
        _ask(wire, wait=0.05)


def test_where_nobody_listens_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _ask(Wire(str(tmp_path / "none"), 4))


def test_many_may_ask_at_once(server: _Server, wire: Wire) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: _ask(wire, "POST", b"%d" % number).body, range(200)))
    assert found == [b"ok"] * 200
    assert sorted(int(asked.rpartition(b"\r\n")[2]) for asked in server.asked) == list(range(200))
