"""Time and random names: the one place of the server that asks the machine for either.

Everything that decides takes `now` as an argument; everything that waits takes a `Clock`.
"""

import os
import secrets
import time
from typing import Protocol


class Clock(Protocol):
    """What a loop needs to know about time. Seconds everywhere."""

    def now(self) -> float:
        """Wall clock, seconds since the epoch (UTC)."""
        ...

    def monotonic(self) -> float:
        """A clock that never goes back, for delays and deadlines inside one process."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Only for a poll that has nothing to wait on."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Wall clock, seconds since the epoch (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """The machine's monotonic clock, in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep in this thread."""
        time.sleep(seconds)


def new_uid() -> str:
    """A random identifier of 12 hex digits, short enough for a name."""
    return os.urandom(6).hex()


def uid_of_write(version: int) -> str:
    """An identifier of 12 hex digits for what a write adds to the records; no other write has the version.

    Its first half counts with the versions, so that what is written at a time lies side by side in each index: a commit
    then touches a few pages, and not one for each row and index. Its second half is random: when the count begins anew,
    after 16 million writes or with other records, it still meets nobody.
    """
    return f"{version & 0xFFFFFF:06x}{os.urandom(3).hex()}"


def new_token() -> str:
    """A random bearer token (256 bits), safe in a header and in a file."""
    return secrets.token_urlsafe(32)
