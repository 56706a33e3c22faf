"""The leader on a real store: gained, kept, lost, not certain, given back."""

import threading

import pytest

from api.resources.desired import Claim
from api.store import CONTROLLER_LEASE, Store, StoreUnavailable
from controller.loop.leader import Leader
from tests.loop.stubs import PATIENCE, HandClock

TTL = 10.0


def test_gained_then_kept_with_the_same_epoch(store: Store) -> None:
    clock = HandClock()
    leader = Leader(store, "one", TTL, clock)
    assert leader.claim() is None
    assert leader.attempt()
    claim = leader.claim()
    assert claim == Claim(holder="one", epoch=1)
    clock.time += TTL - 1
    assert not leader.attempt(), "kept, not gained"
    clock.time += TTL - 1
    assert leader.claim() == claim
    assert leader.holds(claim)


def test_not_certain_once_the_time_is_over_without_a_renewal(store: Store) -> None:
    clock = HandClock()
    leader = Leader(store, "one", TTL, clock)
    leader.attempt()
    claim = leader.claim()
    assert claim is not None
    clock.time += TTL
    assert leader.claim() is None
    assert not leader.holds(claim)
    assert leader.attempt(), "gained anew"
    again = leader.claim()
    assert again is not None
    assert again.epoch == 2
    assert not leader.holds(claim), "the old claim is void"


def test_a_second_one_waits_and_takes_over_when_the_first_is_silent(store: Store) -> None:
    clock = HandClock()
    first, second = Leader(store, "one", TTL, clock), Leader(store, "two", TTL, clock)
    assert first.attempt()
    assert not second.attempt()
    assert second.claim() is None
    clock.time += TTL
    assert second.attempt()
    assert not first.attempt(), "it learns that it has lost"
    assert first.claim() is None
    held = store.leases.holder(CONTROLLER_LEASE)
    assert held is not None
    assert (held.holder, held.epoch) == ("two", 2)


def test_resigned_it_is_free_at_once(store: Store) -> None:
    clock = HandClock()
    first, second = Leader(store, "one", TTL, clock), Leader(store, "two", TTL, clock)
    first.attempt()
    first.resign()
    assert first.claim() is None
    assert second.attempt()
    first.resign()
    assert second.claim() is not None, "what one does not hold one cannot give back"


def test_a_database_that_is_silent_leaves_the_claim_until_its_time_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    leader = Leader(store, "one", TTL, clock)
    leader.attempt()

    def silent(*_: object, **__: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(store.leases, "acquire", silent)
    monkeypatch.setattr(store.leases, "release", silent)
    clock.time += TTL / 2
    assert not leader.attempt()
    assert leader.claim() is not None
    clock.time += TTL / 2
    assert leader.claim() is None
    leader.resign()


def test_run_tells_each_gain_and_resigns_at_the_end(store: Store) -> None:
    leader = Leader(store, "one", TTL, HandClock())
    stop, gained = threading.Event(), threading.Event()
    thread = threading.Thread(target=leader.run, args=(stop, gained.set))
    thread.start()
    assert gained.wait(PATIENCE)
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert store.leases.holder(CONTROLLER_LEASE) is None


def test_sure_again_after_a_doubt_is_told_like_a_gain(store: Store) -> None:
    """While it was not certain, workers dropped their keys: somebody has to look at everything."""

    class StillWall(HandClock):
        """The database's time has not moved: the lease there is still the same."""

        def now(self) -> float:
            return 1_000_000.0

    clock = StillWall()
    leader = Leader(store, "one", TTL, clock)
    assert leader.attempt()
    claim = leader.claim()
    clock.time += TTL
    assert leader.claim() is None
    assert leader.attempt()
    assert leader.claim() == claim
