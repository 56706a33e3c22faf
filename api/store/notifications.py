"""Connections that hear PostgreSQL's notifications. A module of its own, as psycopg comes with it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from api.store.database import NOTIFY_CHANNEL, Database
from api.store.errors import StoreUnavailable


class Listeners:
    """Each is used by one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._idle: list[psycopg.Connection[Any]] = []
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that listens: an idle one, or a new one. One that broke is not used again.

        Raises StoreUnavailable when it breaks.
        """
        with self._lock:
            idle = self._idle.pop() if self._idle else None
        try:
            listener = idle or self._connect()
        except psycopg.Error as error:
            raise _unavailable(error) from error
        try:
            yield listener
        except psycopg.Error as error:
            listener.close()
            raise _unavailable(error) from error
        except BaseException:
            listener.close()
            raise
        with self._lock:
            self._idle.append(listener)

    def close(self) -> None:
        """Close those that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for listener in idle:
            listener.close()

    def _connect(self) -> psycopg.Connection[Any]:
        engine = self._database.engine
        arguments = dict(engine.dialect.create_connect_args(engine.url)[1])
        listener = psycopg.connect(**{"connect_timeout": 5, **arguments}, autocommit=True)
        listener.execute(f"LISTEN {NOTIFY_CHANNEL}")
        return listener


def _unavailable(error: psycopg.Error) -> StoreUnavailable:
    return StoreUnavailable(f"The database does not answer ({str(error).strip().splitlines()[0]}): is it running?")
