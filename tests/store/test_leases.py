"""Leases: one holder at a time, an epoch for each."""

from api.resources.desired import Claim
from api.resources.lease import Lease
from api.store import Store
from tests.store.builders import NOW, at_once, only


def test_a_free_lease_is_taken_and_nobody_else_gets_it(store: Store) -> None:
    assert store.leases.holder("x") is None
    assert store.leases.acquire("x", "one", ttl=10, now=NOW) == Claim(holder="one", epoch=1)
    assert store.leases.acquire("x", "two", ttl=10, now=NOW + 9) is None
    assert store.leases.acquire("y", "two", ttl=10, now=NOW) == Claim(holder="two", epoch=1)
    assert store.leases.holder("x") == Lease(name="x", holder="one", epoch=1, expires_at=NOW + 10)


def test_its_holder_renews_it_with_the_same_epoch(store: Store) -> None:
    claim = store.leases.acquire("x", "one", ttl=10, now=NOW)
    assert store.leases.acquire("x", "one", ttl=10, now=NOW + 5) == claim
    assert store.leases.acquire("x", "two", ttl=10, now=NOW + 12) is None
    assert claim is not None
    assert store.leases.renew(claim, "x", ttl=10, now=NOW + 12)
    assert store.leases.acquire("x", "two", ttl=10, now=NOW + 21) is None


def test_an_expired_lease_goes_to_the_next_with_a_new_epoch(store: Store) -> None:
    old = store.leases.acquire("x", "one", ttl=10, now=NOW)
    assert old is not None
    assert store.leases.acquire("x", "two", ttl=10, now=NOW + 10) == Claim(holder="two", epoch=2)
    assert not store.leases.renew(old, "x", ttl=10, now=NOW + 11)
    store.leases.release(old, "x")
    assert store.leases.holder("x") == Lease(name="x", holder="two", epoch=2, expires_at=NOW + 20)


def test_a_released_lease_is_free_at_once_and_its_epoch_counts_on(store: Store) -> None:
    claim = store.leases.acquire("x", "one", ttl=10, now=NOW)
    assert claim is not None
    store.leases.release(claim, "x")
    assert store.leases.holder("x") is None
    assert store.leases.acquire("x", "one", ttl=10, now=NOW + 1) == Claim(holder="one", epoch=2)
    assert not store.leases.renew(claim, "x", ttl=10, now=NOW + 1)


def test_of_many_that_want_it_at_once_one_gets_it(store: Store) -> None:
    results = at_once(20, lambda number: store.leases.acquire("x", f"holder-{number}", ttl=10, now=NOW))
    assert not [result for result in results if isinstance(result, Exception)]
    assert len([result for result in results if result is not None]) == 1
    assert only([result for result in results if result is not None], Claim)[0].epoch == 1
