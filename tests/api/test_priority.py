"""Who goes first: a process that leads a session takes its niceness for the session, and no other session's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.priority import NICE, go_first

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may go first")
_GROUP = Path("/proc/self/autogroup")
_ASKS = f"""
import os
from pathlib import Path
from api.priority import go_first
go_first()
group = Path("{_GROUP}")
print(os.getpriority(os.PRIO_PROCESS, 0), *(group.read_text().split()[-1:] if group.exists() else []))
"""


def _niceness(*, leads: bool) -> list[str]:
    """Its own, and that of its session where the kernel tells one."""
    command = [sys.executable, "-c", _ASKS]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, start_new_session=leads
    ).stdout.split()


def test_who_leads_a_session_takes_it_along() -> None:
    assert _niceness(leads=True) == [str(NICE), *([str(NICE)] if _GROUP.exists() else [])]


def test_the_session_of_another_is_left_as_it_is() -> None:
    before = _GROUP.read_text().split()[-1:] if _GROUP.exists() else []  # init's own session has none to tell
    assert _niceness(leads=False) == [str(NICE), *before]


def test_where_it_may_not_it_goes_on_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    before = os.getpriority(os.PRIO_PROCESS, 0)
    monkeypatch.setattr(os, "setpriority", refuse)
    go_first()
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
