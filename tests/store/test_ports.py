"""The ledger of host ports."""

from collections.abc import Collection

import pytest

from api.resources.desired import Claim
from api.store import NoFreePort, NoSuchPlayground, StaleClaim, Store
from tests.store.builders import NOW, RANGE, apply, claim, stale_claim


@pytest.fixture
def holder(store: Store) -> Claim:
    return claim(store)


@pytest.fixture
def uids(store: Store) -> list[str]:
    return [apply(store, model=model).playground.metadata.uid for model in range(3)]


def reserve(
    store: Store,
    holder: Claim,
    uid: str,
    *,
    candidates: range = RANGE,
    avoid: Collection[int] = (),
    wanted: int | None = None,
    address: str = "127.0.0.1",
    now: float = NOW,
) -> int:
    return store.ports.reserve(holder, uid, address=address, candidates=candidates, avoid=avoid, wanted=wanted, now=now)


def test_the_lowest_free_port_is_reserved_and_kept(store: Store, holder: Claim, uids: list[str]) -> None:
    assert reserve(store, holder, uids[0]) == 7860
    assert reserve(store, holder, uids[1], avoid={7861}) == 7862
    assert reserve(store, holder, uids[0], avoid={7860}, wanted=8000) == 7860
    assert store.ports.reservations() == {uids[0]: 7860, uids[1]: 7862}
    playground = store.playgrounds.get(uids[1])
    assert playground is not None
    assert playground.host_port == 7862


def test_a_wanted_port_is_taken_when_nobody_has_it(store: Store, holder: Claim, uids: list[str]) -> None:
    assert reserve(store, holder, uids[0], wanted=9999, avoid={9999}) == 9999
    assert reserve(store, holder, uids[1], wanted=9999) == 7860


def test_no_port_left_says_why(store: Store, holder: Claim, uids: list[str]) -> None:
    reserve(store, holder, uids[0], candidates=range(5, 7))
    with pytest.raises(NoFreePort, match=r"127\.0\.0\.1 in 5-6: 1 are reserved or in quarantine, 1 are used"):
        reserve(store, holder, uids[1], candidates=range(5, 7), avoid={6})
    assert store.ports.reservations() == {uids[0]: 5}


def test_a_released_port_is_free_at_once(store: Store, holder: Claim, uids: list[str]) -> None:
    reserve(store, holder, uids[0])
    store.ports.release(holder, uids[0])
    store.ports.release(holder, uids[0])
    assert reserve(store, holder, uids[1]) == 7860


def test_a_quarantined_port_is_free_after_its_time(store: Store, holder: Claim, uids: list[str]) -> None:
    reserve(store, holder, uids[0])
    store.ports.quarantine(holder, uids[0], until=NOW + 60, now=NOW)
    store.ports.quarantine(holder, uids[0], until=NOW + 60, now=NOW)
    assert store.ports.reservations() == {}
    assert reserve(store, holder, uids[0], wanted=7860, now=NOW + 59) == 7861
    assert reserve(store, holder, uids[1], now=NOW + 60) == 7860


def test_addresses_have_ports_of_their_own_and_a_reservation_moves(
    store: Store, holder: Claim, uids: list[str]
) -> None:
    assert reserve(store, holder, uids[0], avoid={7860}) == 7861
    assert reserve(store, holder, uids[1], address="10.0.0.1") == 7860
    assert reserve(store, holder, uids[0], address="10.0.0.1") == 7861
    assert reserve(store, holder, uids[2], avoid={7860}) == 7861
    assert store.ports.reservations() == {uids[0]: 7861, uids[1]: 7860, uids[2]: 7861}


def test_a_removed_playground_gets_no_port(store: Store, holder: Claim) -> None:
    with pytest.raises(NoSuchPlayground, match="nobody"):
        reserve(store, holder, "nobody")
    assert store.ports.reservations() == {}


def test_with_a_stale_claim_nothing_changes(store: Store, uids: list[str]) -> None:
    old = stale_claim(store)
    with pytest.raises(StaleClaim, match="old"):
        reserve(store, old, uids[0])
    current = claim(store, "new")
    reserve(store, current, uids[0])
    with pytest.raises(StaleClaim):
        store.ports.release(old, uids[0])
    with pytest.raises(StaleClaim):
        store.ports.quarantine(old, uids[0], until=NOW + 60, now=NOW)
    assert store.ports.reservations() == {uids[0]: 7860}
