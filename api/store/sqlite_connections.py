"""Transactions on SQLite, on connections that stay open between them.

For each transaction the toolkit takes a connection from its pool, copies its options, tells its listeners, and puts it
back with a rollback. That takes longer than most of what is done in between.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from api.store.sqlite_driver import begun_by_us, driver_of, execute

T = TypeVar("T")

KEPT = 8
"""Connections that stay open: more are opened where more is done at once, and closed again."""


class SqliteConnections:
    """Any number of transactions at a time, each on a connection of its own. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[Connection] = deque()

    def run(self, work: Callable[[Connection], T], *, write: bool) -> T:
        """Run the work in a transaction, and commit it; when it raises, nothing of it is written.

        `write`: with SQLite's lock from the beginning on.

        Raises SQLAlchemyError, or what `work` raises.
        """
        connection = self._taken()
        try:
            execute(connection, "BEGIN IMMEDIATE" if write else "BEGIN")
            result = work(connection)
            execute(connection, "COMMIT")
        except SQLAlchemyError:
            _close(connection)  # it may be broken; what is open on it is rolled back
            raise
        except BaseException:
            self._take_back(connection)
            raise
        self._keep(connection)
        return result

    def close(self) -> None:
        """Close those that nobody uses. They are opened again where they are needed."""
        with suppress(IndexError):
            while True:
                _close(self._idle.pop())

    def _taken(self) -> Connection:
        """The one that was used last, else a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            return begun_by_us(self._engine.connect())

    def _take_back(self, connection: Connection) -> None:
        try:
            if driver_of(connection).in_transaction:
                execute(connection, "ROLLBACK")
        except SQLAlchemyError:
            _close(connection)
        else:
            self._keep(connection)

    def _keep(self, connection: Connection) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            _close(connection)


def _close(connection: Connection) -> None:
    with suppress(SQLAlchemyError):
        connection.close()
