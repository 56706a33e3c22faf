"""Watching: every change of the playgrounds, for as long as one likes, whatever happens to the connection.

The stream is taken up again at the last resource version that was handed out. Where the server has forgotten that one
(410), everything is listed again, and what the list tells is handed out as changes: nothing is missed, though several
changes of one playground may have become one, and nothing is handed out twice.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, cast

from playground_sdk._clock import Clock
from playground_sdk.errors import (
    ApiError,
    AuthenticationError,
    RateLimitError,
    ServerError,
    TransportError,
    UnexpectedReplyError,
)
from playground_sdk.objects import Playground

__all__ = ["Change", "Listing", "Watch"]

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]
_CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_UNAUTHORIZED, _GONE = 401, 410

_log = logging.getLogger("playground_sdk")


@dataclass(frozen=True, slots=True)
class Change:
    """One change: ``ADDED``, ``MODIFIED`` or ``DELETED``, and the playground as it is since (or was at last)."""

    type: ChangeType
    playground: Playground

    @property
    def resource_version(self) -> str:
        """The version that this change made."""
        return self.playground["metadata"]["resourceVersion"]


@dataclass(frozen=True, slots=True)
class Listing:
    """All playgrounds of one instant; ``resource_version`` is where a watch goes on from there."""

    items: list[Playground]
    resource_version: str


@dataclass
class Watch:
    """What a watch needs: how to open the stream at a version, how to list, and how long a server may be away.

    Attributes:
        stream: opens the stream of lines that begins after a resource version.
        relist: lists everything that the watch is about.
        patience: seconds without any answer after which the watch gives up.
        key: what in ``metadata`` tells one object from another.
        deletions: whether what a list no longer holds was deleted.
    """

    stream: Callable[[str], AbstractContextManager[Iterator[str]]]
    relist: Callable[[], Listing]
    clock: Clock
    patience: float = 300.0
    key: str = "uid"
    deletions: bool = True
    _known: dict[str, Playground] = field(default_factory=dict)
    _version: str = ""

    def changes(self, resource_version: str | None = None) -> Iterator[Change]:
        """Yield changes after a version; without one, first everything there is as ADDED. It never ends by itself.

        Raises:
            ApiError: the server refused (and it was no 410); AuthenticationError when the token was revoked meanwhile.
            TransportError, ServerError, RateLimitError: nothing was answered for longer than ``patience``.
        """
        self._version = resource_version or ""
        answered = self.clock.monotonic()
        pause = _FIRST_PAUSE
        while True:
            try:
                for change in self._once():
                    answered, pause = self.clock.monotonic(), _FIRST_PAUSE
                    if change is not None:
                        yield change
            except (TransportError, ServerError, RateLimitError) as exc:
                if self.clock.monotonic() - answered > self.patience:
                    raise
                _log.debug("watch: %s; trying again in %.1f s", exc, pause)
            except ApiError as exc:
                if exc.status_code != _GONE:
                    raise
                self._version = ""
                continue
            self.clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _once(self) -> Iterator[Change | None]:
        """One connection: None stands for a sign of life that is no change."""
        if not self._version:
            yield from self._listed()
        with self.stream(self._version) as lines:
            yield None
            for line in lines:
                yield self._change(line)

    def _listed(self) -> Iterator[Change]:
        """What a list tells that was not known."""
        listing = self.relist()
        there = {self._key(item) for item in listing.items}
        for uid in [uid for uid in self._known if uid not in there and self.deletions]:
            yield Change("DELETED", self._known.pop(uid))
        for item in listing.items:
            before = self._known.get(self._key(item))
            if before is None or before["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                self._known[self._key(item)] = item
                yield Change("MODIFIED" if before else "ADDED", item)
        self._version = listing.resource_version

    def _key(self, item: Playground) -> str:
        metadata: Mapping[str, object] = item["metadata"]
        return str(metadata.get(self.key))

    def _change(self, line: str) -> Change | None:
        """Read one line; a heartbeat and what is known already are None.

        Raises:
            ApiError: the stream says that the server can't go on from our version.
        """
        if not line.strip():
            return None
        try:
            message = json.loads(line)
            kind, value = message["type"], message.get("object") or {}
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise UnexpectedReplyError(f"The watch got a line that is no change: {line[:200]}") from exc
        if kind == "ERROR":
            status = int(value.get("status") or value.get("code") or _GONE)
            text = str(value.get("detail") or value.get("message") or "The watch can't go on.")
            kind_of_error = AuthenticationError if status == _UNAUTHORIZED else ApiError
            raise kind_of_error(text, status_code=status, detail=value, call="the watch")
        metadata = value.get("metadata") or {}
        if version := metadata.get("resourceVersion"):
            self._version = str(version)
        if kind not in _CHANGES:
            return None
        found = cast("Playground", value)
        uid = self._key(found)
        before = self._known.get(uid)
        if kind == "DELETED":
            self._known.pop(uid, None)
        elif before is not None and before["metadata"]["resourceVersion"] == version:
            return None
        else:
            self._known[uid] = found
        return Change(kind, found)
