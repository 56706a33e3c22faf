"""Writes from the event loop: those that come together are committed together, and answered after the commit."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from api.store import StoreError
from api.store.database import Transaction
from api.store.group_commit import GroupCommit, GroupLost

T = TypeVar("T")
R = TypeVar("R")

MOST_AT_ONCE = 32
"""Writes in one commit: while they are run, no other process can write to the database."""
_TURNS = 4
"""Of the event loop: so many lie between the arrival of a request and its write."""
_WITHOUT_A_BREAK = 4
"""Writes that are run one after the other before others get a turn on the loop."""


@dataclass(eq=False, slots=True)
class _Write:
    work: Callable[[Transaction], Any]
    then: Callable[[Any], Any]
    future: "asyncio.Future[Any]"
    result: Any = None
    error: Exception | None = None

    def make_ready(self) -> None:
        """Make of the result what whoever waits gets, once it may be told."""
        if self.error is None:
            try:
                self.result = self.then(self.result)
            except Exception as error:
                self.error = error

    def tell(self) -> None:
        """Whoever waits, if anybody still does."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writes:
    """The queue. For one event loop; `alone` writes without a group, in the calling thread."""

    def __init__(self, group: GroupCommit, alone: Callable[[Callable[[Transaction], Any]], Any]) -> None:
        self._group = group
        self._alone = alone
        self._queue: deque[_Write] = deque()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._checkpoints = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")

    async def write(self, work: Callable[[Transaction], T], then: Callable[[T], R]) -> R:
        """What `then` makes of what the work returns, once it is on disk.

        The work may be run more than once, so it changes nothing else. Neither does `then`, which is asked while the
        disk is waited for: the reply is ready when it may be sent.

        Raises:
            StoreError: as `Database.write`; or what `work` or `then` raises.
        """
        loop = asyncio.get_running_loop()
        write = _Write(work, then, loop.create_future())
        self._queue.append(write)
        if self._task is None:
            self._task = loop.create_task(self._serve())
        result: R = await write.future
        return result

    async def _serve(self) -> None:
        """Group after group, until nothing waits."""
        try:
            while self._queue:
                await self._serve_group()
        finally:
            self._task = None

    async def _serve_group(self) -> None:
        """One group: run, committed, told."""
        await self._gather()
        group: list[_Write] = []
        try:
            try:
                await self._commit(group, carefully=False)
            except GroupLost:
                await self._commit(group, carefully=True)
        except GroupLost:
            await self._write_alone(group)
        except StoreError as error:
            if not group:  # not even begun: whoever waits has waited long enough
                group += self._queue
                self._queue.clear()
            for write in group:
                write.error = write.error or error
        for write in group:
            write.tell()

    async def _gather(self) -> None:
        """Let those come that are on their way: until none came for some turns of the loop, which are microseconds."""
        turns, seen = 0, len(self._queue)
        while turns < _TURNS and seen < MOST_AT_ONCE:
            await asyncio.sleep(0)
            turns, seen = (turns + 1, seen) if len(self._queue) == seen else (0, len(self._queue))

    async def _commit(self, group: list[_Write], *, carefully: bool) -> None:
        """Run the group, or what waits (which is then the group), and commit it. Raises GroupLost, StoreError."""
        loop = asyncio.get_running_loop()
        if not self._group.try_begin():
            await loop.run_in_executor(self._thread, self._group.begin)
        try:
            if carefully:
                for write in group:
                    self._run(write, carefully=True)
            else:
                await self._run_all(group)
        except GroupLost:
            raise
        except BaseException:
            self._group.abandon()
            raise
        committing = loop.run_in_executor(self._thread, self._group.commit)
        for write in group:
            write.make_ready()
        if await committing:
            self._checkpoints.submit(self._group.checkpoint)

    async def _run_all(self, group: list[_Write]) -> None:
        while self._queue and len(group) < MOST_AT_ONCE:
            write = self._queue.popleft()
            if write.future.done():
                continue  # nobody waits for it any more
            group.append(write)
            self._run(write, carefully=False)
            if len(group) % _WITHOUT_A_BREAK == 0:
                await asyncio.sleep(0)

    def _run(self, write: _Write, *, carefully: bool) -> None:
        """Run one. What it raises is told after the commit: it may be an answer to what is not on disk yet."""
        write.result = write.error = None
        try:
            write.result = self._group.run(write.work, carefully=carefully)
        except GroupLost as lost:
            write.error = lost.cause
            raise
        except Exception as error:
            write.error = error

    async def _write_alone(self, group: list[_Write]) -> None:
        """Each of those that have not failed in a transaction of its own."""
        loop = asyncio.get_running_loop()
        for write in group:
            if write.error is None:
                try:
                    write.result = await loop.run_in_executor(self._thread, self._alone, write.work)
                except Exception as error:
                    write.error = error
                write.make_ready()
