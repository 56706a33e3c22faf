"""Time-outs for clients that take their time: a body that trickles, and a request whose headers never end.

A connection that says nothing between two requests is closed by uvicorn itself (`timeout_keep_alive`).
"""

import asyncio
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http.errors import ApiError

PATIENCE = 20.0
"""Seconds that a body may take, however small it is …"""
SLOWEST = 8 * 1024
"""… and one second more for each so many bytes that have come."""
HEADER_SECONDS = 10.0
HEADER_BYTES = 64 * 1024
"""Of a request's line and headers together; the parser itself knows no bound."""
_WHOLE = "playground.whole"
"""In the scope of a request that has come to its end before it is looked at: nobody has to wait for its body."""


class BodyPace:
    """Ends a request whose body comes too slowly with 408; whoever reads the body gets that as an ApiError."""

    def __init__(self, app: ASGIApp, *, patience: float = PATIENCE) -> None:
        self.app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        is_there = scope["type"] != "http" or scope.get(_WHOLE, False)
        await self.app(scope, receive if is_there else _Paced(receive, self._patience), send)


class _Paced:
    """`receive`, with a deadline as long as there is more of the body to come."""

    __slots__ = ("_began", "_ended", "_patience", "_receive", "_taken")

    def __init__(self, receive: Receive, patience: float) -> None:
        self._receive = receive
        self._patience = patience
        self._began = asyncio.get_running_loop().time()
        self._taken = 0
        self._ended = False

    async def __call__(self) -> Message:
        if self._ended:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._began + self._patience + self._taken / SLOWEST):
                message = await self._receive()
        except TimeoutError:
            self._ended = True
            raise ApiError(408, "The body came too slowly, and was not waited for any longer.") from None
        self._taken += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        return message


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's, with an end to the wait for a request's headers, and to their length."""

    header_seconds = HEADER_SECONDS
    _deadline: asyncio.TimerHandle | None = None
    _in_head = False
    """Whether a request has begun whose headers are not all there."""
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client has come."""
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Some of a request, or several."""
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            self._stop_waiting()  # refused, or a WebSocket from now on
        elif self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEADER_BYTES:
                self.send_400_response("The request's headers are too long.")
            self._wait_for_headers()
        elif not self._is_busy():
            self._wait_for_headers()  # some line breaks: no request yet

    def on_message_begin(self) -> None:
        """The parser: a request begins."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """The parser: its headers are there."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The parser: the request is there to its end."""
        super().on_message_complete()
        scope: dict[str, Any] = cast("dict[str, Any]", self.scope)
        scope[_WHOLE] = True

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait_for_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
