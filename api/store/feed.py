"""The change feed: wait until somebody changed what is wanted.

On SQLite the database is looked at (`sqlite_look`). On PostgreSQL a notification is the hint, and a look every second
catches those that got lost.
"""

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import select

from api.clock import SystemClock
from api.store import tables
from api.store.database import Database
from api.store.sqlite_look import SqliteLook

if TYPE_CHECKING:
    from api.store.notifications import Listeners

_ANYTHING_SECONDS = 0.25
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 0.1
_clock = SystemClock()


class ChangeFeed:
    """Waits for desired-side changes. Several threads may wait at once, each on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._idle: deque[SqliteLook] = deque()
        self._closed = False
        self._listeners: Listeners | None = None
        if not database.is_sqlite:
            from api.store.notifications import Listeners as PostgresListeners  # noqa: PLC0415 (with it comes psycopg)

            self._listeners = PostgresListeners(database)

    def wait(self, after: int, *, timeout: float, stop: threading.Event) -> int:
        """Block until a desired-side change newer than `after` is there, `timeout` seconds passed, or `stop` is set.

        Returns the newest version: every desired-side change up to it can be read. A write of the controller's own
        does not end the wait.

        Raises:
            StoreUnavailable: when the connection broke; waiting again makes a new one.
        """
        if self._database.is_sqlite:
            return self._poll(after, timeout, stop)
        return self._listen(after, timeout, stop)

    def wait_for_any(self, after: int, *, timeout: float, stop: threading.Event) -> int:
        """As `wait`, for a change of anything, the controller's reports too; returns the newest version.

        On PostgreSQL, which tells of desired-side changes only, it is a pause of a quarter of a second.

        Raises:
            StoreUnavailable: when the connection broke.
        """
        if self._database.is_sqlite:
            return self._poll(after, timeout, stop, anything=True)
        stop.wait(min(timeout, _ANYTHING_SECONDS))
        return self._versions()[0]

    def close(self) -> None:
        """Close the connections that listen, and those that look; one that is waited on closes when the wait ends."""
        self._closed = True
        self._close_looks()
        if self._listeners is not None:
            self._listeners.close()

    def _versions(self) -> tuple[int, int]:
        """The newest version of all, and the newest of a desired-side change."""
        table = tables.counter
        row = self._database.read(lambda transaction: transaction.first(select(table)))
        return (row["version"], row["desired_version"]) if row else (0, 0)

    def _poll(self, after: int, timeout: float, stop: threading.Event, *, anything: bool = False) -> int:
        with self._look() as look:
            version, desired = look.versions()
            left = timeout
            ends = _clock.monotonic() + timeout
            while (version if anything else desired) <= after and left > 0.0 and not stop.is_set():
                look.pause(left, stop)
                left = ends - _clock.monotonic()
                if look.has_moved():
                    version, desired = look.versions()
        return max(after, version)

    @contextmanager
    def _look(self) -> Iterator[SqliteLook]:
        """One that nobody else has meanwhile. It is kept for the next wait, but for one that broke."""
        try:
            look = self._idle.pop()
        except IndexError:
            look = SqliteLook(self._database)
        try:
            yield look
        except BaseException:
            look.close()
            raise
        self._idle.append(look)
        if self._closed:
            self._close_looks()

    def _close_looks(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _listen(self, after: int, timeout: float, stop: threading.Event) -> int:
        assert self._listeners is not None, "this is PostgreSQL"
        with self._listeners.one() as listener:
            version, desired = self._versions()
            looks_every = round(_LOOK_SECONDS / _STOP_SECONDS)
            for turn in range(1, math.ceil(timeout / _STOP_SECONDS) + 1):
                if desired > after or stop.is_set():
                    break
                hints = list(listener.notifies(timeout=_STOP_SECONDS, stop_after=1))
                if hints or turn % looks_every == 0:
                    version, desired = self._versions()
        return max(after, version)
