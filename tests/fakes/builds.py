"""Builds without threads: they take time by the fake clock, and run when the driver says so."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from controller.builds.pool import BuildError, BuildJob, BuildPool
from controller.engine.errors import BuildCancelled, EngineFailed, EngineUnavailable, ImageBuildFailed
from controller.engine.interface import Engine, ImageToBuild
from controller.planner.wanted import LABEL_CONTROLLER
from tests.fakes.clock import FakeClock

CONTEXT = (b"FROM base", b"RUN install", b"COPY . .")


class SteppedExecutor(ThreadPoolExecutor):
    """Keeps what it is given until `run_next`; no thread is ever started."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__(max_workers=1)
        self._clock = clock
        self._seconds = seconds
        self._jobs: list[tuple[float, Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have it run `seconds` from now."""
        future: Future[Any] = Future()
        self._jobs.append((self._clock.monotonic() + self._seconds, future, lambda: fn(*args, **kwargs)))
        return future

    def due_at(self) -> float | None:
        """When the next job ends, by the monotonic clock; None without one."""
        self._jobs = [job for job in self._jobs if not job[1].cancelled()]
        return min((job[0] for job in self._jobs), default=None)

    def run_next(self) -> None:
        """Run the job that is due first."""
        due = self.due_at()
        job = next(job for job in self._jobs if job[0] == due)
        self._jobs.remove(job)
        job[1].set_running_or_notify_cancel()
        job[1].set_result(job[2]())


class FakeBuilder:
    """Builds through the engine interface, and answers as the real builder does."""

    def __init__(self, engine: Engine, controller_id: str) -> None:
        self._engine = engine
        self._controller_id = controller_id
        self.refused: dict[str, BuildError] = {}
        """Contents (by digest) that no image is built of."""

    def build(self, job: BuildJob, cancelled: threading.Event, on_step: Callable[[str], None]) -> BuildError | None:
        """Build the job's image."""
        if job.digest in self.refused:
            return self.refused[job.digest]
        image = ImageToBuild(job.image, {LABEL_CONTROLLER: self._controller_id})
        try:
            self._engine.build(CONTEXT, image, cancelled=cancelled, deadline=600.0, on_line=on_step)
        except ImageBuildFailed as error:
            return BuildError(error.reason, error.log_tail)
        except EngineFailed as error:
            return BuildError(str(error), by_engine=True)
        except (BuildCancelled, EngineUnavailable):
            return None
        return None


def stepped_pool(
    builder: FakeBuilder, clock: FakeClock, on_end: Callable[[str], None], seconds: float
) -> tuple[BuildPool, SteppedExecutor]:
    """The real pool on an executor without threads, and that executor."""
    pool = BuildPool(builder, 1, clock, on_end)
    executor = SteppedExecutor(clock, seconds)
    pool._executor.shutdown()
    pool._executor = executor
    return pool, executor
