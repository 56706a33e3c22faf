"""Groups of writes on SQLite: all of them or none are on disk, and one that fails hurts no other."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from api.resources.listing import PlaygroundFilters
from api.resources.wanted import Applied
from api.store import NameTaken, Store, StoreUnavailable
from api.store.database import Transaction
from api.store.group_commit import GroupCommit, GroupLost
from tests.store.builders import NOW, apply, wanted

Work = Callable[[Transaction], Applied]


class World:
    """A store with a group commit, and another one, as another process has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store, self.other = Store.open(f"sqlite:///{path}"), Store.open(f"sqlite:///{path}")
        group = self.store.group_commit()
        assert group is not None
        self.group: GroupCommit = group

    def close(self) -> None:
        self.store.close()
        self.other.close()

    def applying(self, *arguments: Any, **keywords: Any) -> Work:
        return self.store.playgrounds.applying(wanted(*arguments, **keywords), now=NOW)

    def names(self) -> list[str]:
        """All playgrounds that another process sees."""
        page = self.other.playgrounds.list(PlaygroundFilters(), page=1, page_size=100)
        return [each.metadata.name for each in page.items]


@pytest.fixture
def world(sqlite_path: Path) -> Iterator[World]:
    made = World(sqlite_path)
    yield made
    made.close()


def test_a_group_is_there_once_it_is_committed_and_not_before(world: World) -> None:
    assert world.group.try_begin()
    applied = [world.group.run(world.applying(model=model), carefully=model % 2 == 0) for model in range(5)]
    assert world.names() == []
    world.group.commit()
    assert world.names() == [each.playground.metadata.name for each in applied]
    assert [each.playground.metadata.resource_version for each in applied] == [1, 2, 3, 4, 5]
    assert [change.version for change in world.other.journal.since(0, limit=10).items] == [1, 2, 3, 4, 5]
    assert world.other.work.changed_since(0)[0] == 5


def test_one_that_fails_is_undone_alone(world: World) -> None:
    apply(world.store, "first@1", name="mine")
    assert world.group.try_begin()
    world.group.run(world.applying(model=1), carefully=True)
    with pytest.raises(NameTaken):
        world.group.run(world.applying("second@1", name="mine"), carefully=True)
    last = world.group.run(world.applying(model=2), carefully=True)
    world.group.commit()
    assert world.names() == ["mine", "hello-1-0-0-m1", "hello-1-0-0-m2"]
    assert last.playground.metadata.resource_version == 3, "what failed took no version"


def test_without_care_one_that_fails_takes_the_group_with_it(world: World) -> None:
    apply(world.store, "first@1", name="mine")
    assert world.group.try_begin()
    world.group.run(world.applying(model=1), carefully=False)
    with pytest.raises(GroupLost) as lost:
        world.group.run(world.applying("second@1", name="mine"), carefully=False)
    assert isinstance(lost.value.cause, NameTaken)
    assert world.names() == ["mine"]
    apply(world.other, "third@1")
    apply(world.store, "fourth@1")  # the turn is free


def test_what_takes_the_whole_transaction_back_takes_the_group_even_with_care(world: World) -> None:
    def as_a_full_disk_does(transaction: Transaction) -> Applied:
        driver: Any = transaction.connection.connection.dbapi_connection
        driver.execute("ROLLBACK")
        raise ValueError("full")

    assert world.group.try_begin()
    world.group.run(world.applying(), carefully=True)
    with pytest.raises(GroupLost) as lost:
        world.group.run(as_a_full_disk_does, carefully=True)
    assert isinstance(lost.value.cause, ValueError)
    assert world.names() == []
    apply(world.other, "third@1")
    apply(world.store, "fourth@1")


def test_one_that_does_not_fit_the_disk_is_told_so(world: World) -> None:
    assert world.group.try_begin()
    connection = world.group._connection
    assert connection is not None
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA max_page_count = {driver.execute('PRAGMA page_count').fetchone()[0] + 10}")
    world.group.run(world.applying(), carefully=True)
    with pytest.raises(GroupLost) as lost:
        world.group.run(world.applying("large@1", params={"text": "x" * 100_000}), carefully=True)
    assert isinstance(lost.value.cause, StoreUnavailable)
    assert "full" in str(lost.value.cause)
    assert world.names() == [], "nor is what came before it"
    assert world.group.try_begin()
    world.group.run(world.applying(), carefully=True)
    world.group.commit()
    assert world.names() == ["hello-1-0-0"]


def test_a_commit_that_fails_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.group.try_begin()
    world.group.run(world.applying(), carefully=False)
    execute = world.group._execute

    def fail(statement: str) -> None:
        if statement == "COMMIT":
            raise OperationalError(statement, {}, sqlite3.OperationalError("disk I/O error"))
        execute(statement)

    monkeypatch.setattr(world.group, "_execute", fail)
    with pytest.raises(StoreUnavailable, match="disk I/O"):
        world.group.commit()
    monkeypatch.undo()
    assert world.names() == []
    assert world.group.try_begin(), "with a connection of its own, and the turn is free"
    world.group.run(world.applying(), carefully=False)
    world.group.commit()
    assert world.names() == ["hello-1-0-0"]


def test_while_another_process_writes_nothing_is_begun_without_waiting(world: World) -> None:
    with sqlite3.connect(world.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not world.group.try_begin()
        with ThreadPoolExecutor(1) as pool:
            beginning = pool.submit(world.group.begin)
            with pytest.raises(TimeoutError):
                beginning.result(timeout=0.2)
            other.execute("COMMIT")
            beginning.result(timeout=30)
        world.group.run(world.applying(), carefully=False)
        world.group.commit()
    other.close()
    assert world.names() == ["hello-1-0-0"]


def test_while_a_thread_of_this_process_writes_neither(world: World) -> None:
    began, finish = threading.Event(), threading.Event()

    def write(_transaction: Transaction) -> None:
        began.set()
        finish.wait(30)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(world.store.write, write)
        assert began.wait(30)
        assert not world.group.try_begin()
        finish.set()
        writing.result(timeout=30)
    assert world.group.try_begin()
    world.group.abandon()


def test_a_lock_that_is_not_to_be_had_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.group_commit._WAIT_MS", 1)
    with sqlite3.connect(world.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            world.group.begin()
        other.execute("COMMIT")
    other.close()
    assert world.group.try_begin()
    world.group.abandon()


texts = st.text(st.characters(codec="utf-8"), max_size=8)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, max_size=4)


@given(params=objects, annotations=objects, labels=st.none() | st.dictionaries(texts, texts))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_create_answers_is_what_is_read_afterwards(
    params: dict[str, Any],
    annotations: dict[str, Any],
    labels: dict[str, str] | None,
    tmp_path_factory: pytest.TempPathFactory,
    sqlite_path: Path,
) -> None:
    path = tmp_path_factory.mktemp("one") / "records.db"
    shutil.copyfile(sqlite_path, path)
    world = World(path)
    try:
        asked = wanted(params=params, annotations=annotations, labels=labels, envs={"A": "ü"})
        applied = world.store.playgrounds.apply(asked, now=NOW)
        read = world.other.playgrounds.get(applied.playground.metadata.uid)
        assert applied.playground == read
        [change] = world.other.journal.since(0, limit=10).items
        assert change.playground == read
    finally:
        world.close()
