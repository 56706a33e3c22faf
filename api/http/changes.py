"""One look at the records for all live streams: they wait here instead of each asking the database over and over."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from api.store import StoreError

_PAUSE = 0.02
"""Seconds between two wake-ups at least: a burst of writes is one of them. Nobody follows: no look."""
_AFTER_FAILURE = 0.25


class Changes:
    """Wakes whoever waits when any record has changed. A wake-up is a hint: look again, and expect nothing.

    `await_newer` is a blocking call that returns the records' newest version, at once where it is newer than the given
    one, else after a while, or when the event is set. One thread makes it for as long as somebody follows: to hand
    each call to another took longer than the look.
    """

    def __init__(self, await_newer: Callable[[int, threading.Event], int]) -> None:
        self._await_newer = await_newer
        self._followers = 0
        self._leave: threading.Event | None = None
        """Ends the thread that looks; None where nobody follows."""
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
        if self._leave is None:
            self._changed, self._leave = asyncio.Event(), threading.Event()
            given = asyncio.get_running_loop(), self._leave
            threading.Thread(target=self._look, args=given, name="changes", daemon=True).start()
        try:
            yield
        finally:
            self._followers -= 1
            if self._followers == 0:
                self._leave.set()
                self._leave = None

    async def wait(self, seconds: float) -> None:
        """Returns when something has changed, or after `seconds`."""
        if self.closed:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _look(self, loop: asyncio.AbstractEventLoop, leave: threading.Event) -> None:
        seen = -1
        while not leave.is_set():
            try:
                newest = self._await_newer(seen, leave)
            except StoreError:  # the streams' own reads say what is wrong
                leave.wait(_AFTER_FAILURE)
                continue
            if newest != seen:
                seen = newest
                try:
                    loop.call_soon_threadsafe(self._wake)
                except RuntimeError:  # the loop is over, and whoever followed with it
                    return
            leave.wait(_PAUSE)

    def _wake(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()
