"""A store on SQLite, and the claim of a leader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.resources.desired import Claim
from api.store import CONTROLLER_LEASE, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of its own for each test."""
    opened = Store.open(f"sqlite:///{tmp_path / 'playground.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def claim(store: Store) -> Claim:
    """The lease, held for a long time."""
    taken = store.leases.acquire(CONTROLLER_LEASE, "one", ttl=10_000.0, now=1_000_000.0)
    assert taken is not None
    return taken
