"""The journal on both databases: one entry for each change, in the same transaction, pruned without losing the past."""

import random
from string import ascii_letters

import pytest

from api.resources.change import ChangeType
from api.resources.playground import DesiredRunState, PlaygroundSpec
from api.resources.precondition import Precondition
from api.resources.wanted import WantedPlayground
from api.store import Conflict, IdentityTaken, PortHeld, PreconditionFailed, Store, VersionTooOld, journal_size
from api.store import journal as journal_module
from tests.store.builders import NOW, apply, at_once, claim, report, serve, stale_claim
from tests.store.conftest import databases, postgres_databases, postgres_server, sqlite_databases, store, url

__all__ = ["databases", "postgres_databases", "postgres_server", "sqlite_databases", "store", "url"]

ALWAYS = Precondition()


def declared(name: str = "hello", *, model: int | None = None, **spec: object) -> WantedPlayground:
    wanted = PlaygroundSpec.model_validate({"plugin_release": "hello@1", "model": model, **spec})
    return WantedPlayground(name=name, spec=wanted, labels={}, annotations={})


def told(store: Store, since: int = 0) -> list[tuple[str, str]]:
    return [(change.type, change.playground.metadata.name) for change in store.journal.since(since, limit=100).items]


def test_every_kind_of_change_is_told_once(store: Store) -> None:
    holder = claim(store)
    begin = store.journal.version()
    uid = apply(store, name="one").playground.metadata.uid
    store.ports.reserve(holder, uid, address="a", candidates=range(7860, 7870), avoid=(), now=NOW)
    serve(store, uid, holder)
    serve(store, uid, holder)  # nothing new
    store.playgrounds.set_run_state(uid, DesiredRunState.STOPPED, now=NOW)
    store.playgrounds.set_run_state(uid, DesiredRunState.STOPPED, now=NOW)  # nothing new
    store.playgrounds.request_restart(uid, now=NOW)
    store.ports.quarantine(holder, uid, until=NOW + 9, now=NOW)
    store.playgrounds.request_deletion(uid, now=NOW)
    assert store.work.remove(holder, uid, now=NOW)
    changes = store.journal.since(begin, limit=100)
    assert [change.type for change in changes.items] == [
        ChangeType.ADDED,
        *[ChangeType.MODIFIED] * 6,
        ChangeType.DELETED,
    ]
    versions = [change.version for change in changes.items]
    assert versions == sorted(set(versions))
    assert all(change.playground.metadata.resource_version == change.version for change in changes.items)
    assert changes.version == store.journal.version()


def test_a_write_with_a_stale_claim_is_not_told(store: Store) -> None:
    uid = apply(store).playground.metadata.uid
    begin = store.journal.version()
    assert not store.work.report(stale_claim(store), uid, report(), now=NOW)
    assert told(store, begin) == []


def test_batches_reach_to_their_last_change(store: Store) -> None:
    for number in range(5):
        apply(store, f"p{number}@1", name=f"p{number}")
    seen, cursor = [], 0
    while True:
        batch = store.journal.since(cursor, limit=2)
        seen += [change.playground.metadata.name for change in batch.items]
        cursor = batch.version
        if len(batch.items) < 2:
            break
    assert seen == [f"p{number}" for number in range(5)]
    assert cursor == store.journal.version()


def test_writers_at_once_leave_no_gap_that_is_filled_later(store: Store) -> None:
    def write(number: int) -> int:
        return apply(store, f"p{number}@1").playground.metadata.resource_version

    written = at_once(8, write)
    assert [change.version for change in store.journal.since(0, limit=100).items] == sorted(map(int, map(str, written)))


def test_pruned_it_still_tells_any_state_since_the_floor(store: Store) -> None:
    holder = claim(store)
    one, two, three = (apply(store, f"p{number}@1", name=f"p{number}").playground for number in range(3))
    for number in range(4):
        store.playgrounds.request_restart(one.metadata.uid, now=NOW + number)
    store.playgrounds.request_deletion(three.metadata.uid, now=NOW)
    store.work.remove(holder, three.metadata.uid, now=NOW)
    middle = store.journal.version()
    store.playgrounds.request_deletion(two.metadata.uid, now=NOW + 100)
    store.work.remove(holder, two.metadata.uid, now=NOW + 100)
    apply(store, "late@1", name="late", now=NOW + 100)
    gone = store.work.prune(
        holder, tombstones_before=0, events_before=0, builds_before=0, journal_before=NOW + 50, now=NOW
    )
    assert gone > 5
    with pytest.raises(VersionTooOld):
        store.journal.since(middle - 1, limit=10)
    assert told(store, middle) == [("MODIFIED", "p1"), ("DELETED", "p1"), ("ADDED", "late")]
    assert [p.metadata.name for p in store.journal.snapshot(middle).playgrounds] == ["p0", "p1"]
    assert [p.metadata.name for p in store.journal.snapshot().playgrounds] == ["p0", "late"]
    before = store.journal.before(two.metadata.uid, middle + 1)
    assert before is not None
    assert before.metadata.deletion_requested_at is None


def test_it_does_not_grow_without_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module.prune, "__kwdefaults__", {"max_rows": 10})
    holder = claim(store)
    uid = apply(store).playground.metadata.uid
    for number in range(50):
        store.playgrounds.request_restart(uid, now=NOW + number)
    store.work.prune(holder, tombstones_before=0, events_before=0, builds_before=0, now=NOW)
    newest = store.journal.version()
    assert len(store.journal.since(newest - 10, limit=100).items) <= 10
    with pytest.raises(VersionTooOld):
        store.journal.since(newest - 20, limit=100)


def test_it_does_not_take_more_room_than_it_may(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of 20 kB: 50 of them are a megabyte, of which half may be kept."""
    monkeypatch.setattr(journal_size, "MAX_BYTES", 500_000)
    holder = claim(store)
    large = "".join(random.Random(7).choices(ascii_letters, k=20_000))  # nothing that a database packs away
    uids = [
        store.declared.apply(declared(f"p{model}", model=model, params={"text": large}), ALWAYS, now=NOW)
        for model in range(2)
    ]
    for number in range(50):
        store.playgrounds.request_restart(uids[0].playground.metadata.uid, now=NOW + number)

    def prune() -> int:
        return store.work.prune(holder, tombstones_before=0, events_before=0, builds_before=0, now=NOW)

    newest = store.journal.version()
    assert prune() > 10
    floor = next(version for version in range(newest) if not is_too_old(store, version))
    kept = [change.playground.model_dump_json() for change in store.journal.since(floor, limit=100).items]
    assert 5 <= len(kept) <= 500_000 / 20_000
    assert store.journal.version() > newest, "the prune is a write itself"
    assert {p.metadata.name for p in store.journal.snapshot(floor).playgrounds} == {"p0", "p1"}, "any state since then"
    prune()
    assert not is_too_old(store, floor), "what fits stays"
    with pytest.raises(VersionTooOld, match="List anew"):
        store.journal.since(floor - 1, limit=1)


def is_too_old(store: Store, version: int) -> bool:
    try:
        store.journal.since(version, limit=1)
    except VersionTooOld:
        return True
    return False


def test_of_two_who_declare_at_once_one_creates(store: Store) -> None:
    results = at_once(6, lambda _: store.declared.apply(declared(), ALWAYS, now=NOW).outcome)
    assert sorted(map(str, results)) == ["created", *["unchanged"] * 5]
    assert told(store) == [("ADDED", "hello")]


def test_of_two_who_change_the_same_version_one_wins(store: Store) -> None:
    version = store.declared.apply(declared(), ALWAYS, now=NOW).playground.metadata.resource_version

    def change(number: int) -> str:
        demand = Precondition(resource_version=version)
        return store.declared.apply(declared(params={"n": number}), demand, now=NOW).outcome

    results = at_once(4, change)
    assert [result for result in results if isinstance(result, str)] == ["configured"]
    assert sum(isinstance(result, Conflict) for result in results) == 3


def test_what_is_demanded_is_looked_at_in_the_write(store: Store) -> None:
    store.declared.apply(declared(model=1), ALWAYS, now=NOW)
    with pytest.raises(PreconditionFailed):
        store.declared.apply(declared(model=1), Precondition(must_not_exist=True), now=NOW)
    with pytest.raises(IdentityTaken):
        store.declared.apply(declared("other", model=1), ALWAYS, now=NOW)
    with pytest.raises(PreconditionFailed):
        store.declared.delete("hello", Precondition(match=frozenset({99})), now=NOW)
    assert store.declared.delete("nobody", ALWAYS, now=NOW) is None


def test_a_time_to_live_ends_in_a_deletion_once(store: Store) -> None:
    holder = claim(store)
    uid = store.declared.apply(declared(ttl=60.0), ALWAYS, now=NOW).playground.metadata.uid
    assert not store.work.expire(holder, uid, now=NOW + 59)
    assert store.work.expire(holder, uid, now=NOW + 60)
    assert not store.work.expire(holder, uid, now=NOW + 61)
    found = store.declared.get("hello")
    assert found is not None
    assert found.metadata.deletion_requested_at == NOW + 60
    assert [kind for kind, _ in told(store)] == ["ADDED", "MODIFIED"]


def test_a_required_port_is_had_or_it_is_said_who_has_it(store: Store) -> None:
    holder = claim(store)
    one, two = (apply(store, f"p{number}@1", name=f"p{number}").playground.metadata.uid for number in range(2))

    def reserve(uid: str, required: int | None, avoid: tuple[int, ...] = ()) -> int:
        return store.ports.reserve(
            holder, uid, address="a", candidates=range(7860, 7870), avoid=avoid, required=required, now=NOW
        )

    assert reserve(one, 7865) == 7865
    with pytest.raises(PortHeld, match="7865 is not to be had: playground p0 has it"):
        reserve(two, 7865)
    with pytest.raises(PortHeld, match="something else on this machine listens on it"):
        reserve(two, 7866, avoid=(7866,))
    with pytest.raises(PortHeld, match="outside of the range 7860-7869"):
        reserve(two, 80)
    assert reserve(two, None) == 7860
    with pytest.raises(PortHeld):
        reserve(two, 7865)
    assert store.ports.reservations() == {one: 7865, two: 7860}, "what it had stays"
    assert reserve(one, 7867) == 7867
    assert reserve(two, 7865) == 7865
    assert store.ports.reservations() == {one: 7867, two: 7865}
