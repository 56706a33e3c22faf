"""Transactions past the toolkit's: all or nothing, on connections that stay open, and never on a broken one."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from api.store.database import Database, open_database
from api.store.sqlite_connections import KEPT, SqliteConnections
from api.store.sqlite_driver import driver_of, execute


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty file with one table of numbers."""
    database = open_database(f"sqlite:///{tmp_path / 'numbers.db'}")
    with database.engine.connect() as connection:
        execute(connection, "CREATE TABLE number (value INTEGER)")
    yield database
    database.close()


@pytest.fixture
def connections(database: Database) -> Iterator[SqliteConnections]:
    """The connections of its engine."""
    connections = SqliteConnections(database.engine)
    yield connections
    connections.close()


def _add(connection: Connection) -> Any:
    execute(connection, "INSERT INTO number VALUES (1)")
    return driver_of(connection)


def _count(connections: SqliteConnections) -> int:
    return int(connections.run(lambda c: execute(c, "SELECT count(*) FROM number").fetchone()[0], write=False))


def test_what_is_written_is_committed_and_the_connection_used_again(connections: SqliteConnections) -> None:
    assert connections.run(_add, write=True) is connections.run(_add, write=True)
    assert _count(connections) == 2


def test_a_work_that_raises_leaves_nothing_and_a_connection_without_a_transaction(
    connections: SqliteConnections,
) -> None:
    used = []

    def fail(connection: Connection) -> None:
        used.append(_add(connection))
        raise LookupError

    with pytest.raises(LookupError):
        connections.run(fail, write=True)
    assert _count(connections) == 0
    assert connections.run(driver_of, write=False) is used[0]


def test_after_an_error_of_the_database_another_connection_is_used(connections: SqliteConnections) -> None:
    used = []

    def fail(connection: Connection) -> None:
        used.append(_add(connection))
        execute(connection, "SELECT value FROM absent")

    with pytest.raises(OperationalError, match="no such table"):
        connections.run(fail, write=True)
    assert _count(connections) == 0
    assert connections.run(driver_of, write=False) is not used[0]


def test_those_beyond_what_is_kept_are_closed_again(connections: SqliteConnections) -> None:
    many, drivers = KEPT + 2, set()
    all_there = threading.Barrier(many)

    def wait(connection: Connection) -> None:
        drivers.add(driver_of(connection))
        all_there.wait(30)

    threads = [threading.Thread(target=connections.run, args=(wait,), kwargs={"write": False}) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drivers) == many
    assert sum(_is_open(driver) for driver in drivers) == KEPT
    connections.close()
    assert not any(map(_is_open, drivers))


def _is_open(driver: sqlite3.Connection) -> bool:
    try:
        driver.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True
