"""Turns to write to one SQLite file: who waits comes next, whoever else writes without a break."""

import fcntl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.store import Store, StoreUnavailable
from api.store.database import open_database
from api.store.turn import Turn
from tests.store.builders import apply, at_once, claim
from tests.testbed.pauses import await_true

_GROUP, _TRIES = 16, 15
_FLOOD = f"""
import itertools, sys
from api.store import Store
from tests.store.builders import NOW, wanted

store = Store.open(sys.argv[1])
group = store.group_commit()
for number in itertools.count():
    group.begin()
    for one in range({_GROUP}):
        group.run(store.playgrounds.applying(wanted(model=number * {_GROUP} + one), now=NOW), carefully=False)
    group.commit()
    print(number, flush=True)
"""


@contextmanager
def _flood(path: Path) -> Iterator[None]:
    """Another process that creates playgrounds, group after group, without a pause."""
    command = [sys.executable, "-c", _FLOOD, f"sqlite:///{path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), "it has committed a group"
            drain = threading.Thread(target=process.stdout.read)
            drain.start()
            yield
            assert process.poll() is None, "it goes on"
        finally:
            process.kill()
    drain.join()


def test_a_flood_of_creates_keeps_no_other_process_from_writing(sqlite_path: Path) -> None:
    """A lease, say: what is waited for is the group that is being written, and hardly ever one more."""
    store = Store.open(f"sqlite:///{sqlite_path}")
    holder = claim(store)
    passed, waited = [], []
    with _flood(sqlite_path):
        for _ in range(_TRIES):
            before, began = store.journal.version(), time.monotonic()
            version = store.write(lambda transaction: transaction.holds(holder) and transaction.next_version())
            waited.append(time.monotonic() - began)
            passed.append((version - before - 1) / _GROUP)
    assert statistics.median(passed) <= 2, passed
    assert statistics.median(waited) < 0.5, waited
    store.close()


def test_who_waits_comes_before_who_has_just_written(tmp_path: Path) -> None:
    mine, other, order = Turn(tmp_path / "db"), Turn(tmp_path / "db"), []
    assert mine.acquire(timeout=1)

    def wait() -> None:
        assert other.acquire(timeout=30)
        order.append("other")
        other.release()

    waiting = threading.Thread(target=wait)
    waiting.start()
    await_true("the other one waiting", lambda: _is_locked(tmp_path / "db-next"), 30)
    mine.release()
    assert mine.acquire(timeout=30)
    order.append("mine")
    mine.release()
    waiting.join()
    assert order == ["other", "mine"]


def test_a_turn_is_one_at_a_time(tmp_path: Path) -> None:
    turns = [Turn(tmp_path / "db"), Turn(tmp_path / "db")]
    inside: list[int] = []

    def take(number: int) -> None:
        assert turns[number % 2].acquire(timeout=60)
        inside.append(number)
        assert inside == [number]
        inside.clear()
        turns[number % 2].release()

    assert at_once(40, take) == [None] * 40


def test_one_that_is_not_to_be_had_is_not_kept(tmp_path: Path) -> None:
    mine, other = Turn(tmp_path / "db"), Turn(tmp_path / "db")
    assert mine.try_acquire()
    assert not mine.try_acquire()
    assert not mine.acquire(timeout=0.01)
    assert not other.try_acquire()
    mine.release()
    assert other.try_acquire()
    other.release()
    for turn in (mine, other):
        turn.close()


def test_a_turn_ends_with_its_process(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; from api.store.turn import Turn; "
        "os._exit(0 if Turn(pathlib.Path(sys.argv[1])).try_acquire() else 1)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "db")], check=True)
    turn = Turn(tmp_path / "db")
    assert turn.try_acquire()
    turn.close()


def test_where_no_turn_can_be_taken_it_is_said(sqlite_path: Path) -> None:
    store = Store.open(f"sqlite:///{sqlite_path}")
    Path(f"{sqlite_path}-next").unlink(missing_ok=True)
    Path(f"{sqlite_path}-next").mkdir()
    with pytest.raises(StoreUnavailable, match="-next beside the database cannot be opened: Is a directory"):
        apply(store)
    store.close()


def test_a_thread_that_takes_too_long_is_told_of(sqlite_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.database._BUSY_SECONDS", 0.05)
    database = open_database(f"sqlite:///{sqlite_path}")
    store = Store(database)
    database.take_turn()
    with pytest.raises(StoreUnavailable, match="other writes took too long"):
        apply(store)
    database.turn.release()
    apply(store)
    store.close()


@pytest.mark.parametrize("file", ["next", "writer"])
def test_a_process_that_is_frozen_in_the_queue_is_passed_by(sqlite_path: Path, file: str) -> None:
    """It has a lock of the queue, and none of SQLite's."""
    store = Store.open(f"sqlite:///{sqlite_path}")
    with Path(f"{sqlite_path}-{file}").open("w") as frozen:
        fcntl.flock(frozen, fcntl.LOCK_EX)
        apply(store)
        apply(store)
    store.close()


def _is_locked(file: Path) -> bool:
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
