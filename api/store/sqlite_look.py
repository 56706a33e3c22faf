"""A look at a SQLite database that others write to: has anybody committed, and when is it worth looking again?

`PRAGMA data_version` costs microseconds and moves when another connection commits. The kernel says when a turn to write
has ended; now and then it is looked at all the same, as somebody may write without a turn. Where the kernel says
nothing, it is looked at often.
"""

import sqlite3
import threading
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from api.store import tables
from api.store.database import Database, translate
from api.store.file_events import FileEvents

_DATA_VERSION = "PRAGMA data_version"
_NEWEST = str(select(tables.counter.c.version, tables.counter.c.desired_version))
_QUIET_SECONDS, _DEAF_SECONDS = 0.2, 0.01
"""Between two looks, where the kernel says when a turn has ended, and where it does not."""


class SqliteLook:
    """A connection on which nobody commits, and an ear for the ends of turns. For one thread at a time."""

    def __init__(self, database: Database) -> None:
        """Raises StoreUnavailable."""
        try:
            self._connection = database.engine.connect()
        except SQLAlchemyError as error:
            raise translate(error) from error
        self._connection.detach()  # from the pool: it is kept for as long as somebody waits now and then
        self._cursor = self._connection.connection.cursor()
        path = database.engine.url.database
        self._events = FileEvents.of(Path(path).parent) if path else None
        self._seen = 0

    def versions(self) -> tuple[int, int]:
        """The newest version of all, and the newest of a desired-side change. Raises StoreError."""
        (self._seen,) = self._row(_DATA_VERSION)
        version, desired = self._row(_NEWEST) or (0, 0)
        return version, desired

    def has_moved(self) -> bool:
        """Whether anybody has committed since `versions`. Raises StoreError."""
        return self._row(_DATA_VERSION) != (self._seen,)

    def pause(self, longest: float, stop: threading.Event) -> None:
        """Until it is worth looking again, and so many seconds at most."""
        if self._events is None:
            stop.wait(min(longest, _DEAF_SECONDS))
        else:
            self._events.wait(min(longest, _QUIET_SECONDS))

    def close(self) -> None:
        """Close the connection and the ear."""
        if self._events is not None:
            self._events.close()
        self._cursor.close()
        self._connection.close()

    def _row(self, query: str) -> tuple[int, ...]:
        """Plain SQL, as it happens after each write of anybody. Empty where there is none."""
        try:
            self._cursor.execute(query)
            # All rows are fetched: a statement left unfinished would keep a snapshot, and see nothing new.
            found: list[tuple[int, ...]] = list(self._cursor.fetchall())
        except sqlite3.Error as error:
            raise translate(error) from error
        return found[0] if found else ()
