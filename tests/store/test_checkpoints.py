"""Checkpoints: due after so many writes, made beside them."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from api.store import Store
from api.store.checkpoints import WRITES, Checkpoints
from tests.store.builders import apply


def _pages_in_file(path: Path) -> int:
    return path.stat().st_size // 4096


def test_one_is_made_after_so_many_writes_and_not_before(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.checkpoints.WRITES", 30)
    store = Store.open(f"sqlite:///{sqlite_path}")
    before = _pages_in_file(sqlite_path)
    for model in range(29):
        apply(store, model=model)
    assert _pages_in_file(sqlite_path) == before
    apply(store, model=29)
    assert _pages_in_file(sqlite_path) > before
    store.close()


def test_a_group_says_when_one_is_due_and_leaves_it_to_others(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.checkpoints.WRITES", 2)
    store = Store.open(f"sqlite:///{sqlite_path}")
    group = store.group_commit()
    assert group is not None
    assert group.try_begin()
    group.run(lambda transaction: transaction.next_version(), carefully=False)
    assert not group.commit()
    assert group.try_begin()
    for _ in range(2):
        group.run(lambda transaction: transaction.next_version(), carefully=False)
    assert group.commit()
    group.checkpoint()
    assert group.try_begin()
    assert not group.commit(), "that one has been made"
    store.close()


def test_one_that_fails_hurts_nobody(tmp_path: Path) -> None:
    checkpoints = Checkpoints(create_engine(f"sqlite:///{tmp_path / 'absent' / 'records.db'}"))
    assert checkpoints.written(WRITES)
    checkpoints.make()
    assert not checkpoints.written(), "the next one is due soon"
