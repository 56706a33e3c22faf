"""The build pool: one build a key, ended for real, bounded in number, told when it ends."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from controller.builds.pool import WAITING, BuildError, BuildJob, BuildPool
from controller.domain.observed import BuildEnded, BuildInProgress
from tests.loop.stubs import PATIENCE, HandClock

NOW = 1_000_000.0


class Builds:
    """Builds that last until they are cancelled or told to end."""

    def __init__(self) -> None:
        self.began: queue.SimpleQueue[BuildJob] = queue.SimpleQueue()
        self.cancelled: queue.SimpleQueue[BuildJob] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[BuildError | None] = queue.SimpleQueue()
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def build(self, job: BuildJob, cancelled: threading.Event, on_step: Callable[[str], None]) -> BuildError | None:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        on_step("installing")
        self.began.put(job)
        try:
            while not cancelled.is_set():
                try:
                    return self.answers.get(timeout=0.01)
                except queue.Empty:
                    continue
            self.cancelled.put(job)
            return None
        finally:
            with self._lock:
                self.running -= 1


@pytest.fixture
def builds() -> Builds:
    return Builds()


@pytest.fixture
def ends() -> "queue.SimpleQueue[str]":
    return queue.SimpleQueue()


@pytest.fixture
def pool(builds: Builds, ends: "queue.SimpleQueue[str]") -> Iterator[BuildPool]:
    pool = BuildPool(builds, 1, HandClock(NOW), ends.put)
    yield pool
    pool.close()
    assert builds.running == 0


def job(image: str = "app:1", uid: str = "one", generation: int = 1) -> BuildJob:
    return BuildJob(uid, image, "sha256:x", generation)


def test_a_build_runs_and_is_kept_when_it_ended(
    pool: BuildPool, builds: Builds, ends: "queue.SimpleQueue[str]"
) -> None:
    assert pool.look("one") is None
    pool.begin(job())
    builds.began.get(timeout=PATIENCE)
    assert pool.look("one") == BuildInProgress("app:1", NOW, "installing")
    builds.answers.put(None)
    assert ends.get(timeout=PATIENCE) == "one"
    assert pool.look("one") == BuildEnded("app:1", NOW)
    pool.forget("one")
    assert pool.look("one") is None


def test_a_failure_is_kept_until_the_next_build(
    pool: BuildPool, builds: Builds, ends: "queue.SimpleQueue[str]"
) -> None:
    pool.begin(job())
    builds.answers.put(BuildError("pip failed", ("line",), terminal=True))
    ends.get(timeout=PATIENCE)
    assert pool.look("one") == BuildEnded("app:1", NOW, "pip failed", ("line",), terminal=True)
    pool.begin(job())
    assert isinstance(pool.look("one"), BuildInProgress)


def test_the_same_image_is_built_once(pool: BuildPool, builds: Builds, ends: "queue.SimpleQueue[str]") -> None:
    pool.begin(job())
    builds.began.get(timeout=PATIENCE)
    pool.begin(job(generation=2))
    builds.answers.put(None)
    ends.get(timeout=PATIENCE)
    assert builds.began.empty()


def test_another_image_of_the_key_ends_the_one_that_runs(
    pool: BuildPool, builds: Builds, ends: "queue.SimpleQueue[str]"
) -> None:
    pool.begin(job("app:1"))
    builds.began.get(timeout=PATIENCE)
    pool.begin(job("app:2", generation=2))
    assert builds.cancelled.get(timeout=PATIENCE).image == "app:1"
    assert builds.began.get(timeout=PATIENCE).image == "app:2"
    builds.answers.put(None)
    assert ends.get(timeout=PATIENCE) == "one"
    assert pool.look("one") == BuildEnded("app:2", NOW), "the first has nothing to say any more"
    assert ends.empty()


def test_a_superseded_build_that_still_waits_is_never_begun(
    pool: BuildPool, builds: Builds, ends: "queue.SimpleQueue[str]"
) -> None:
    pool.begin(job("busy:1", uid="busy"))
    builds.began.get(timeout=PATIENCE)
    pool.begin(job("app:1"))
    assert pool.look("one") == BuildInProgress("app:1", NOW, WAITING)
    pool.begin(job("app:2"))
    builds.answers.put(None)
    assert builds.began.get(timeout=PATIENCE).image == "app:2"
    builds.answers.put(None)
    assert [ends.get(timeout=PATIENCE) for _ in range(2)] == ["busy", "one"]
    assert builds.began.empty()


def test_cancelled_it_is_gone_at_once_and_ended_for_real(
    pool: BuildPool, builds: Builds, ends: "queue.SimpleQueue[str]"
) -> None:
    pool.begin(job())
    builds.began.get(timeout=PATIENCE)
    pool.cancel("one")
    assert pool.look("one") is None
    assert builds.cancelled.get(timeout=PATIENCE) == job()
    pool.cancel("one")
    pool.begin(job())
    builds.answers.put(None)
    assert ends.get(timeout=PATIENCE) == "one"
    assert ends.empty()


def test_no_more_than_so_many_at_a_time(builds: Builds, ends: "queue.SimpleQueue[str]") -> None:
    pool = BuildPool(builds, 2, HandClock(NOW), ends.put)
    for number in range(6):
        pool.begin(job(uid=str(number)))
    for _ in range(6):
        builds.began.get(timeout=PATIENCE)
        builds.answers.put(None)
    assert {ends.get(timeout=PATIENCE) for _ in range(6)} == {str(number) for number in range(6)}
    pool.close()
    assert builds.most <= 2


def test_close_ends_what_runs_and_what_waits(builds: Builds, ends: "queue.SimpleQueue[str]") -> None:
    pool = BuildPool(builds, 1, HandClock(NOW), ends.put)
    for number in range(3):
        pool.begin(job(uid=str(number)))
    builds.began.get(timeout=PATIENCE)
    pool.close()
    assert builds.cancelled.get(timeout=PATIENCE).uid == "0"
    assert (builds.began.empty(), ends.empty(), pool.look("0")) == (True, True, None)
