"""The control loop with stand-ins: what wakes a pass, what does not, and that nothing takes it down."""

import math
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from api.clock import SystemClock
from api.resources.desired import Claim, DesiredState
from api.store import CONTROLLER_LEASE, Store, StoreUnavailable
from controller.domain.look import Look
from controller.domain.observed import ContainerState, ListedContainer
from controller.engine.breaker import BreakerEngine
from controller.engine.errors import EngineRefused, EngineUnavailable
from controller.engine.interface import EngineEvent
from controller.loop import control_loop
from controller.loop.collector import Collector
from controller.loop.control_loop import ControlLoop
from controller.loop.leader import Leader
from controller.loop.overview import Overview
from controller.loop.prober import Prober
from controller.loop.reconciler import PassResult
from controller.loop.workqueue import Workqueue
from tests.loop.stubs import PATIENCE, StubEngine, add_playground
from tests.planner.worlds import container

NOTHING_MORE = PassResult(look_again_after=None)


class Passes:
    """Stands in for the reconciler: tells which keys had a pass, and answers as it is told to."""

    def __init__(self, answer: Callable[[str, int], PassResult] = lambda uid, number: NOTHING_MORE) -> None:
        self._answer = answer
        self.seen: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.counts: dict[str, int] = {}

    def run(self, uid: str, claim: Claim, *, look: Look | None) -> PassResult:
        self.counts[uid] = self.counts.get(uid, 0) + 1
        self.seen.put(uid)
        return self._answer(uid, self.counts[uid])

    def glance(self, _desired: DesiredState, _listed: tuple[ListedContainer, ...]) -> PassResult | None:
        return None

    def next(self) -> str:
        return self.seen.get(timeout=PATIENCE)

    def until(self, uid: str, count: int) -> None:
        while self.counts.get(uid, 0) < count:
            self.next()


class Collections:
    """Stands in for the collector."""

    def __init__(self) -> None:
        self.runs: queue.SimpleQueue[Claim] = queue.SimpleQueue()
        self.tidied: Claim | None = None

    def run(self, claim: Claim) -> int:
        self.runs.put(claim)
        if self.runs.qsize() == 1:
            raise EngineUnavailable("not now")
        return 0

    def tidy(self, claim: Claim) -> None:
        """The last thing a leader does."""
        self.tidied = claim


@contextmanager
def running(store: Store, engine: StubEngine, passes: Passes, **fields: Any) -> Iterator[ControlLoop]:
    """The loop in a thread, leading from the start unless a leader is given; all its threads end with the block."""
    clock = SystemClock()
    leader = Leader(store, "one", 1000.0, clock)
    if "leader" not in fields:
        leader.attempt()
    queue = Workqueue(clock)
    prober = Prober("127.0.0.1", 1000.0, clock, queue.add)
    loop = ControlLoop(
        **{
            "store": store,
            "engine": BreakerEngine(engine),
            "reconciler": passes,
            "leader": leader,
            "queue": queue,
            "overview": Overview(store, engine, passes, prober, queue.add_after),
            "prober": prober,
            "clock": clock,
            "workers": 2,
            "resync_interval": 1000.0,
            "collector": cast(Collector, Collections()),
            "gc_interval": 1000.0,
            **fields,
        }
    )
    before = set(threading.enumerate())
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield loop
    finally:
        loop.stop.set()
        thread.join(PATIENCE)
        for left in set(threading.enumerate()) - before:
            left.join(PATIENCE)
            assert not left.is_alive(), left.name


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKEN_PASS_PAUSE", "RECONNECT_PAUSE"):
        monkeypatch.setattr(control_loop, name, 0.01)


def test_a_change_in_the_store_is_a_hint(store: Store) -> None:
    passes = Passes()
    with running(store, StubEngine(), passes):
        uid = add_playground(store).metadata.uid
        passes.until(uid, 1)


def test_an_event_of_the_engine_is_a_hint(store: Store) -> None:
    engine, passes = StubEngine(), Passes()
    with running(store, engine, passes):
        engine.hints.put(EngineEvent("somebody", "die", 1.0))
        passes.until("somebody", 1)


def test_a_broken_event_stream_is_taken_up_again_and_everything_looked_at(store: Store) -> None:
    engine, passes = StubEngine(container("lost", uid="lost")), Passes()
    engine.errors["events"] = EngineUnavailable("cut")
    with running(store, engine, passes):
        passes.until("lost", 2)
        del engine.errors["events"]
        engine.hints.put(EngineEvent("somebody", "die", 1.0))
        passes.until("somebody", 1)
    assert engine.calls.count("events") >= 2


def test_an_engine_that_refuses_its_events_for_good_is_not_taken_for_dead(store: Store) -> None:
    """Else whatever ends by itself would be started again at once, for ever."""
    engine, passes = StubEngine(container("lost", uid="lost")), Passes()
    engine.errors["events"] = EngineRefused("403")
    with running(store, engine, passes) as loop:
        passes.until("lost", 6)
        assert loop.hearing.since() < math.inf


def test_a_resync_looks_only_at_keys_that_are_not_as_they_settled(store: Store) -> None:
    calm, busy = container("calm", uid="calm"), container("busy", uid="busy")
    fingerprint = frozenset({(calm.id, "running")})
    stale = frozenset({(busy.id, "exited")})

    def answer(uid: str, number: int) -> PassResult:
        return PassResult(None, settled=True, fingerprint=fingerprint if uid == "calm" else stale)

    engine, passes = StubEngine(calm, busy), Passes(answer)
    with running(store, engine, passes, resync_interval=0.01):
        passes.until("busy", 5)
    assert passes.counts["calm"] <= 2
    assert "containers_of" not in engine.calls, "one list call, no inspects"


def test_a_settled_key_whose_container_changed_without_an_event_is_found(store: Store) -> None:
    uid = add_playground(store).metadata.uid
    here = container("here", uid=uid)

    def answer(_uid: str, _number: int) -> PassResult:
        return PassResult(None, settled=True, fingerprint=frozenset({(here.id, ContainerState.RUNNING.value)}))

    engine, passes = StubEngine(here), Passes(answer)
    with running(store, engine, passes, resync_interval=0.01):
        passes.until(uid, 1)
        engine.containers.clear()
        passes.until(uid, passes.counts[uid] + 2)


def test_a_resync_that_cannot_look_is_put_off(store: Store) -> None:
    engine, passes = StubEngine(container("here", uid="here")), Passes()
    engine.errors["listing"] = EngineUnavailable("hung")
    with running(store, engine, passes, resync_interval=0.01):
        while engine.calls.count("listing") < 2:
            threading.Event().wait(0.001)
        assert passes.counts == {}
        del engine.errors["listing"]
        passes.until("here", 1)


def test_a_freed_port_wakes_those_that_wait_for_one(store: Store) -> None:
    def answer(uid: str, number: int) -> PassResult:
        if uid == "leaver":
            return PassResult(None, freed_port=True)
        return PassResult(None, waits_for_port=number == 1)

    passes = Passes(answer)
    with running(store, StubEngine(), passes, workers=1) as loop:
        for uid in ("waits-1", "waits-2", "content"):
            loop.queue.add(uid)
            passes.until(uid, 1)
        passes.counts["content"] = 2  # as if it had one by now
        loop.queue.add("content")
        passes.until("content", 3)
        loop.queue.add("leaver")
        passes.until("waits-1", 2)
        passes.until("waits-2", 2)
        loop.queue.add("leaver")
        loop.queue.add("last")
        passes.until("last", 1)
        assert (passes.counts["waits-1"], passes.counts["content"]) == (2, 3), "woken once"


@pytest.mark.parametrize("error", [RuntimeError("a bug"), StoreUnavailable("locked")])
def test_a_broken_pass_is_tried_again_and_takes_no_worker_down(store: Store, error: Exception) -> None:
    def answer(uid: str, number: int) -> PassResult:
        if uid == "broken" and number < 5:
            raise error
        return NOTHING_MORE

    passes = Passes(answer)
    with running(store, StubEngine(), passes, workers=1) as loop:
        loop.queue.add("broken")
        passes.until("broken", 5)
        loop.queue.add("other")
        passes.until("other", 1)


def test_a_pass_that_asks_for_it_is_run_again(store: Store) -> None:
    passes = Passes(lambda uid, number: PassResult(look_again_after=0.0 if number < 4 else None))
    with running(store, StubEngine(), passes) as loop:
        loop.queue.add("again")
        passes.until("again", 4)


def test_a_thread_that_breaks_is_begun_again(store: Store) -> None:
    engine, passes = StubEngine(container("here", uid="here")), Passes()
    engine.errors["listing"] = ValueError("'configured' is no state we know")
    with running(store, engine, passes, resync_interval=0.01):
        while engine.calls.count("listing") < 2:
            threading.Event().wait(0.001)
        del engine.errors["listing"]
        passes.until("here", 1)


def test_who_does_not_lead_runs_no_pass_and_looks_at_everything_when_it_does(store: Store) -> None:
    clock = SystemClock()
    other = Leader(store, "other", 1000.0, clock)
    other.attempt()
    engine, passes = StubEngine(container("here", uid="here")), Passes()
    ours = Leader(store, "one", 0.06, clock)
    with running(store, engine, passes, leader=ours) as loop:
        loop.queue.add("hinted")
        while len(loop.queue):
            threading.Event().wait(0.001)
        assert passes.counts == {}
        other.resign()
        passes.until("here", 1)
    assert store.leases.holder(CONTROLLER_LEASE) is None, "given back at the end"


def test_garbage_is_collected_now_and_then_though_it_failed_once(store: Store) -> None:
    collections = Collections()
    with running(store, StubEngine(), Passes(), collector=cast(Collector, collections), gc_interval=0.01):
        claims = [collections.runs.get(timeout=PATIENCE) for _ in range(2)]
    assert claims[0] == claims[1] == Claim(holder="one", epoch=1)


def test_stop_does_not_wait_for_the_pauses(store: Store) -> None:
    clock = SystemClock()
    with running(store, StubEngine(), Passes(), resync_interval=3600.0, gc_interval=3600.0) as loop:
        loop.queue.add_after("much later", 3600.0)
        loop.queue.add("now")
        began = clock.monotonic()
    assert clock.monotonic() - began < 4.0, "the engine's watch looks every 5 s"
