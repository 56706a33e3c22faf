"""The change feed: wait until somebody changed what is wanted.

On SQLite `PRAGMA data_version` is looked at: it costs microseconds and moves when another connection commits. The
kernel says when somebody writes, and from then on it is looked at more and more seldom; where it says nothing, always
and often: a wake-up costs more than the look. On
PostgreSQL a notification is the hint, and a look every second catches those that got lost.
"""

import math
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError

from api.store import tables
from api.store.database import Database, translate
from api.store.file_events import FileEvents

if TYPE_CHECKING:
    from api.store.notifications import Listeners

_DATA_VERSION = "PRAGMA data_version"
_NEWEST = str(select(tables.counter.c.version, tables.counter.c.desired_version))
_POLL_SECONDS = 0.01
"""Between two looks, where the kernel does not say when somebody writes."""
_FIRST_SECONDS, _QUIET_SECONDS = 0.001, 0.2
"""Between two looks right after somebody has begun to write (a commit ends some time after that), and at rest."""
_ANYTHING_SECONDS = 0.25
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 0.1


class ChangeFeed:
    """Waits for desired-side changes. Several threads may wait at once, each on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
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
        """Close the connections that listen."""
        if self._listeners is not None:
            self._listeners.close()

    def _versions(self) -> tuple[int, int]:
        """The newest version of all, and the newest of a desired-side change."""
        table = tables.counter
        row = self._database.read(lambda transaction: transaction.first(select(table)))
        return (row["version"], row["desired_version"]) if row else (0, 0)

    def _poll(self, after: int, timeout: float, stop: threading.Event, *, anything: bool = False) -> int:
        with self._sqlite_look() as look, self._writes() as pause:
            seen = look(_DATA_VERSION)
            version, desired = look(_NEWEST)
            waited = 0.0
            while (version if anything else desired) <= after and waited < timeout and not stop.is_set():
                waited += pause(timeout - waited, stop)
                now_seen = look(_DATA_VERSION)
                if now_seen != seen:
                    seen = now_seen
                    version, desired = look(_NEWEST)
        return max(after, version)

    @contextmanager
    def _writes(self) -> Iterator[Callable[[float, threading.Event], float]]:
        """A pause until it is worth looking again, of some seconds at most; how long it was meant to be."""
        database = self._database.engine.url.database
        events = FileEvents.of(Path(database).parent) if database else None
        if events is None:
            yield _pause
            return
        following = _QUIET_SECONDS

        def pause(longest: float, _stop: threading.Event) -> float:
            nonlocal following
            asked = min(longest, following)
            following = _FIRST_SECONDS if events.wait(asked) else min(_QUIET_SECONDS, 2.0 * following)
            return asked

        try:
            yield pause
        finally:
            events.close()

    @contextmanager
    def _sqlite_look(self) -> Iterator[Callable[[str], tuple[int, ...]]]:
        """A look at one row of numbers, on a connection taken out of the pool: nobody commits on it meanwhile.

        Plain SQL, as it happens after each write of anybody.
        """
        try:
            connection = self._database.engine.connect()
        except SQLAlchemyError as error:
            raise translate(error) from error
        with connection:
            cursor = connection.connection.cursor()
            # All rows are fetched: a statement left unfinished would keep a snapshot, and see nothing new.
            yield partial(_first_row, cursor)
            cursor.close()

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


def _pause(longest: float, stop: threading.Event) -> float:
    seconds = min(longest, _POLL_SECONDS)
    stop.wait(seconds)
    return seconds


def _first_row(cursor: DBAPICursor, query: str) -> tuple[int, ...]:
    try:
        cursor.execute(query)
        found: list[tuple[int, ...]] = list(cursor.fetchall())
    except sqlite3.Error as error:
        raise translate(error) from error
    return found[0] if found else (0, 0)
