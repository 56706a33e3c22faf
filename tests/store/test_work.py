"""The controller's side: what it reads, and its guarded writes."""

from collections.abc import Callable
from typing import Any

import pytest

from api.resources.build import BuildResult, BuildState
from api.resources.conditions import Reason
from api.resources.desired import Claim, DesiredState
from api.resources.event import NewEvent
from api.resources.playground import DesiredRunState, Failure
from api.store import StaleClaim, Store
from api.store.database import Database, Transaction
from tests.store.builders import NOW, RANGE, apply, claim, report, source, stale_claim, status

STARTED = NewEvent(reason=Reason.CONTAINER_STARTED, message="Started.")


@pytest.fixture
def holder(store: Store) -> Claim:
    return claim(store)


def _everything(store: Store) -> object:
    """All that a guarded write could change."""
    desired = store.work.load_all()
    builds = [store.builds.get(build.id) for state in desired for build in state.open_builds]
    return store.work.changed_since(0), desired, builds, store.events.list(None, 100), store.ports.reservations()


def test_what_is_wanted_is_loaded_whole(store: Store) -> None:
    one = apply(store, plugin=source(), params={"a": [1, {"b": None}]}, envs={"X": "ü"})
    two = apply(store, "other@1")
    again = apply(store, "other@1", now=NOW + 1)
    desired = store.work.load(two.playground.metadata.uid)
    assert desired == DesiredState(playground=again.playground, open_builds=(two.build, again.build), version=3)
    other = DesiredState(playground=one.playground, open_builds=(one.build,), version=1)
    assert store.work.load_all() == (other, desired)
    assert store.work.load("nobody") is None
    uids = (one.playground.metadata.uid, two.playground.metadata.uid)
    assert store.work.keys() == uids
    assert set(map(str, store.work.load_many((*uids, "nobody")))) == {str(other), str(desired)}
    assert store.work.load_many(()) == ()
    assert store.work.versions() == dict(zip(uids, (1, 3), strict=True))


def test_what_is_loaded_by_the_thousand_is_what_is_read_one_by_one(store: Store) -> None:
    """Both read the same columns in ways of their own; equal is not enough, as `1 == 1.0 == True`."""
    odd = {
        "1": 1,
        "1.0": 1.0,
        "true": True,
        "most": 2**63 - 1,
        "small": 1e-300,
        "text": '\U0001f600 \\ " \u0007',
        "none": [None],
    }
    applied = apply(store, plugin=source(), params=odd, annotations=odd, labels={"ü": ""}, readiness={"timeout": 3})
    uid = applied.playground.metadata.uid
    loaded = store.work.load(uid)
    assert loaded is not None
    assert repr(loaded.playground) == repr(store.playgrounds.get(uid)) == repr(applied.playground)


def test_the_versions_of_a_record_move_with_all_that_is_loaded_of_it(store: Store, holder: Claim) -> None:
    """Who has them need not load it again."""
    uid = apply(store, secret_envs={"KEY": "key"}).playground.metadata.uid
    changes: list[Callable[[], object]] = [
        lambda: apply(store, secret_envs={"KEY": "key"}),
        lambda: apply(store, secret_envs={"KEY": "key"}, envs={"A": "1"}),
        lambda: store.secrets.set("key", "one", now=NOW),
        lambda: store.secrets.delete("key"),
        lambda: store.ports.reserve(holder, uid, address="127.0.0.1", candidates=RANGE, avoid=(), now=NOW),
        lambda: store.work.report(holder, uid, report(of=status(Reason.SERVING)), now=NOW),
        lambda: store.playgrounds.set_run_state(uid, DesiredRunState.STOPPED, now=NOW),
        lambda: store.ports.release(holder, uid),
    ]
    for change in changes:
        loaded, versions = store.work.load(uid), store.work.record_versions([uid, "nobody"])
        assert loaded is not None
        assert versions == {uid: (loaded.version, loaded.playground.metadata.resource_version)}
        change()
        assert store.work.load(uid) != loaded
        assert store.work.record_versions([uid]) != versions
    assert store.work.record_versions([]) == {}


def test_a_report_writes_status_events_and_builds_together(store: Store, holder: Claim) -> None:
    applied = apply(store)
    uid = applied.playground.metadata.uid
    failure = Failure(reason=Reason.CONTAINER_EXITED, message="no", at=NOW, exit_code=1, log_tail=("a\x00", "ü"))
    seen = status(Reason.CONTAINER_EXITED, last_failure=failure, next_attempt_at=NOW + 1, failures=3)
    ended = BuildResult(id=applied.build.id, state=BuildState.FAILED, error="It exited.\x00")
    assert store.work.report(holder, uid, report(STARTED, of=seen, builds=(ended,)), now=NOW + 1)
    desired = store.work.load(uid)
    assert desired is not None
    assert desired.playground.status == seen
    assert desired.playground.metadata.updated_at == NOW + 1
    assert desired.playground.metadata.resource_version > applied.playground.metadata.resource_version
    assert desired.open_builds == ()
    build = store.builds.get(applied.build.id)
    assert build is not None
    assert (build.state, build.error, build.finished_at) == (BuildState.FAILED, "It exited.\ufffd", NOW + 1)
    assert [event.reason for event in store.events.list(uid, 9)] == [Reason.CONTAINER_STARTED]


def test_a_report_with_nothing_new_writes_nothing(store: Store, holder: Claim) -> None:
    uid = apply(store).playground.metadata.uid
    assert store.work.report(holder, uid, report(), now=NOW)
    before = _everything(store)
    assert store.work.report(holder, uid, report(), now=NOW + 1)
    assert _everything(store) == before


def test_events_alone_leave_the_playground_as_it_was(store: Store, holder: Claim) -> None:
    uid = apply(store).playground.metadata.uid
    store.work.report(holder, uid, report(), now=NOW)
    before = store.work.load(uid)
    assert store.work.report(holder, uid, report(STARTED), now=NOW + 1)
    assert store.work.load(uid) == before


@pytest.mark.parametrize(
    "write",
    [
        lambda store, old, uid: store.work.report(old, uid, report(STARTED), now=NOW),
        lambda store, old, uid: store.work.report(old, uid, report(of=status(failures=9)), now=NOW),
        lambda store, old, uid: store.work.remove(old, uid, now=NOW),
    ],
    ids=["report", "report status", "remove"],
)
def test_a_stale_claim_changes_nothing(store: Store, write: Callable[[Store, Claim, str], bool]) -> None:
    uid = apply(store).playground.metadata.uid
    store.playgrounds.request_deletion(uid, now=NOW)
    old = stale_claim(store)
    before = _everything(store)
    assert not write(store, old, uid)
    assert _everything(store) == before
    with pytest.raises(StaleClaim):
        store.work.prune(old, tombstones_before=NOW, events_before=NOW, builds_before=NOW, now=NOW)


def test_a_lease_taken_over_between_look_and_write_changes_nothing(
    store: Store, second: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = apply(store).playground.metadata.uid
    old = claim(store, "old", now=NOW - 100)
    before = _everything(store)
    write = Database.write

    def late(database: Database, work: Callable[[Transaction], Any]) -> Any:
        monkeypatch.undo()
        claim(second, "new")
        return write(database, work)

    monkeypatch.setattr(Database, "write", late)
    assert not store.work.report(old, uid, report(STARTED), now=NOW)
    assert second.leases.holder("controller") is not None, "the lease was taken over meanwhile"
    assert _everything(store) == before


def test_a_claim_released_is_stale(store: Store, holder: Claim) -> None:
    uid = apply(store).playground.metadata.uid
    store.leases.release(holder, "controller")
    assert not store.work.report(holder, uid, report(), now=NOW)


def test_a_report_on_what_is_gone_changes_nothing(store: Store, holder: Claim) -> None:
    assert not store.work.report(holder, "nobody", report(STARTED), now=NOW)
    assert store.events.list(None, 9) == ()


def test_only_a_finalizing_playground_is_removed_with_all_that_is_its_own(store: Store, holder: Claim) -> None:
    applied = apply(store)
    uid = applied.playground.metadata.uid
    store.ports.reserve(holder, uid, address="127.0.0.1", candidates=RANGE, avoid=(), now=NOW)
    assert not store.work.remove(holder, uid, now=NOW), "it is living"
    store.playgrounds.request_deletion(uid, now=NOW)
    assert store.work.remove(holder, uid, now=NOW)
    assert store.work.keys() == ()
    assert store.ports.reservations() == {}
    assert not store.work.remove(holder, uid, now=NOW), "it is gone"


def test_desired_changes_are_told_and_the_controllers_own_are_not(store: Store, holder: Claim) -> None:
    assert store.work.changed_since(0) == (0, ())
    one, two = (apply(store, model=model).playground.metadata.uid for model in (1, 2))
    version, changed = store.work.changed_since(0)
    assert changed == (one, two)
    store.work.report(holder, one, report(), now=NOW)
    store.ports.reserve(holder, two, address="127.0.0.1", candidates=RANGE, avoid=(), now=NOW)
    later, changed = store.work.changed_since(version)
    assert later > version
    assert changed == ()
    store.playgrounds.set_run_state(two, DesiredRunState.STOPPED, now=NOW)
    store.playgrounds.request_restart(one, now=NOW)
    newest, changed = store.work.changed_since(later)
    assert changed == (two, one)
    store.playgrounds.request_deletion(two, now=NOW)
    assert store.work.changed_since(newest)[1] == (two,)


def test_pruning_forgets_what_ended_long_ago(store: Store, holder: Claim) -> None:
    for model, now in ((1, NOW), (2, NOW + 100)):
        uid = apply(store, model=model).playground.metadata.uid
        store.work.report(holder, uid, report(STARTED), now=now)
        store.ports.reserve(holder, uid, address="127.0.0.1", candidates=RANGE, avoid=(), now=now)
        store.ports.quarantine(holder, uid, until=now + 1, now=now)
        store.playgrounds.request_deletion(uid, now=now)
        store.work.remove(holder, uid, now=now)
    waiting = apply(store, model=3)
    middle = NOW + 50
    pruned = store.work.prune(
        holder, tombstones_before=middle, events_before=middle, builds_before=middle, now=NOW + 100
    )
    assert pruned == 3, "a tombstone, an event, a build; the first quarantine went with the second reservation"
    assert len(store.events.list(None, 9)) == 1
    assert store.builds.get(waiting.build.id) == waiting.build
    assert store.work.prune(holder, tombstones_before=0, events_before=0, builds_before=0, now=NOW + 101) == 1
