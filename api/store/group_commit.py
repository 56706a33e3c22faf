"""Group commit for an event loop on SQLite: many writes in one transaction.

A commit to disk takes as long for thirty writes as for one. The works are run in the loop's thread, where nothing
contends with them; only what may wait is done elsewhere: taking the lock when somebody else has it, and the commit.
Nobody may be told that a write was done before `commit` has returned.

Most writes succeed, so a group is run without savepoints, which cost as much as an index. When one fails, the group is
taken back and run again with them: then what fails is undone alone.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from api.store.database import Database, Transaction, patience, translate
from api.store.errors import StoreError

T = TypeVar("T")

_WAIT = "PRAGMA busy_timeout = 5000"
_DO_NOT_WAIT = "PRAGMA busy_timeout = 0"


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

    def try_begin(self) -> bool:
        """Begin a group, if that needs no waiting; else False. Raises StoreError."""
        if not self._database.turn.acquire(blocking=False):
            return False
        try:
            self._begin()
        except OperationalError as error:
            self._drop()
            if "locked" in str(error.orig):
                return False
            raise translate(error) from error
        except SQLAlchemyError as error:
            self._drop()
            raise translate(error) from error
        return True

    def begin(self) -> None:
        """Begin a group, and wait for the lock. Raises StoreUnavailable when that takes too long."""
        self._database.take_turn()
        try:
            patience()(self._begin_patiently)
        except SQLAlchemyError as error:
            self._drop()
            raise translate(error) from error

    def run(self, work: Callable[[Transaction], T], *, carefully: bool) -> T:
        """Run one work in the group. `carefully`: behind a savepoint, so that one that raises is undone alone.

        Raises:
            GroupLost: it raised, and could not be undone alone.
            StoreError: for an error of the database; or what `work` raises.
        """
        assert self._connection is not None, "begun"
        driver = _driver(self._connection)
        if carefully:
            driver.execute("SAVEPOINT one")
        try:
            result = work(Transaction(self._connection))
        except Exception as error:
            told = _told(error)
            if not carefully or not driver.in_transaction:  # a full disk, say, takes all of the transaction back
                self.abandon()
                raise GroupLost(told) from error
            driver.execute("ROLLBACK TO one")
            driver.execute("RELEASE one")
            if told is error:
                raise
            raise told from error
        if carefully:
            driver.execute("RELEASE one")
        return result

    def commit(self) -> None:
        """Commit the group: what was run is on disk. Raises StoreError: none of it is."""
        assert self._connection is not None, "begun"
        try:
            self._connection.commit()
        except SQLAlchemyError as error:
            self._drop()
            raise translate(error) from error
        self._database.turn.release()

    def abandon(self) -> None:
        """End the group without a commit: nothing of it is written."""
        try:
            if self._connection is not None:
                self._connection.rollback()
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
            if self._connection is not None:
                _driver(self._connection).execute(_WAIT)
            self._begin(_WAIT)
            _driver(self._connection).execute(_DO_NOT_WAIT)
        except BaseException:
            self.close()
            raise

    def _begin(self, wait: str = _DO_NOT_WAIT) -> None:
        if self._connection is None:
            connection = self._database.engine.connect().execution_options(playground_write=True)
            connection.detach()  # from the pool: nobody else shall get one that does not wait
            _driver(connection).execute(wait)
            _driver(connection).execute("PRAGMA temp_store = MEMORY")  # what a savepoint needs is thrown away soon
            self._connection = connection
        self._connection.begin()

    def _drop(self) -> None:
        """End the group, and the connection, which may be broken."""
        self.close()
        self._database.turn.release()


def _told(error: Exception) -> Exception:
    """The store's error for one of the database's, else the error itself."""
    return translate(error) if isinstance(error, SQLAlchemyError | OverflowError | UnicodeError) else error


def _driver(connection: Connection | None) -> Any:
    assert connection is not None, "open"
    return connection.connection.dbapi_connection
