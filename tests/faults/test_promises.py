"""The controller keeps each promise."""

import pytest

from tests.faults.promises import PROMISES, Promise
from tests.faults.world import Laboratory


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_promise(lab: Laboratory, promise: Promise) -> None:
    promise(lab)
