"""Hypothesis the same in every run, and one laboratory for all worlds."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.faults.world import Laboratory, open_laboratory

settings.register_profile(
    "worlds",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("worlds")


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    with open_laboratory() as opened:
        yield opened
