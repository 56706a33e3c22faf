"""Waiting for what sends no event: an HTTP page of somebody else's container, a process that dies."""

import time
from collections.abc import Callable


def pause(seconds: float) -> None:
    """Let that time pass."""
    time.sleep(seconds)


def await_true(what: str, holds: Callable[[], bool], timeout: float, every: float = 0.02) -> None:
    """Ask until it holds. Raises TimeoutError, saying what it waited for."""
    ends = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        pause(every)
