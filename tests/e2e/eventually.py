"""Waiting for what nobody announces."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def eventually(check: Callable[[], Found | None], timeout: float, what: str) -> Found:
    """What `check` returns as soon as it is true; fails with its last answer when `timeout` seconds are over."""
    deadline = time.monotonic() + timeout
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout:g} s; the last answer was {found!r}")
        time.sleep(0.02)
    return found
