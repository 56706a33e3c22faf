"""Mark 10: another process commits a desired state. When does a worker of the controller have its key?

The controller's own loop, with a pass that does nothing but look at the clock.
"""

import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import cast

from api.clock import SystemClock
from api.resources.desired import Claim, DesiredState
from api.store import Store
from bench.rounds import by_turns
from bench.samples import Claim as Held
from bench.samples import Findings, Series
from bench.scenario import Bench, Scenario
from controller.domain.look import Look
from controller.domain.observed import ListedContainer
from controller.engine.breaker import BreakerEngine
from controller.loop.collector import Collector
from controller.loop.control_loop import ControlLoop
from controller.loop.leader import Leader
from controller.loop.overview import Overview
from controller.loop.prober import Prober
from controller.loop.reconciler import PassResult
from controller.loop.workqueue import Workqueue
from tests.images.build import ensure_postgres_image
from tests.loop.stubs import StubEngine
from tests.testbed.pauses import pause

CHANGES, ROUNDS = 200, 3
_LIMIT_S = 30.0
_LONGEST_PAUSE_S = 0.05
"""Between two changes, by chance: else each would come at the same moment of the other side's waiting."""
_LIMITS_MS = {"SQLite": 25.0, "PostgreSQL": 10.0}
_WHAT = "commit to a worker that has the key"


class _Passes:
    """Stands in for the reconciler: notes when a worker came with a key."""

    def __init__(self) -> None:
        self.seen: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()

    def run(self, uid: str, _claim: Claim, *, look: Look | None) -> PassResult:  # noqa: ARG002 (no pass leaves one)
        """A pass that does nothing."""
        self.seen.put((uid, time.monotonic_ns()))
        return PassResult(look_again_after=None)

    def glance(self, _desired: DesiredState, _listed: tuple[ListedContainer, ...]) -> PassResult | None:
        """Nothing is ever settled."""
        return None


class _Nobody:
    """Stands in for the collector."""

    def run(self, _claim: Claim) -> int:
        """Nothing to collect."""
        return 0

    def tidy(self, _claim: Claim) -> None:
        """Nothing to tidy."""


def run(bench: Bench) -> Findings:
    """Changes one by one, at moments by chance; the databases by turns."""
    with _postgresql() as url:
        turns = {
            "SQLite": partial(once, f"sqlite:///{bench.folder / 'feed' / 'playground.db'}"),
            "PostgreSQL": partial(once, url),
        }
        found = by_turns(turns, bench.rounds(ROUNDS), bench.say)
    series = [
        Series(f"ours on {name}", _WHAT, "ms", tuple(value for values in rounds for value in values))
        for name, rounds in found.items()
    ]
    claims = [
        Held(10, f"{name}, p99", each.p99, limit, "ms")
        for each, (name, limit) in zip(series, _LIMITS_MS.items(), strict=True)
    ]
    return Findings(tuple(series), tuple(claims))


def once(url: str) -> list[float]:
    """Milliseconds from the commit to the worker, for each of the changes."""
    store = Store.open(url)
    store.migrate()
    passes = _Passes()
    values = []
    with _loop(store, passes), _writer(url) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for _ in range(CHANGES):
            pause(random.uniform(0.0, _LONGEST_PAUSE_S))
            writer.stdin.write("\n")
            writer.stdin.flush()
            uid, committed = writer.stdout.readline().split()
            at = _when(passes, uid)
            values.append(max(0.0, (at - int(committed)) / 1e6))
    store.close()
    return values


def _when(passes: _Passes, uid: str) -> int:
    """When a worker had the key; keys of a look at everything come in between."""
    while True:
        seen, at = passes.seen.get(timeout=_LIMIT_S)
        if seen == uid:
            return at


@contextmanager
def _loop(store: Store, passes: _Passes) -> Iterator[None]:
    clock, engine = SystemClock(), StubEngine()
    leader, keys = Leader(store, "bench", 1000.0, clock), Workqueue(clock)
    leader.attempt()
    prober = Prober("127.0.0.1", 1000.0, clock, keys.add)
    loop = ControlLoop(
        store=store,
        engine=BreakerEngine(engine),
        reconciler=passes,
        leader=leader,
        queue=keys,
        clock=clock,
        workers=3,
        resync_interval=1000.0,
        collector=cast(Collector, _Nobody()),
        gc_interval=1000.0,
        overview=Overview(store, engine, passes, prober, keys.add_after),
        prober=prober,
    )
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        loop.stop.set()
        thread.join()


@contextmanager
def _writer(url: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bench.writer", url, str(CHANGES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _postgresql() -> Iterator[str]:
    """A server in a container of its own; the URL of its database."""
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 (slow, and for this one only)
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415

    testcontainers_config.ryuk_disabled = True
    with PostgresContainer(ensure_postgres_image(), driver="psycopg") as container:
        yield container.get_connection_url()


SCENARIO = Scenario("feed-latency", "From a commit to a worker that has the key", (10,), run, needs_engine=False)
