"""What the mixins of the client share: the transport, the clock, and how an id becomes a path."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

from playground_sdk._clock import Clock
from playground_sdk.errors import UnexpectedReplyError
from playground_sdk.http import Transport

__all__ = ["ClientBase", "as_object", "segment"]


class ClientBase:
    """Holds what every group of calls needs; :class:`playground_sdk.client.AgentClient` fills it."""

    _transport: Transport
    _clock: Clock

    def _object(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a call that answers a JSON object."""
        return as_object(self._transport.request(method, path, body=body), f"{method} {path}")


def as_object(reply: object, call: str) -> dict[str, Any]:
    """Hand a JSON object through.

    Raises:
        UnexpectedReplyError: the reply is something else.
    """
    if not isinstance(reply, dict):
        raise UnexpectedReplyError(f"{call} should answer a JSON object, and answered {type(reply).__name__}.")
    return cast("dict[str, Any]", reply)


def segment(value: int | str, what: str) -> str:
    """Write an id, a name or ``code@version`` as one segment of a path.

    Raises:
        TypeError: it is neither a number nor a string.
        ValueError: it is empty or dots only, which would name another path (deleting "" must not reach the list).
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{what} must be a number or a string, not {type(value).__name__}.")
    text = str(value).strip()
    if not text.strip("."):
        raise ValueError(f"{what} must not be empty: {value!r}")
    return quote(text, safe="@")
