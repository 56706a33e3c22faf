"""The change feed: a wait ends with the change it waits for. (How fast is measured elsewhere.)"""

import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from api.store import Store
from api.store.database import NOTIFY_CHANNEL
from api.store.file_events import FileEvents
from api.store.turn import Turn
from tests.store.builders import NOW, apply, claim, report
from tests.store.conftest import Databases
from tests.testbed.pauses import await_true

LONG = 60.0  # seconds; far longer than any wait that works, and shorter than the test's own limit


def test_what_was_changed_before_ends_the_wait_at_once(store: Store) -> None:
    version = apply(store).playground.metadata.resource_version
    assert store.feed.wait(0, timeout=LONG, stop=threading.Event()) == version


def test_without_a_change_the_time_ends_it(store: Store) -> None:
    version = apply(store).playground.metadata.resource_version
    assert store.feed.wait(version, timeout=0.05, stop=threading.Event()) == version
    assert store.feed.wait(version, timeout=0.0, stop=threading.Event()) == version


def test_the_controllers_own_writes_do_not_end_it(store: Store, second: Store) -> None:
    uid = apply(store).playground.metadata.uid
    version, _ = store.work.changed_since(0)
    store.work.report(claim(store), uid, report(), now=NOW)
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.feed.wait, version, timeout=LONG, stop=stop)
        store.work.report(claim(store), uid, report(of=report().status.model_copy(update={"failures": 1})), now=NOW)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        stop.set()
        assert waiting.result(timeout=LONG) >= version


@pytest.mark.parametrize("same_process", [True, False])
def test_a_change_wakes_all_who_wait(store: Store, second: Store, same_process: bool) -> None:
    writer = store if same_process else second
    stop = threading.Event()
    after = 0
    with ThreadPoolExecutor(3) as pool:
        for _ in range(5):
            waiting: list[Future[int]] = [
                pool.submit(store.feed.wait, after, timeout=LONG, stop=stop) for _ in range(3)
            ]
            version = apply(writer).playground.metadata.resource_version
            assert [future.result(timeout=LONG / 2) for future in waiting] == [version] * 3
            assert store.work.changed_since(after) == (version, store.work.keys())
            after = version


@pytest.mark.parametrize("same_process", [True, False])
def test_a_report_ends_a_wait_for_anything(store: Store, second: Store, same_process: bool) -> None:
    uid = apply(store).playground.metadata.uid
    before = store.feed.wait_for_any(-1, timeout=0.05, stop=threading.Event())
    assert store.feed.wait_for_any(before, timeout=0.05, stop=threading.Event()) == before
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            (store if same_process else second).feed.wait_for_any, before, timeout=1.0, stop=threading.Event()
        )
        store.work.report(claim(store), uid, report(of=report().status.model_copy(update={"failures": 1})), now=NOW)
        assert waiting.result(timeout=LONG) > before


def test_a_wait_leaves_its_connection_for_the_next_one_and_none_at_the_end(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/records.db")
    store.migrate()
    version = apply(store).playground.metadata.resource_version
    store.feed.wait(0, timeout=LONG, stop=threading.Event())
    one = _open_files(tmp_path)
    for _ in range(5):
        store.feed.wait(version, timeout=0.0, stop=threading.Event())
        store.feed.wait_for_any(0, timeout=LONG, stop=threading.Event())
    assert _open_files(tmp_path) == one
    store.close()
    assert _open_files(tmp_path) == []


def test_who_waits_when_the_store_closes_leaves_nothing(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/records.db")
    store.migrate()
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.feed.wait, 0, timeout=LONG, stop=stop)
        await_true("a wait", lambda: bool(_open_files(tmp_path)), 10.0)
        store.close()
        stop.set()
        assert waiting.result(timeout=LONG / 2) == 0
    assert _open_files(tmp_path) == []


def _open_files(folder: Path) -> list[str]:
    """Those of this process in the folder, each as often as it is open."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(str(descriptor.readlink()))
    return sorted(path for path in found if path.startswith(str(folder)))


def test_a_stop_ends_it(store: Store) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.feed.wait, 0, timeout=LONG, stop=stop)
        stop.set()
        assert waiting.result(timeout=LONG / 2) == 0


def test_a_version_from_the_future_waits_for_no_less(store: Store) -> None:
    apply(store)
    assert store.feed.wait(1000, timeout=0.05, stop=threading.Event()) == 1000


@pytest.mark.postgres
def test_on_postgresql_a_desired_change_is_notified(postgres_databases: Databases) -> None:
    url = postgres_databases.migrated()
    store = Store.open(url)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as listener:
        listener.execute(f"LISTEN {NOTIFY_CHANNEL}")
        uid = apply(store).playground.metadata.uid
        assert len(list(listener.notifies(timeout=LONG, stop_after=1))) == 1
        store.work.report(claim(store), uid, report(), now=NOW)
        store.playgrounds.request_deletion(uid, now=NOW)
        assert len(list(listener.notifies(timeout=LONG, stop_after=1))) == 1, "of the deletion, not of the report"
        assert list(listener.notifies(timeout=0)) == []
    store.close()


def test_where_the_kernel_tells_of_no_writes_the_file_is_looked_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileEvents, "of", lambda _folder: None)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.feed.wait, 0, timeout=LONG, stop=threading.Event())
        version = apply(store).playground.metadata.resource_version
        assert waiting.result(timeout=LONG / 2) == version
    assert store.feed.wait(version, timeout=0.03, stop=threading.Event()) == version


def test_the_end_of_a_turn_is_heard_once(tmp_path: Path) -> None:
    events, turn = FileEvents.of(tmp_path), Turn(tmp_path / "db")
    assert events is not None
    for _ in range(2):
        assert turn.acquire(timeout=LONG)
        (tmp_path / "db-wal").write_text("a commit")
        assert not events.wait(0.0), "it goes on"
        turn.release()
        assert events.wait(LONG)
        assert not events.wait(0.0), "all of it was heard at once"
    events.close()
    assert FileEvents.of(tmp_path / "nowhere") is None


def test_a_commit_without_a_turn_is_found_all_the_same(sqlite_path: Path) -> None:
    """By somebody's own hand, say."""
    store = Store.open(f"sqlite:///{sqlite_path}")
    version = apply(store).playground.metadata.resource_version
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.feed.wait, version, timeout=LONG, stop=threading.Event())
        with sqlite3.connect(sqlite_path) as by_hand:
            by_hand.execute("UPDATE counter SET version = version + 1, desired_version = version + 1")
        by_hand.close()
        assert waiting.result(timeout=LONG / 2) == version + 1
    store.close()
