"""The outermost layer: one log line a request, 500 for what nobody expected, and time for a refused upload to end.

A client that is still sending when the server has answered and closed loses the answer. So an error that comes before
the body's end first takes in the rest, within bounds, and then answers.
"""

import asyncio
import logging
import traceback

import structlog
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.clock import Clock
from api.http.auth import fingerprint
from api.http.errors import error_reply, internal_error
from api.metrics import HttpMetrics

LINGER_BYTES = 64 * 1024 * 1024
LINGER_SECONDS = 5.0
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_CALLERS = {b"synapse-user": "user", b"synapse-tenant": "tenant"}
"""Headers, and what they are called in the log."""

_log = structlog.get_logger(__name__)


class AccessLayer:
    """Wraps the whole application. `clock` times the requests, `metrics` counts them."""

    def __init__(self, app: ASGIApp, *, clock: Clock, metrics: HttpMetrics) -> None:
        self.app = app
        self._clock = clock
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        began = self._clock.monotonic()
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception:
            # The traceback as text: one with local variables would have the client's token in it.
            text = traceback.format_exc()
            _log.error("request crashed", method=scope["method"], path=scope["path"], traceback=text)
            if exchange.status == 0:
                await error_reply(HTTPConnection(scope), internal_error())(scope, exchange.receive, exchange.send)
        finally:
            seconds = self._clock.monotonic() - began
            self._metrics.note(scope["method"], exchange.status, seconds)
            _write_line(scope, exchange, seconds)


def _write_line(scope: Scope, exchange: "_Exchange", seconds: float) -> None:
    is_read = scope["method"] in _READS
    if not _log.is_enabled_for(logging.DEBUG if is_read else logging.INFO):
        return
    who = {_CALLERS[name]: fingerprint(value.decode("latin-1")) for name, value in _callers(scope)}
    write = _log.debug if is_read else _log.info
    write(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=exchange.status or None,
        ms=round(seconds * 1000, 1),
        client=scope["client"][0] if scope.get("client") else None,
        **{name: value for name, value in who.items() if value},
    )


def _callers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers that say who asks through the Agent; of several of one name the first one counts, and comes last."""
    return [header for header in reversed(scope["headers"]) if header[0] in _CALLERS]


class _Exchange:
    """One request and its reply, watched: how far the body has been read, and what was answered."""

    __slots__ = ("_body_ended", "_receive", "_send", "status")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._body_ended = False
        self.status = 0
        """The reply's status; 0 as long as there is none."""

    async def receive(self) -> Message:
        """The next message, passed on."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._body_ended = True
        return message

    async def send(self, message: Message) -> None:
        """Passes on, after the rest of the body when this is an error before its end."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 400 and not self._body_ended:
                await self._linger()
        await self._send(message)

    async def _linger(self) -> None:
        """Takes in the rest of the body, but not more than a bounded part of it."""
        taken = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._body_ended and taken < LINGER_BYTES:
                    message = await self.receive()
                    taken += len(message.get("body", b""))
        except TimeoutError:
            return
