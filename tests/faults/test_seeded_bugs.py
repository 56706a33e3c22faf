"""Each bug of the list is caught by the promise that is named for it, which holds without the bug."""

import pytest

from tests.faults.promises import PROMISES
from tests.faults.seeded_bugs import SEEDED_BUGS, SeededBug
from tests.faults.world import Laboratory


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=lambda bug: bug.name)
def test_bug_is_caught(lab: Laboratory, bug: SeededBug, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bug.caught_by in PROMISES
    bug.caught_by(lab)
    bug.plant(monkeypatch)
    with pytest.raises(AssertionError):
        bug.caught_by(lab)
