"""One laboratory for all worlds."""

from collections.abc import Iterator

import pytest

from tests.faults.world import Laboratory, open_laboratory


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    with open_laboratory() as opened:
        yield opened
