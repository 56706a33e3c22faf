"""A loopback HTTP server that plays a scripted Agent and records, byte for byte, what it was sent."""

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Sent:
    """One request as it arrived."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query)

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer: a status with JSON or raw content; or nothing at all."""

    status: int = 200
    data: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False  # close the connection without an answer
    never: bool = False  # keep the connection open, and say nothing until the test is over

    def content(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.data is None else json.dumps(self.data).encode()


class Agent:
    """The scripted server: answers are taken from the script in order, and the last one is not repeated."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.keep_bodies = True
        self.body_bytes = 0
        self.asked = threading.Event()
        self._script: deque[Reply] = deque()
        self._over = threading.Event()
        agent = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return lambda: agent._answer(self)
                raise AttributeError(name)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def left(self) -> int:
        """How many scripted answers nobody has asked for."""
        return len(self._script)

    def answers(self, *replies: Reply | Any) -> None:
        """Add to the script; a value that is no Reply is the JSON of a 200."""
        self._script.extend(reply if isinstance(reply, Reply) else Reply(data=reply) for reply in replies)

    def lines(self) -> list[str]:
        return [sent.line for sent in self.sent]

    @property
    def last(self) -> Sent:
        return self.sent[-1]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = self._read(handler)
        self.sent.append(Sent(handler.command, handler.path, handler.headers, body))
        self.asked.set()
        unscripted = Reply(599, {"detail": f"the test has no answer for {handler.command} {handler.path}"})
        reply = self._script.popleft() if self._script else unscripted
        if reply.never:
            self._over.wait(30)
        if reply.hang_up or reply.never:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        content = reply.content()
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.status != 204:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _read(self, handler: BaseHTTPRequestHandler) -> bytes:
        left = int(handler.headers.get("Content-Length") or 0)
        self.body_bytes = left
        pieces: list[bytes] = []
        while left and (piece := handler.rfile.read(min(left, 65536))):
            left -= len(piece)
            if self.keep_bodies:
                pieces.append(piece)
        return b"".join(pieces)

    @contextmanager
    def serving(self) -> Iterator["Agent"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


def closed_port() -> int:
    """A port of this machine nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
