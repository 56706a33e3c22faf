"""Migrations: up to the models, down to nothing, and two at once."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from api.resources.conditions import Reason
from api.resources.event import NewEvent
from api.store import SchemaMismatch, Store, StoreError, VersionTooOld, schema, schema_changes
from api.store.database import Transaction, open_database
from api.store.tables import Base
from tests.store.builders import NOW, apply, at_once, claim, report
from tests.store.conftest import Databases


def test_without_tables_every_call_says_what_to_run(empty: Store) -> None:
    with pytest.raises(SchemaMismatch, match="no tables yet: run `playground-server migrate`"):
        empty.check_schema()
    with pytest.raises(SchemaMismatch, match="run `playground-server migrate`"):
        empty.work.keys()
    with pytest.raises(SchemaMismatch):
        apply(empty)


def test_migrated_it_is_what_the_models_say_and_goes_down_to_nothing(databases: Databases) -> None:
    database = open_database(databases.new())
    schema.migrate(database)
    schema.check(database)
    options = {"compare_type": True, "compare_server_default": True}

    def differences(transaction: Transaction) -> object:
        return compare_metadata(MigrationContext.configure(transaction.connection, opts=options), Base.metadata)

    assert database.read(differences) == []
    schema_changes.run(database, lambda config: command.downgrade(config, "base"), schema.current)
    assert database.read(lambda transaction: inspect(transaction.connection).get_table_names()) == ["alembic_version"]
    schema.migrate(database)
    assert database.read(differences) == []
    database.close()


def test_the_version_that_is_looked_for_is_that_of_the_newest_migration() -> None:
    assert schema_changes.newest() == schema.REVISION


def test_who_finds_the_tables_as_they_shall_be_loads_nothing_to_change_them(databases: Databases) -> None:
    """Nor psycopg, where the database is another."""
    url = databases.migrated()
    unwanted = ["alembic", "mako", *(["psycopg"] if url.startswith("sqlite") else [])]
    program = (
        "import sys; from api.store import Store; store = Store.open(sys.argv[1]); store.migrate(); "
        "store.check_schema(); store.close(); print([name for name in sys.argv[2:] if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, url, *unwanted], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_migrating_again_keeps_what_is_there(store: Store) -> None:
    apply(store)
    store.migrate()
    store.check_schema()
    assert len(store.work.keys()) == 1


def test_several_processes_may_migrate_at_once(databases: Databases) -> None:
    url = databases.new()

    def migrate(_: int) -> bool:
        store = Store.open(url)
        store.migrate()
        store.check_schema()
        store.close()
        return True

    assert at_once(6, migrate) == [True] * 6


def test_a_failed_migration_leaves_nothing_behind(databases: Databases) -> None:
    database = open_database(databases.new())

    def fail(config: Config) -> None:
        command.upgrade(config, "head")
        raise RuntimeError("the machine went down")

    with pytest.raises(RuntimeError):
        schema_changes.run(database, fail, schema.current)
    assert database.read(lambda transaction: inspect(transaction.connection).get_table_names()) == []
    database.close()


def test_a_watch_of_events_from_before_each_had_its_version_begins_anew(store: Store, url: str) -> None:
    uid = apply(store).playground.metadata.uid
    two = (NewEvent(reason=Reason.SERVING, message=message) for message in ("one", "two"))
    store.work.report(claim(store), uid, report(*two), now=NOW)
    database = open_database(url)
    schema_changes.run(database, lambda config: command.downgrade(config, "0003"), schema.current)
    database.write(lambda transaction: transaction.run(text("UPDATE event SET version = 2")))
    schema.migrate(database)
    database.close()
    newest = store.journal.version()
    with pytest.raises(VersionTooOld):
        store.journal.events_since(2, limit=10)
    assert store.journal.events_since(newest, limit=10).items == ()
    assert len(store.events.snapshot(uid, 10).items) == 2


def test_a_newer_database_is_left_alone(url: str) -> None:
    database = open_database(url)
    database.write(lambda transaction: transaction.run(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SchemaMismatch, match=r"9999.*install that version"):
        schema.check(database)
    with pytest.raises(SchemaMismatch, match=r"9999.*install that version"):
        schema.migrate(database)
    database.close()


@pytest.mark.parametrize("column", ["identity", "name"])
def test_identity_and_name_are_unique_among_the_living_only(store: Store, url: str, column: str) -> None:
    apply(store)
    apply(store, "other@1")
    clash = text(f"UPDATE playground SET {column} = (SELECT {column} FROM playground WHERE id = 1) WHERE id = 2")
    database = open_database(url)
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        connection.execute(clash)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE playground SET deletion_requested_at = 1 WHERE id = 1"))
        connection.execute(clash)
    database.close()


def test_a_sqlite_file_is_private_durable_and_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "data" / "deep" / "100%.db"
    store = Store.open(f"sqlite:///{path}")
    store.migrate()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_name(path.name + "-wal").stat().st_mode & 0o777 == 0o600
    store.close()
    database = open_database(f"sqlite:///{path}")
    with database.engine.connect() as connection:
        pragmas = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert pragmas == ["wal", 2, 1, 5000]
    database.close()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://h/d", "postgresql://h/d"])
def test_a_url_that_cannot_serve_is_refused_with_what_can(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///path"):
        Store.open(url)


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/x\.db cannot be opened"):
        Store.open(f"sqlite:///{tmp_path}/file/x.db")
