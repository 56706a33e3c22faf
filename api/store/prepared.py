"""Statements that are asked for all the time: compiled once, and then run by SQLite's driver itself.

At each call the toolkit looks a statement up, binds values and wraps rows, which takes many times as long as SQLite
does. On PostgreSQL, where a round trip takes longer than all of that, they are run in the usual way.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Connection, Delete, Dialect, Insert, Select, Table, Update, insert
from sqlalchemy.types import TypeEngine

from api.store.json_text import dump_json
from api.store.sqlite_driver import execute, failed

Row = dict[str, Any]
_Process = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """For SQLite: the text, what goes into its places, and what comes out of them."""

    text: str
    binds: tuple[tuple[str, _Process], ...]
    constants: Row
    columns: tuple[tuple[str, _Process], ...]

    def run(self, connection: Connection, values: Row) -> Any:
        """The driver's cursor, after the statement. Raises DBAPIError."""
        given = self.constants | values if self.constants else values
        bound = [given[name] if process is None else process(given[name]) for name, process in self.binds]
        return execute(connection, self.text, bound)


class Prepared:
    """A statement whose values are `bindparam`s or constants, never a list of unknown length. Thread-safe."""

    def __init__(self, statement: Select[Any] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._compiled: _Compiled | None = None

    def first(self, connection: Connection, **values: Any) -> Row | None:
        """The first row by its columns' names, or None."""
        rows = self.all(connection, **values)
        return rows[0] if rows else None

    def all(self, connection: Connection, **values: Any) -> list[Row]:
        """All rows, each by its columns' names. A change without RETURNING gives none."""
        if connection.dialect.name != "sqlite":
            result = connection.execute(self._statement, values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []
        compiled = self._ready(connection.dialect)
        cursor = compiled.run(connection, values)
        if not compiled.columns:
            return []
        try:
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise failed(compiled.text, error) from error
        return [
            {
                name: value if process is None else process(value)
                for (name, process), value in zip(compiled.columns, row, strict=True)
            }
            for row in rows
        ]

    def row_id(self, connection: Connection, **values: Any) -> int:
        """On SQLite, for an insert: the id that the row got. RETURNING would take as long again as the insert."""
        return int(self._ready(connection.dialect).run(connection, values).lastrowid)

    def _ready(self, dialect: Dialect) -> _Compiled:
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = _compile(self._statement, dialect)
        return compiled


class Insertion:
    """An insert of a row whose id, in the column of that name, the database makes."""

    def __init__(self, table: Table, values: Row, generated: str) -> None:
        self._plain = Prepared(insert(table).values(values))
        self._returning = Prepared(insert(table).values(values).returning(table.c[generated]))
        self._generated = generated

    def row_id(self, connection: Connection, **values: Any) -> int:
        """Insert it; the id that it got."""
        if connection.dialect.name == "sqlite":
            return self._plain.row_id(connection, **values)
        inserted = self._returning.first(connection, **values)
        assert inserted is not None, "it returns the id"
        return int(inserted[self._generated])


def _bind_process(type_: TypeEngine[Any], dialect: Dialect) -> _Process:
    """What makes a value fit for the driver; of JSON, the same as the type itself does, without its many steps."""
    if not isinstance(type_, JSON):
        process: _Process = type_.dialect_impl(dialect).bind_processor(dialect)
        return process
    assert type_.none_as_null, "an absent value is NULL"
    return lambda value: None if value is None else dump_json(value)


def _compile(statement: Select[Any] | Insert | Update | Delete, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    places: list[str] = getattr(compiled, "positiontup", None) or []
    binds = getattr(compiled, "binds", {})
    return _Compiled(
        text=str(compiled),
        binds=tuple((name, _bind_process(binds[name].type, dialect)) for name in places),
        constants={name: value for name, value in compiled.params.items() if value is not None},
        columns=tuple(
            (column.key or "", column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in statement.exported_columns
        ),
    )
