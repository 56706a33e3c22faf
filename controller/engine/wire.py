"""Plain HTTP on a UNIX socket: a request is sent and its whole answer is read, on connections that are kept.

The standard library's client reads headers with a parser made for mail, which took more of the processor than all else
of a call; this one has a web server's parser (`httptools`).
"""

import socket
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httptools

_PIECE = 65536


@dataclass(slots=True)
class Answer:
    """What came back, whole."""

    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Wire:
    """Connections to one socket, as many as there are requests at a time. Safe to share between threads."""

    def __init__(self, path: str, kept: int) -> None:
        """`kept`: so many connections stay open between requests."""
        self._path = path
        self._kept = kept
        self._idle: deque[socket.socket] = deque()
        weakref.finalize(self, _close_all, self._idle)  # Docker's client is closed by hardly anybody

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: tuple[float, float]
    ) -> Answer:
        """Send it and read the answer, waiting for the connection and for each piece of the answer so many seconds.

        Raises:
            OSError: there is no connection, it broke (ConnectionError) or it was silent too long (TimeoutError).
            httptools.HttpParserError: what came is no HTTP.
        """
        connection = self._connection(timeout[0])
        try:
            connection.settimeout(timeout[1])
            connection.sendall(_request(method, target, headers, body))
            reading = _Reading()
            while not reading.is_whole:
                reading.feed(connection.recv(_PIECE))
        except BaseException:
            connection.close()
            raise
        self._keep(connection, reading)
        return reading.answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        _close_all(self._idle)

    def _connection(self, timeout: float) -> socket.socket:
        """The one that was used last and is still open, else a new one."""
        with suppress(IndexError):
            while True:
                known = self._idle.pop()
                if _is_open(known):
                    return known
                known.close()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            connection.connect(self._path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _keep(self, connection: socket.socket, reading: "_Reading") -> None:
        if reading.stays_open and len(self._idle) < self._kept:
            self._idle.append(connection)
        else:
            connection.close()


class _Reading:
    """An answer that is being read; the parser calls the methods that begin with `on`."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.is_whole = self.stays_open = self._has_length = self._has_headers = False
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, piece: bytes) -> None:
        """The next piece; none, where the connection was closed. Raises httptools.HttpParserError, ConnectionError."""
        if piece:
            self._parser.feed_data(piece)
        elif self._has_headers and not self._has_length:  # as RFC 9112, 6.3, has it
            self.on_message_complete()
            self.stays_open = False
        else:
            raise ConnectionAbortedError("The connection was closed before the answer was whole.")

    def on_status(self, reason: bytes) -> None:
        self.answer.reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        names = {name.lower() for name, _ in self.answer.headers}
        self._has_headers, self._has_length = True, bool(names & {"content-length", "transfer-encoding"})

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.answer.status = self._parser.get_status_code()
        self.answer.body = b"".join(self._pieces)
        self.stays_open = self._parser.should_keep_alive()
        self.is_whole = True


def _close_all(connections: deque[socket.socket]) -> None:
    with suppress(IndexError):
        while True:
            connections.pop().close()


def _request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method not in ("GET", "HEAD", "DELETE"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _is_open(connection: socket.socket) -> bool:
    """Whether the other side has it open still: nothing comes on one where nothing was asked, but its end."""
    try:
        connection.settimeout(0.0)
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
