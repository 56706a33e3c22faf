"""A playground's log, line by line, taken up again where the connection broke.

The server sends messages: ``log`` with a line and the position to go on from, ``heartbeat`` while nothing is printed,
and ``end`` with the reason. Only ``end`` ends the log: without it the stream broke, and is opened again after the
last position.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from playground_sdk._clock import Clock
from playground_sdk.errors import ConflictError, RateLimitError, ServerError, TransportError, UnexpectedReplyError
from playground_sdk.http import Transport

__all__ = ["LogStream"]

_SILENCE = 45.0  # the server sends a sign of life more often than that
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0

_log = logging.getLogger("playground_sdk")


class LogStream:
    """Reads one log; ``ended`` is the server's word for why it is over."""

    def __init__(self, transport: Transport, path: str, clock: Clock, *, patience: float = 60.0) -> None:
        self._transport = transport
        self._path = path
        self._clock = clock
        self._patience = patience
        self._position: str | None = None
        self.ended: str | None = None

    def lines(self, params: Mapping[str, str], *, follow: bool) -> Iterator[str]:
        """Yield the lines, to the log's end; with ``follow`` those that are still to be printed as well.

        Raises:
            NotFoundError: there is no such log.
            ApiError: the server refuses.
            TransportError, ServerError, ConflictError: nothing could be read for ``patience`` seconds; a ConflictError
                says that the controller, where the logs come from, does not answer.
        """
        query = {**params, **({"follow": "true"} if follow else {})}
        heard = self._clock.monotonic()
        pause, opened = _FIRST_PAUSE, False
        while True:
            try:
                for line in self._once(query):
                    opened, heard, pause = True, self._clock.monotonic(), _FIRST_PAUSE
                    if line is not None:
                        yield line
            except (TransportError, ServerError, ConflictError, RateLimitError) as exc:
                # Without a line so far nobody waits for a connection that worked: say at once what is wrong.
                if not opened or self._clock.monotonic() - heard > self._patience:
                    raise
                _log.debug("log: %s; trying again in %.1f s", exc, pause)
            if self.ended is not None:
                return
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if self._position is not None:
                query = {**query, "since": self._position}
                query.pop("tail", None)

    def _once(self, query: Mapping[str, str]) -> Iterator[str | None]:
        """One connection; None is a sign of life."""
        with self._transport.lines(self._path, params=query, accept="application/jsonl", silence=_SILENCE) as lines:
            for text in lines:
                message = _message(text)
                kind = message.get("type")
                if "at" in message:
                    self._position = str(message["at"])
                if kind == "end":
                    self.ended = str(message.get("reason") or message.get("message") or "ended")
                    return
                yield str(message.get("line", "")) if kind == "log" else None


def _message(text: str) -> dict[str, Any]:
    """One message of the stream.

    Raises:
        UnexpectedReplyError: it is none.
    """
    try:
        message = json.loads(text)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise UnexpectedReplyError(f"The log has a line that is no message: {text[:200]}")
    return message
