"""Past the toolkit, to SQLite's own driver: what is said there costs a tenth, and fails as the toolkit would say it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def driver_of(connection: Connection) -> Any:
    """The driver's connection below it."""
    return connection.connection.dbapi_connection


def execute(connection: Connection, statement: str, values: Sequence[Any] = ()) -> Any:
    """The driver's cursor, after the statement. Raises DBAPIError."""
    try:
        return driver_of(connection).execute(statement, values)
    except sqlite3.Error as error:
        raise failed(statement, error) from error


def failed(statement: str, error: sqlite3.Error) -> Exception:
    """The toolkit's error for one of the driver's."""
    return DBAPIError.instance(statement, None, error, sqlite3.Error)


def begun_by_us(connection: Connection) -> Connection:
    """The same, of whose transactions the toolkit knows nothing: whoever has it says BEGIN, and COMMIT.

    It is out of the pool: nobody else gets it, and to close it closes the driver's connection.
    """
    ours = connection.execution_options(playground_begun=True)
    ours.detach()
    ours.begin()  # one without an end, by which the toolkit does not begin another
    return ours
