"""Many at once: one record, one port each, no lost versions."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from api.resources.wanted import Applied
from api.store import NoFreePort, Store, StoreUnavailable
from api.store.database import Transaction, open_database
from tests.store.builders import NOW, apply, at_once, claim, only
from tests.store.conftest import Databases


def test_fifty_requests_for_one_identity_make_one_record(store: Store, second: Store) -> None:
    stores = (store, second)
    applied = only(at_once(50, lambda number: apply(stores[number % 2])), Applied)
    assert len({one.playground.metadata.uid for one in applied}) == 1
    assert sorted(one.outcome for one in applied) == ["created"] + ["restarted"] * 49
    assert len(store.work.keys()) == 1
    assert len({one.playground.metadata.resource_version for one in applied}) == 50
    assert store.work.changed_since(0)[0] == 50


def test_fifty_reservations_of_forty_ports(store: Store, second: Store) -> None:
    uids = [apply(store, model=model).playground.metadata.uid for model in range(50)]
    holder = claim(store)

    def reserve(number: int) -> int:
        ledger = (store, second)[number % 2].ports
        candidates = range(7860, 7900)
        return ledger.reserve(holder, uids[number], address="127.0.0.1", candidates=candidates, avoid=(), now=NOW)

    results = at_once(50, reserve)
    ports = [result for result in results if isinstance(result, int)]
    assert sorted(ports) == list(range(7860, 7900))
    assert len(only([result for result in results if not isinstance(result, int)], NoFreePort)) == 10
    assert sorted(store.ports.reservations().values()) == sorted(ports)


def test_different_identities_with_one_default_name_each_get_a_name(store: Store, second: Store) -> None:
    # Two releases whose names, made fit for a label, are the same.
    apply(store, "taken@1", name="hello-1-0")
    releases = ["hello@1.0", "hello-1@0", "hello@1.0", "hello-1@0"]
    applied = only(at_once(4, lambda number: apply((store, second)[number % 2], releases[number])), Applied)
    names = {one.playground.metadata.name for one in applied}
    assert len(names) == 2
    assert names == {"hello-1-0-2", "hello-1-0-3"}


def test_a_version_once_seen_has_no_older_one_after_it(store: Store, second: Store) -> None:
    """Whoever reads up to a version never misses a change with a smaller one."""
    seen: list[str] = []
    after = 0

    def write(number: int) -> Applied:
        return apply((store, second)[number % 2], model=number)

    def read(_: int) -> None:
        nonlocal after
        while len(seen) < 20:
            after, changed = store.work.changed_since(after)
            seen.extend(changed)

    results = at_once(21, lambda number: read(number) if number == 20 else write(number))
    assert not [result for result in results if isinstance(result, Exception)]
    assert sorted(seen) == sorted(store.work.keys())


def test_nobody_takes_the_lease_over_in_the_middle_of_a_guarded_write(store: Store, second: Store, url: str) -> None:
    database = open_database(url)
    holder = claim(store, "old", now=NOW - 100)
    guarded, finish = threading.Event(), threading.Event()

    def write(transaction: Transaction) -> None:
        transaction.guard(holder)
        guarded.set()
        finish.wait(30)

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(database.write, write)
        assert guarded.wait(30)
        taking = pool.submit(claim, second, "new")
        with pytest.raises(TimeoutError):
            taking.result(timeout=0.3)
        finish.set()
        writing.result(timeout=30)
        assert taking.result(timeout=30).epoch == 2
    database.close()


def test_a_locked_sqlite_file_is_unavailable_and_may_be_tried_again(sqlite_path: Path) -> None:
    store = Store.open(f"sqlite:///{sqlite_path}")
    event.listen(store._database.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked") as refused:
        apply(store)
    assert refused.value.retryable
    assert store.work.keys() == (), "readers do not wait for a writer"
    other.execute("COMMIT")
    other.close()
    assert apply(store).outcome == "created"
    store.close()


@pytest.mark.postgres
def test_a_lock_of_postgresql_is_not_waited_for_without_end(
    postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.database._BUSY_SECONDS", 0.2)
    monkeypatch.setattr("api.store.database._FROZEN_SECONDS", 2.0)
    url = postgres_databases.migrated()
    store, frozen = Store.open(url), open_database(url)
    try:
        with frozen.engine.connect() as connection:
            Transaction(connection).next_version()  # and nothing more: its process was stopped, say
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                apply(store)
            # The server ends it, and what it held is free. Each look waits for the lock.
            assert any(_applies(store) for _ in range(50))
            connection.invalidate()
    finally:
        frozen.close()
        store.close()


def _applies(store: Store) -> bool:
    try:
        apply(store)
    except StoreUnavailable:
        return False
    return True


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    database = open_database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable, match="does not answer") as refused:
        Store(database).work.keys()
    assert refused.value.retryable
    database.close()
