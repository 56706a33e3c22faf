"""What the routes work with, handed in once by whoever builds the application."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from api.archives.files import ArchiveFiles
from api.clock import Clock
from api.http.changes import Changes
from api.http.controller_client import ControllerClient
from api.http.readings import Readings
from api.http.writes import Writes
from api.metrics import HttpMetrics
from api.resources.playground import Playground
from api.resources.wanted import Applied, WantedPlayground
from api.settings import Settings
from api.store import Store

P = ParamSpec("P")
R = TypeVar("R")

RECORD_THREADS = 8
ARCHIVE_THREADS = 4


@dataclass(frozen=True)
class Dependencies:
    """Everything outside of a request."""

    store: Store
    archives: ArchiveFiles
    settings: Settings
    clock: Clock
    token: str
    controller: ControllerClient


@dataclass(frozen=True)
class Context:
    """The dependencies, and what belongs to one running application: its threads and its watch on the records.

    Reads of records, work on archives and calls to the controller have threads of their own: none starves another.
    """

    deps: Dependencies
    changes: Changes
    metrics: HttpMetrics
    readings: Readings | None = None
    """What is read most, ready to be sent; None where the records can't be asked without waiting."""
    writes: Writes | None = None
    """Writes that are committed together; None where the database does that itself."""
    _record_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(RECORD_THREADS))
    _archive_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(ARCHIVE_THREADS))
    _controller_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(ARCHIVE_THREADS))

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.deps.clock.now()

    async def records(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs a call to the store in a thread."""
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._record_threads)

    async def apply(self, wanted: WantedPlayground, then: Callable[[Applied], R]) -> R:
        """`Playgrounds.apply`: together with others that come at the same time, where that makes it quicker.

        What `then` makes of it, which changes nothing.
        """
        playgrounds = self.deps.store.playgrounds
        if self.writes is None:
            return then(await self.records(playgrounds.apply, wanted, now=self.now()))
        return await self.writes.write(playgrounds.applying(wanted, now=self.now()), then)

    async def some_playgrounds(self, uids: Sequence[str]) -> tuple[int, tuple[Playground, ...]]:
        """The newest version of all, and those of the playgrounds that are there."""
        return await self.records(self.deps.store.playgrounds.some, uids)

    async def disk(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs work on an archive in a thread."""
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._archive_threads)

    async def ask_controller(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs a call to the controller in a thread."""
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._controller_threads)


def context(connection: HTTPConnection) -> Context:
    """The context of the application that got this request."""
    found = connection.app.state.context
    assert isinstance(found, Context)
    return found
