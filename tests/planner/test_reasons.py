"""Every reason that can be given is given by somebody."""

import re
from pathlib import Path

import pytest

import api
import controller
from api.resources.conditions import FAILURE_REASONS, Reason

SOURCES = [
    path.read_text()
    for package in (api, controller)
    for path in sorted(Path(package.__path__[0]).rglob("*.py"))
    if path.name != "conditions.py"
]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_used(reason: Reason) -> None:
    assert any(re.search(rf"\bReason\.{reason.name}\b", text) for text in SOURCES), (
        f"nobody says {reason.name}: use it or remove it"
    )


def test_reasons_are_one_camel_case_word() -> None:
    assert all(re.fullmatch(r"([A-Z][a-z]+)+", reason) for reason in Reason)
    assert set(Reason) >= FAILURE_REASONS
