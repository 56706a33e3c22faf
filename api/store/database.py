"""The database behind the store: connections, transactions, retries, and the one translation of its errors.

A write is a transaction of its own that is safe to run again: on SQLite it takes the write lock at its beginning (BEGIN
IMMEDIATE), so that no transaction has to upgrade a read and deadlock; on PostgreSQL every write that counts takes the
counter's row first (`Transaction.next_version`), which orders the writers and makes versions grow in commit order.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, RowMapping, bindparam, create_engine, event, make_url, select, text, update
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.sql.expression import Executable
from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from api.resources.desired import Claim
from api.resources.lease import CONTROLLER_LEASE
from api.store.checkpoints import LATEST_PAGES, Checkpoints
from api.store.errors import SchemaMismatch, StaleClaim, StoreError, StoreUnavailable, ValueRefused
from api.store.json_text import dump_json
from api.store.prepared import Prepared
from api.store.sqlite_connections import SqliteConnections
from api.store.tables import counter, lease
from api.store.turn import Turn

T = TypeVar("T")

NOTIFY_CHANNEL = "playground_desired"
MIGRATE = "run `playground-server migrate`"
_ATTEMPTS = 6
_BUSY_SECONDS = 5.0
_FROZEN_SECONDS = 60.0
"""What a process may be silent for in the midst of a transaction; it would hold up all other writers."""
_POOL_SIZE, _POOL_OVERFLOW, _POOL_SECONDS = 8, 32, 10.0
# Serialization failure and deadlock: the transaction did nothing, and run again it may succeed.
_TRANSIENT_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_COUNTED = {"version": counter.c.version + 1 + bindparam("events")}
_NEXT_VERSION = Prepared(update(counter).values(_COUNTED).returning(counter.c.version))
_NEXT_DESIRED_VERSION = Prepared(
    update(counter).values(_COUNTED | {"desired_version": counter.c.version + 1}).returning(counter.c.version)
)
_VERSIONS = Prepared(select(counter.c.version, counter.c.desired_version))
_SET_VERSIONS = Prepared(
    update(counter).values(version=bindparam("newest"), desired_version=bindparam("newest_desired"))
)
_OF_CONTROLLER = select(lease.c.holder, lease.c.epoch).where(lease.c.name == CONTROLLER_LEASE)
_LEASE, _LEASE_LOCKED = Prepared(_OF_CONTROLLER), Prepared(_OF_CONTROLLER.with_for_update(read=True))
_MISSING_TABLE_SQLSTATES = frozenset({"42P01", "42703"})


@dataclass(frozen=True)
class Transaction:
    """One open transaction. Only `Database` makes one."""

    connection: Connection

    def all(self, statement: Executable) -> list[RowMapping]:
        """The rows of a query."""
        return list(self.connection.execute(statement).mappings())

    def first(self, statement: Executable) -> RowMapping | None:
        """The first row of a query, or None."""
        return self.connection.execute(statement).mappings().first()

    def run(self, statement: Executable) -> int:
        """Run a change; the number of rows it touched."""
        return self.connection.execute(statement).rowcount

    def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return self.connection.execute(statement).scalar()

    def next_version(self, *, desired: bool = False, events: int = 0) -> int:
        """The version of this write, newer than any committed one; holds the counter's row until the end.

        `desired` says that the desired side changes, and wakes those who wait for that. The `events` versions that
        follow belong to this write too: each of its events gets one of its own (`events.record`).
        """
        counted = (_NEXT_DESIRED_VERSION if desired else _NEXT_VERSION).first(self.connection, events=events)
        if counted is None:
            raise _no_counter()
        if desired and self.connection.dialect.name == "postgresql":
            self.connection.execute(text(f"NOTIFY {NOTIFY_CHANNEL}"))
        return int(counted["version"]) - events

    def versions(self) -> tuple[int, int]:
        """The newest version, and the newest of the desired side."""
        row = _VERSIONS.first(self.connection)
        if row is None:
            raise _no_counter()
        return int(row["version"]), int(row["desired_version"])

    def set_versions(self, version: int, desired_version: int) -> None:
        """Write down what somebody has counted who has the only transaction that writes (`GroupCommit`)."""
        _SET_VERSIONS.all(self.connection, newest=version, newest_desired=desired_version)

    def holds(self, claim: Claim, *, lock: bool = True) -> bool:
        """Whether the claim is still that of the controller's lease.

        With the lock (in a write) nobody can take it over before the transaction ends.
        """
        row = (_LEASE_LOCKED if lock else _LEASE).first(self.connection)
        return row is not None and row["holder"] == claim.holder and row["epoch"] == claim.epoch

    def guard(self, claim: Claim) -> None:
        """Raise StaleClaim unless the claim holds."""
        if not self.holds(claim):
            raise StaleClaim(claim.holder, claim.epoch)


def _no_counter() -> SchemaMismatch:
    return SchemaMismatch(f"The database's change counter is missing: {MIGRATE}.")


class Database:
    """An engine and the two ways to use it: `read` and `write`. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.turn = Turn(Path(engine.url.database) if self.is_sqlite and engine.url.database else None)
        """Held by whoever writes to SQLite."""
        self.checkpoints = Checkpoints(engine)
        """For SQLite; they are made after a turn."""
        self._sqlite = SqliteConnections(engine) if self.is_sqlite else None

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a read transaction, again when the database says that it did nothing.

        Raises:
            StoreUnavailable, SchemaMismatch, ValueRefused, or what `work` raises.
        """
        return self._retrying(work, write=False)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a write transaction and commit it; `work` may run several times, so it changes nothing else.

        Run again after a lock that was not to be had, a serialization failure, or a row that somebody else inserted
        first (a unique constraint): the second run sees it.

        Raises:
            StoreUnavailable, SchemaMismatch, ValueRefused, or what `work` raises.
        """
        if not self.is_sqlite:
            return self._retrying(work, write=True)
        self.take_turn()
        try:
            result = self._retrying(work, write=True)
        finally:
            self.turn.release()
        if self.checkpoints.written():
            self.checkpoints.make()
        return result

    def take_turn(self) -> None:
        """Wait for the turn to write to SQLite; whoever calls this releases `turn`. Raises StoreUnavailable."""
        with _turn_errors():
            has_turn = self.turn.acquire(timeout=_BUSY_SECONDS)
        if not has_turn:
            raise StoreUnavailable("The database is busy: other writes took too long. Try again.")

    def try_take_turn(self) -> bool:
        """Take the turn if that needs no waiting; whether it is ours. Raises StoreUnavailable."""
        with _turn_errors():
            return self.turn.try_acquire()

    def close(self) -> None:
        """Close all connections."""
        if self._sqlite is not None:
            self._sqlite.close()
        self.engine.dispose()
        self.turn.close()

    def _once(self, work: Callable[[Transaction], T], *, write: bool) -> T:
        if self._sqlite is not None:
            return self._sqlite.run(lambda connection: work(Transaction(connection)), write=write)
        with self.engine.connect() as connection:
            if not write:
                # One snapshot for all the queries of a read, as on SQLite.
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                return work(Transaction(connection))

    def _retrying(self, work: Callable[[Transaction], T], *, write: bool) -> T:
        try:
            try:
                return self._once(work, write=write)
            except SQLAlchemyError as error:
                if not _is_transient(error):
                    raise
            result: T = patience()(self._once, work, write=write)
        except (SQLAlchemyError, OverflowError, UnicodeError) as error:
            raise translate(error) from error
        return result


@contextmanager
def _turn_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"The file {error.filename} beside the database cannot be opened: {error.strerror}."
        ) from error


def patience() -> Retrying:
    """Calls again what did nothing and may do it the next time."""
    return Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_BUSY_SECONDS),
        wait=wait_random_exponential(multiplier=0.01, max=0.5),
        reraise=True,
    )


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, IntegrityError):
        return True
    if not isinstance(error, OperationalError):
        return False
    if getattr(error.orig, "sqlstate", None) in _TRANSIENT_SQLSTATES:
        return True
    return "locked" in str(error.orig)


def translate(error: Exception) -> StoreError:
    """The store's error for one of the database's."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, StoreError):  # raised while a value was made ready for a column
        return cause
    sqlstate = getattr(cause, "sqlstate", None)
    detail = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    if sqlstate in _MISSING_TABLE_SQLSTATES or "no such table" in detail or "no such column" in detail:
        return SchemaMismatch(f"The database's tables are not those of this version ({detail}): {MIGRATE}.")
    if isinstance(error, OverflowError | UnicodeError | DataError):
        return ValueRefused(f"The database cannot hold a value: {detail}.")
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return StoreUnavailable(f"The database does not answer ({detail}): is it running, and its disk not full?")
    if isinstance(error, IntegrityError | ProgrammingError | DBAPIError):
        return StoreError(f"The database refused a change: {detail}.")
    return StoreError(f"The database failed: {detail}.")


def open_database(url: str) -> Database:
    """Connect lazily to `sqlite:///path` (made with mode 0600, its folder too) or `postgresql+psycopg://…`.

    Raises:
        StoreError: when the URL is neither, or the file cannot be made.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError("The database URL cannot be read: write sqlite:///path or postgresql+psycopg://….") from error
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError("The database URL names no file: two processes share it, so write sqlite:///path.")
        _make_private(Path(parsed.database))
        engine = _engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(engine)
    if parsed.drivername == "postgresql+psycopg":
        engine = _engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 5})
        event.listen(engine, "connect", _prepare_postgresql)
        return Database(engine)
    raise StoreError(
        f"The database URL starts with {parsed.drivername}://: write sqlite:///path or postgresql+psycopg://…."
    )


def _engine(url: str, **options: Any) -> Engine:
    return create_engine(
        url,
        json_serializer=dump_json,
        json_deserializer=orjson.loads,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_POOL_SECONDS,
        **options,
    )


def _make_private(path: Path) -> None:
    """Create the file with mode 0600 if it is not there; SQLite gives its side files the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"The database file {path} cannot be opened: {error.strerror}.") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver would begin late, and not before DDL
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {LATEST_PAGES}")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """Nobody waits for a lock without end, and who stopped in the midst of a transaction loses what it holds."""
    connection.autocommit = True  # else the settings would go with the first rollback
    connection.execute(f"SET lock_timeout = {int(_BUSY_SECONDS * 1000)}")
    connection.execute(f"SET idle_in_transaction_session_timeout = {int(_FROZEN_SECONDS * 1000)}")
    connection.autocommit = False


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("playground_begun", False):
        connection.exec_driver_sql("BEGIN")
