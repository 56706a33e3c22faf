"""The schema's version: bring the database up to it, and tell when it is not."""

from sqlalchemy import Connection, Text, column, inspect, select, table

from api.store.database import MIGRATE, Database
from api.store.errors import SchemaMismatch, StoreError

REVISION = "0005"
"""Of the newest migration. Where the database has it nothing else is looked at: what migrates takes memory to load."""
_VERSIONS = "alembic_version"


def migrate(database: Database) -> None:
    """Bring the schema to this version, whole or not at all. Processes that start at once do it one by one.

    Raises:
        StoreError: when the database belongs to a newer version than this.
    """
    if _found(database) == REVISION:
        return
    from api.store import schema_changes  # noqa: PLC0415 (with it comes all of Alembic)

    schema_changes.upgrade(database, current)


def check(database: Database) -> None:
    """Raise SchemaMismatch unless the database has this version's schema."""
    found = _found(database)
    if found == REVISION:
        return
    if found is None:
        raise SchemaMismatch(f"The database has no tables yet: {MIGRATE}.")
    from api.store import schema_changes  # noqa: PLC0415 (with it comes all of Alembic)

    if found not in schema_changes.known():
        raise SchemaMismatch(f"The database is of a newer version (revision {found}): install that version.")
    raise SchemaMismatch(f"The database is at revision {found}, this version needs {REVISION}: {MIGRATE}.")


def current(connection: Connection) -> str | None:
    """The revision of the database; None where it has no tables. Raises StoreError where it has several."""
    if not inspect(connection).has_table(_VERSIONS):
        return None
    revisions = select(column("version_num", Text)).select_from(table(_VERSIONS))
    found = sorted(connection.execute(revisions).scalars())
    if len(found) > 1:
        raise StoreError(f"The database has several schema versions at once: {', '.join(found)}.")
    return found[0] if found else None


def _found(database: Database) -> str | None:
    return database.read(lambda transaction: current(transaction.connection))
