"""The schema's version: bring the database up to it, and tell when it is not."""

import threading
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from api.store.database import MIGRATE, Database, Transaction
from api.store.errors import SchemaMismatch, StoreError

_SCRIPTS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 7860
# Alembic keeps the context of a run in a global of its module.
_alembic = threading.Lock()


def migrate(database: Database) -> None:
    """Bring the schema to this version, whole or not at all. Processes that start at once do it one by one.

    Raises:
        StoreError: when the database belongs to a newer version than this.
    """
    run(database, lambda config: command.upgrade(config, "head"))


def run(database: Database, step: Callable[[Config], None]) -> None:
    """Run an Alembic command in one transaction that no other migration can interleave."""

    def work(transaction: Transaction) -> None:
        if not database.is_sqlite:  # SQLite's write lock is held already
            # Another process may migrate for a long time: that is waited for.
            transaction.connection.execute(text("SET LOCAL lock_timeout = 0"))
            transaction.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        found = _current(transaction.connection)
        if found and found not in _known():
            raise SchemaMismatch(f"The database is of a newer version (revision {found}): install that version.")
        with _alembic:
            step(_config(transaction.connection))

    database.write(work)


def check(database: Database) -> None:
    """Raise SchemaMismatch unless the database has this version's schema."""
    found = database.read(lambda transaction: _current(transaction.connection))
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if found == head:
        return
    if found is None:
        raise SchemaMismatch(f"The database has no tables yet: {MIGRATE}.")
    if found not in _known():
        raise SchemaMismatch(f"The database is of a newer version (revision {found}): install that version.")
    raise SchemaMismatch(f"The database is at revision {found}, this version needs {head}: {MIGRATE}.")


def _current(connection: Connection) -> str | None:
    heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) > 1:
        raise StoreError(f"The database has several schema versions at once: {', '.join(sorted(heads))}.")
    return heads[0] if heads else None


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config
