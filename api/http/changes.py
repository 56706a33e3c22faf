"""One look at the records for all live streams: they wait here instead of each asking the database over and over."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio.to_thread
from anyio import CapacityLimiter

from api.store import StoreError

_PAUSE = 0.02
"""Seconds between two wake-ups at least: a burst of writes is one of them. Nobody follows: no look."""
_AFTER_FAILURE = 0.25


class Changes:
    """Wakes whoever waits when any record has changed. A wake-up is a hint: look again, and expect nothing.

    `await_newer` is a blocking call that returns the records' newest version, at once where it is newer than the given
    one, else after a fraction of a second; it runs in a thread.
    """

    def __init__(self, await_newer: Callable[[int], int]) -> None:
        self._await_newer = await_newer
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
        seen = -1
        limiter = CapacityLimiter(1)
        while True:
            try:
                newest = await anyio.to_thread.run_sync(
                    self._await_newer, seen, limiter=limiter, abandon_on_cancel=True
                )
            except StoreError:  # the streams' own reads say what is wrong
                await asyncio.sleep(_AFTER_FAILURE)
                continue
            if newest != seen:
                seen = newest
                before, self._changed = self._changed, asyncio.Event()
                before.set()
            await asyncio.sleep(_PAUSE)
