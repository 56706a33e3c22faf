"""Checkpoints of SQLite's write-ahead log, made after writes and not in them.

SQLite makes them by itself, in the commit that finds the log long enough; that one then takes many times as long, and
so does everything that waits for it. Here they are made when nobody waits: what is committed lies in the log, durably,
whether it has been brought into the file or not.
"""

import sqlite3
import threading
from contextlib import closing, suppress

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

WRITES = 1000
"""After so many of this process one is due: each adds a few pages of 4 KiB to the log. A page that was written many
times since the last one is brought over once, so seldom is cheaper than often."""
LATEST_PAGES = 16_000
"""Where the log gets so long all the same, SQLite makes one in a commit."""


class Checkpoints:
    """Counts writes, and makes checkpoints. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writes = 0
        self._making = threading.Lock()

    def written(self, writes: int = 1) -> bool:
        """Note committed writes; whether a checkpoint is due."""
        self._writes += writes  # one that is counted wrongly, as two threads do it at once, does no harm
        return self._writes >= WRITES

    def make(self) -> None:
        """Make one, unless somebody does. It waits for the disk, and neither for readers nor for writers.

        An error is none of the writes': they are committed, and the next one is due soon.
        """
        if not self._making.acquire(blocking=False):
            return
        try:
            self._writes = 0
            with suppress(SQLAlchemyError, sqlite3.Error), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            self._making.release()
