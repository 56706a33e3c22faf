"""The only place of the SDK that reads the clock, sleeps, or draws at random.

Everything that waits takes a :class:`Clock`, so that a test can pass one on which an hour goes by at once.
"""

import secrets
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock", "random_token"]


class Clock(Protocol):
    """What the SDK asks of time."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, for measuring waits."""

    def time(self) -> float:
        """Seconds since the epoch (UTC), for ages."""

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` go by."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, for measuring waits."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch (UTC), for ages."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` go by."""
        time.sleep(seconds)


def random_token() -> str:
    """32 random hexadecimal digits, for a boundary that occurs in no archive."""
    return secrets.token_hex(16)
