"""The build pool: image builds of their own, bounded in number, that no pass waits for.

A key has one build at most. Beginning another one ends the first, really: its connection is closed, and with it what
runs on the engine. What a build came to stays here until the next one of the key; the record of it is in the store.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from api.clock import Clock
from controller.domain.observed import BuildEnded, BuildInProgress

WAITING = "waiting for a free build slot"


@dataclass(frozen=True, slots=True)
class BuildJob:
    """What to build: the image's name, the plugin's content, and for whom."""

    uid: str
    image: str
    digest: str
    generation: int


@dataclass(frozen=True, slots=True)
class BuildError:
    """Why there is no image: a sentence, the last lines, and whether only a change can help."""

    message: str
    log_tail: tuple[str, ...] = ()
    terminal: bool = False
    by_engine: bool = False
    """Whether the engine failed, which says nothing about the plugin."""


class Builder(Protocol):
    """What builds one image. Returns None when it is there, or when nothing is known and the next pass shall see."""

    def build(self, job: BuildJob, cancelled: threading.Event, on_step: Callable[[str], None]) -> BuildError | None:
        """Build, and tell the steps."""
        ...


@dataclass(slots=True)
class _Running:
    job: BuildJob
    since: float
    step: str = WAITING
    cancelled: threading.Event = field(default_factory=threading.Event)
    future: Future[None] | None = None

    def end(self) -> None:
        """End it, whether it runs or still waits for a slot."""
        self.cancelled.set()
        if self.future is not None:
            self.future.cancel()


class BuildPool:
    """Runs builds; safe to share between threads."""

    def __init__(self, builder: Builder, concurrency: int, clock: Clock, on_end: Callable[[str], None]) -> None:
        self._builder = builder
        self._clock = clock
        self._on_end = on_end
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._ended: dict[str, BuildEnded] = {}
        self._executor = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="build")

    def begin(self, job: BuildJob) -> None:
        """Begin a build; the one of the same image that runs already is left alone, another one of the key is ended."""
        with self._lock:
            running = self._running.get(job.uid)
            if running is not None and running.job.image == job.image and not running.cancelled.is_set():
                return
            if running is not None:
                running.end()
            self._ended.pop(job.uid, None)
            entry = _Running(job, self._clock.now())
            self._running[job.uid] = entry
            entry.future = self._executor.submit(self._run, entry)

    def cancel(self, uid: str) -> None:
        """End the key's build. It is gone from `look` at once; the engine ends it within moments."""
        with self._lock:
            running = self._running.pop(uid, None)
            if running is not None:
                running.end()

    def look(self, uid: str) -> BuildInProgress | BuildEnded | None:
        """The key's build that runs, else the last that ended in this process."""
        with self._lock:
            running = self._running.get(uid)
            if running is not None:
                return BuildInProgress(running.job.image, running.since, running.step)
            return self._ended.get(uid)

    def forget(self, uid: str) -> None:
        """Drop what is known of a key that is gone."""
        self.cancel(uid)
        with self._lock:
            self._ended.pop(uid, None)

    def close(self) -> None:
        """End all builds and wait for their threads."""
        for uid in tuple(self._running):
            self.cancel(uid)
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _run(self, entry: _Running) -> None:
        def on_step(step: str) -> None:
            entry.step = step

        entry.step = "preparing"
        error = self._builder.build(entry.job, entry.cancelled, on_step)
        uid = entry.job.uid
        with self._lock:
            if self._running.get(uid) is not entry:
                return  # cancelled or superseded: it has nothing to say any more
            del self._running[uid]
            self._ended[uid] = BuildEnded(
                image=entry.job.image,
                ended_at=self._clock.now(),
                error=error.message if error else None,
                log_tail=error.log_tail if error else (),
                terminal=error.terminal if error else False,
                by_engine=error.by_engine if error else False,
            )
        self._on_end(uid)
