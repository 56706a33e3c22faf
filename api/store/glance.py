"""A glance at the records from an event loop: what has changed since the last one, and single records, in microseconds.

On SQLite only. A read there waits for nobody: with a write-ahead log readers do not meet writers. The connection is the
glance's own, so that `PRAGMA data_version` moves with every commit, of this process's other connections too, and says
within three microseconds that nothing has moved. What has moved is read from the journal.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from api.resources.playground import Playground
from api.resources.release import PluginRelease
from api.store import declared, playgrounds, releases
from api.store.database import Database, Transaction, translate
from api.store.errors import StoreUnavailable
from api.store.sqlite_driver import begun_by_us

T = TypeVar("T")

MOST_CHANGES = 1000
"""That are told one by one; of more, it is only said that they are many."""
MOST_RELEASES = 256
"""That are kept: those that are asked for between two commits, hardly ever more than a few."""
_CHANGES = """
    SELECT journal.version, journal.uid, journal.at, record.id, record.name, record.container_id, record.container_name
    FROM journal LEFT JOIN playground AS record ON record.uid = journal.uid
    WHERE journal.version >= ? ORDER BY journal.version LIMIT ?
"""
_NEWEST = "SELECT version, uid, at FROM journal ORDER BY version DESC LIMIT 1"
_VERSION = "SELECT version FROM counter"


@dataclass(frozen=True, slots=True)
class Touched:
    """A playground that was changed, by what it is found by now. Without an id, it is gone."""

    uid: str
    id: int | None
    name: str | None
    container_id: str | None
    container_name: str | None


@dataclass(frozen=True, slots=True)
class News:
    """What came since the last glance. `everything`: too much to tell, or more than is known."""

    touched: tuple[Touched, ...] = ()
    everything: bool = False


_NOTHING = News()


class Glance:
    """One reader's view of the records. For one thread at a time; it never waits for a lock."""

    def __init__(self, database: Database) -> None:
        assert database.is_sqlite, "another database is asked over the network, which blocks"
        self._database = database
        self._connection: Connection | None = None
        self._cursor: Any = None
        self._data_version: int | None = None
        self._anchor: tuple[int, str, float] | None = None
        """The newest entry of the journal that was seen: while it is there, the journal goes on from it."""
        self._releases: dict[str, PluginRelease] = {}
        """Those that were asked for since anything was committed, as of that `_releases_version`."""
        self._releases_version: int | None = None
        self.version = 0
        """The newest version of all, as of the last glance."""

    def news(self) -> News:
        """What has been committed by anybody since this was asked last. At first, everything.

        Raises:
            StoreError: the records could not be read; nothing is lost, and the next call tells it.
        """
        return self._reading(self._news)

    def one(self, lookup: int | str) -> Playground | None:
        """As `Playgrounds.get`."""
        return self._read(lambda transaction: playgrounds.find(transaction, lookup))

    def named(self, name: str) -> Playground | None:
        """As `Declared.get`."""
        return self._read(lambda transaction: declared.find(transaction, name, living=False))

    def some(self, uids: tuple[str, ...]) -> tuple[int, tuple[Playground, ...]]:
        """The newest version, and those of the playgrounds that are there, both as of one instant."""
        return self._read(lambda transaction: playgrounds.some(transaction, uids))

    def release(self, lookup: str) -> PluginRelease | None:
        """The release of that name, `code@version`."""
        return self._reading(lambda cursor: self._release(cursor, lookup))

    def order(self) -> list[tuple[int, str]]:
        """(record id, uid) of all playgrounds, by ascending record id."""
        return self._reading(lambda cursor: cursor.execute("SELECT id, uid FROM playground ORDER BY id").fetchall())

    def close(self) -> None:
        """Close the connection. The next call opens a new one."""
        connection, self._connection, self._cursor = self._connection, None, None
        self._data_version = self._anchor = self._releases_version = None
        if connection is not None:
            connection.close()

    def _release(self, cursor: Any, lookup: str) -> PluginRelease | None:
        data_version = _data_version(cursor)
        if data_version != self._releases_version:
            self._releases.clear()
            self._releases_version = data_version
        known = self._releases.get(lookup)
        if known is not None:
            return known
        # One statement sees one instant without a transaction around it: that of the version, or a later one.
        found = releases.named(Transaction(self._open_connection()), lookup)
        if found is not None and len(self._releases) < MOST_RELEASES:
            self._releases[lookup] = found
        return found

    def _news(self, cursor: Any) -> News:
        # Looked at before the snapshot: what is committed in between is told twice rather than never.
        data_version = _data_version(cursor)
        if data_version == self._data_version:
            return _NOTHING
        cursor.execute("BEGIN")
        try:
            version = int(cursor.execute(_VERSION).fetchall()[0][0])
            news = self._since(cursor)
        finally:
            cursor.execute("COMMIT")
        self.version, self._data_version = version, data_version
        return news

    def _since(self, cursor: Any) -> News:
        """What came after the anchor. A journal that the anchor is not in any more is another one, or was cut off."""
        if self._anchor is not None:
            found = cursor.execute(_CHANGES, (self._anchor[0], MOST_CHANGES + 1)).fetchall()
            if found and found[0][:3] == self._anchor and len(found) <= MOST_CHANGES:
                self._anchor = found[-1][:3]
                touched = {row[1]: Touched(row[1], *row[3:]) for row in found[1:]}
                return News(touched=tuple(touched.values()))
        newest = cursor.execute(_NEWEST).fetchall()
        self._anchor = newest[0] if newest else None
        return News(everything=True)

    def _read(self, work: Callable[[Transaction], T]) -> T:
        def read(cursor: Any) -> T:
            cursor.execute("BEGIN")
            try:
                return work(Transaction(self._open_connection()))
            finally:
                cursor.execute("COMMIT")

        return self._reading(read)

    def _open_connection(self) -> Connection:
        assert self._connection is not None, "opened by `_reading`"
        return self._connection

    def _reading(self, work: Callable[[Any], T]) -> T:
        try:
            if self._connection is None:
                self._open()
            return work(self._cursor)
        except sqlite3.Error as error:
            self.close()
            raise StoreUnavailable(f"The database does not answer ({error}): is its disk there?") from error
        except SQLAlchemyError as error:
            self.close()
            raise translate(error) from error

    def _open(self) -> None:
        connection = begun_by_us(self._database.engine.connect())
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 0")  # whoever waits here holds up all other requests
        self._connection, self._cursor = connection, cursor


def _data_version(cursor: Any) -> int:
    """A number that moves with every commit of somebody else than the cursor's connection."""
    return int(cursor.execute("PRAGMA data_version").fetchall()[0][0])
