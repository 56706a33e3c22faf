"""Runs the migrations, with Alembic. A module of its own, as only a database of another version needs all that."""

import threading
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from api.store.database import Database, Transaction
from api.store.errors import SchemaMismatch

_SCRIPTS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 7860
# Alembic keeps the context of a run in a global of its module.
_alembic = threading.Lock()


def upgrade(database: Database, current: Callable[[Connection], str | None]) -> None:
    """Bring the schema to the newest version. Raises SchemaMismatch when the database is of a newer one."""
    run(database, lambda config: command.upgrade(config, "head"), current)


def run(database: Database, step: Callable[[Config], None], current: Callable[[Connection], str | None]) -> None:
    """Run an Alembic command in one transaction that no other migration can interleave."""

    def work(transaction: Transaction) -> None:
        if not database.is_sqlite:  # SQLite's write lock is held already
            # Another process may migrate for a long time: that is waited for.
            transaction.connection.execute(text("SET LOCAL lock_timeout = 0"))
            transaction.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        found = current(transaction.connection)
        if found and found not in known():
            raise SchemaMismatch(f"The database is of a newer version (revision {found}): install that version.")
        with _alembic:
            step(_config(transaction.connection))

    database.write(work)


def newest() -> str | None:
    """The revision of this version."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def known() -> set[str]:
    """All revisions up to it."""
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config
