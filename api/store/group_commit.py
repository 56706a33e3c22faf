"""Group commit for an event loop on SQLite: many writes in one transaction.

A commit to disk takes as long for thirty writes as for one. The works are run in the loop's thread, where nothing
contends with them; only what may wait is done elsewhere: taking the lock when somebody else has it, and the commit.
Nobody may be told that a write was done before `commit` has returned.

Most writes succeed, so a group is run without savepoints, which cost as much as an index. When one fails, the group is
taken back and run again with them: then what fails is undone alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from api.store.database import Database, Transaction, patience, translate
from api.store.errors import StoreError
from api.store.sqlite_driver import begun_by_us, driver_of, execute

T = TypeVar("T")

_WAIT_MS = 5000


@dataclass(slots=True)
class _Count:
    """The versions of a group's writes: counted here, and written once, before the commit. Nobody else counts then."""

    latest: tuple[int, int] | None = None
    """The newest version, and the newest of the desired side; None as long as no write has asked for one."""

    def next(self, transaction: Transaction, *, desired: bool, events: int) -> int:
        """As `Transaction.next_version`."""
        newest, newest_desired = self.latest or transaction.versions()
        version = newest + 1
        self.latest = (version + events, version if desired else newest_desired)
        return version

    def write(self, transaction: Transaction) -> None:
        """Have the records go on from there."""
        if self.latest is not None:
            transaction.set_versions(*self.latest)


@dataclass(frozen=True)
class _Counting(Transaction):
    """A transaction that counts in its group."""

    count: _Count

    def next_version(self, *, desired: bool = False, events: int = 0) -> int:
        return self.count.next(self, desired=desired, events=events)


class GroupLost(StoreError):
    """A write failed, and the group is over: nothing of it was written, and every write of it can be run again.

    `cause` is the write's own error.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__("The database took back what was written together with a write that failed.")
        self.cause = cause


class GroupCommit:
    """One group after the other: begin, run any number of works, commit. For one thread at a time."""

    def __init__(self, database: Database) -> None:
        assert database.is_sqlite, "another database commits in groups by itself"
        self._database = database
        self._connection: Connection | None = None
        self._works = 0
        self._count = _Count()

    def try_begin(self) -> bool:
        """Begin a group, if that needs no waiting; else False. Raises StoreError."""
        if not self._database.try_take_turn():
            return False
        try:
            self._execute("BEGIN IMMEDIATE")
        except SQLAlchemyError as error:
            self.abandon()
            if isinstance(error, OperationalError) and "locked" in str(error.orig):
                return False
            raise translate(error) from error
        return True

    def begin(self) -> None:
        """Begin a group, and wait for the lock. Raises StoreUnavailable when that takes too long."""
        self._database.take_turn()
        try:
            patience()(self._begin_patiently)
        except SQLAlchemyError as error:
            self.abandon()
            raise translate(error) from error

    def run(self, work: Callable[[Transaction], T], *, carefully: bool) -> T:
        """Run one work in the group. `carefully`: behind a savepoint, so that one that raises is undone alone.

        Raises:
            GroupLost: it raised, and could not be undone alone.
            StoreError: for an error of the database; or what `work` raises.
        """
        connection, counted = self._opened(), self._count.latest
        self._works += 1
        if carefully:
            self._execute("SAVEPOINT one")
        try:
            result = work(_Counting(connection, self._count))
        except Exception as error:
            told = _told(error)
            if not carefully or not driver_of(connection).in_transaction:  # a full disk, say, takes all of it back
                self.abandon()
                raise GroupLost(told) from error
            self._count.latest = counted
            self._execute("ROLLBACK TO one")
            self._execute("RELEASE one")
            if told is error:
                raise
            raise told from error
        if carefully:
            self._execute("RELEASE one")
        return result

    def commit(self) -> bool:
        """Commit the group: what was run is on disk. Whether a `checkpoint` is due.

        Raises StoreError: none of it is on disk.
        """
        works, count = self._works, self._count
        self._works, self._count = 0, _Count()
        try:
            count.write(Transaction(self._opened()))
            self._execute("COMMIT")
        except SQLAlchemyError as error:
            self.close()  # it may be broken; what is open on it is rolled back
            self._database.turn.release()
            raise translate(error) from error
        self._database.turn.release()
        return self._database.checkpoints.written(works)

    def checkpoint(self) -> None:
        """Bring what was committed from the write-ahead log into the file. In a thread where nobody waits for it."""
        self._database.checkpoints.make()

    def abandon(self) -> None:
        """End the group without a commit: nothing of it is written."""
        self._works, self._count = 0, _Count()
        try:
            if self._connection is not None and driver_of(self._connection).in_transaction:
                self._execute("ROLLBACK")
        except SQLAlchemyError:
            self.close()
        finally:
            self._database.turn.release()

    def close(self) -> None:
        """Close the connection. No group may be open; the next one opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _begin_patiently(self) -> None:
        try:
            self._execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
            self._execute("BEGIN IMMEDIATE")
            self._execute("PRAGMA busy_timeout = 0")
        except BaseException:
            self.close()
            raise

    def _execute(self, statement: str) -> None:
        execute(self._opened(), statement)

    def _opened(self) -> Connection:
        if self._connection is None:
            connection = begun_by_us(self._database.engine.connect())
            execute(connection, "PRAGMA busy_timeout = 0")
            execute(connection, "PRAGMA temp_store = MEMORY")  # what a savepoint needs is thrown away soon
            self._connection = connection
        return self._connection


def _told(error: Exception) -> Exception:
    """The store's error for one of the database's, else the error itself."""
    return translate(error) if isinstance(error, SQLAlchemyError | OverflowError | UnicodeError) else error
