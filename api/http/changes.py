"""One look at the records for all live streams: they wait here instead of each asking the database over and over."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio.to_thread
from anyio import CapacityLimiter

from api.store import StoreError

_POLL = 0.25
"""Seconds between looks while anybody follows: what a person takes for at once. Nobody follows: no look."""


class Changes:
    """Wakes whoever waits when any record has changed. A wake-up is a hint: look again, and expect nothing.

    `version` is a blocking call for the records' newest version; it runs in a thread.
    """

    def __init__(self, version: Callable[[], int]) -> None:
        self._version = version
        self._followers = 0
        self._poller: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.closed = False
        """Whether the server is stopping: who follows shall end."""

    def close(self) -> None:
        """Wakes all for the last time; called in the loop they run in."""
        self.closed = True
        self._changed.set()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Looks for changes while the body runs."""
        self._followers += 1
        if self._poller is None:
            self._changed = asyncio.Event()
            self._poller = asyncio.create_task(self._poll())
        try:
            yield
        finally:
            self._followers -= 1
            if self._followers == 0:
                poller, self._poller = self._poller, None
                poller.cancel()

    async def wait(self, seconds: float) -> None:
        """Returns when something has changed, or after `seconds`."""
        if self.closed:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    async def _poll(self) -> None:
        seen: int | None = None
        limiter = CapacityLimiter(1)
        while True:
            with suppress(StoreError):  # the streams' own reads say what is wrong
                newest = await anyio.to_thread.run_sync(self._version, limiter=limiter)
                if newest != seen:
                    seen = newest
                    before, self._changed = self._changed, asyncio.Event()
                    before.set()
            await asyncio.sleep(_POLL)
