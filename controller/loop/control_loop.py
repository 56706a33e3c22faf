"""The control loop: workers and hints around the queue. Threads are started and stopped here and nowhere else."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from api.clock import Clock
from api.resources.desired import Claim
from api.store import Store, StoreError
from controller.domain.look import Look
from controller.engine.breaker import BreakerEngine
from controller.engine.errors import EngineError
from controller.loop.collector import Collector
from controller.loop.hearing import Hearing
from controller.loop.leader import Leader
from controller.loop.overview import Overview
from controller.loop.pacing import Pacing
from controller.loop.prober import Prober
from controller.loop.reconciler import PassResult
from controller.loop.workqueue import Workqueue

log = structlog.get_logger()

BROKEN_PASS_PAUSE = 5.0
RECONNECT_PAUSE = 1.0
MOST_PAUSES = 15
"""So many such pauses at most, where the engine answers and will not be listened to."""
FEED_WAIT = 5.0


class Passes(Protocol):
    """What is asked of a reconciler here."""

    def run(self, uid: str, claim: Claim, /, *, look: Look | None) -> PassResult:
        """As `Reconciler.run`."""


@dataclass(frozen=True, slots=True)
class ControlLoop:
    """Keeps every playground as it is wanted, for as long as it leads."""

    store: Store
    engine: BreakerEngine
    reconciler: Passes
    leader: Leader
    queue: Workqueue
    clock: Clock
    workers: int
    resync_interval: float
    collector: Collector
    gc_interval: float
    overview: Overview
    prober: Prober
    hearing: Hearing = field(default_factory=Hearing)
    stop: threading.Event = field(default_factory=threading.Event)
    resync_now: threading.Event = field(default_factory=threading.Event)
    on_pass: Callable[[str, float], None] = lambda _result, _seconds: None
    """Told of each pass: `success`, `requeue_after` or `error`, and the seconds it took."""
    on_sweep: Callable[[float], None] = lambda _seconds: None
    """Told of each look at everything, and the seconds it took."""
    beside: tuple[tuple[str, Callable[[threading.Event], None]], ...] = ()
    """(name, job) of what else shall run until `stop`."""
    _waiting_for_port: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Run until `stop` is set; returns when all threads are done."""
        jobs: list[tuple[str, Callable[[], None]]] = [
            ("lease", lambda: self.leader.run(self.stop, self._look_at_everything, self._tidy)),
            ("feed", self._follow_feed),
            ("events", self._follow_engine),
            ("engine-watch", lambda: self.engine.watch(self.stop, self._look_at_everything)),
            ("resync", self._resync),
            ("garbage", self._collect),
            ("prober", lambda: self.prober.run(self.stop)),
            *((name, partial(job, self.stop)) for name, job in self.beside),
            *((f"worker-{number}", self._work) for number in range(1, self.workers + 1)),
        ]
        threads = [
            threading.Thread(target=self._keep, args=(name, job), name=name, daemon=name == "events")
            for name, job in jobs
        ]
        for thread in threads:
            thread.start()
        self.stop.wait()
        self.resync_now.set()
        self.engine.let_go()
        self.prober.let_go()
        self.queue.close()
        for thread in threads:
            if not thread.daemon:
                thread.join()

    def _keep(self, name: str, job: Callable[[], None]) -> None:
        """Run a job until it ends. One that breaks is begun again: without it the loop would be deaf, or never lead."""
        while not self.stop.is_set():
            try:
                job()
            except Exception:
                log.exception("thread broke", thread=name)
                self.stop.wait(BROKEN_PASS_PAUSE)

    def _work(self) -> None:
        """One worker: a key, a pass, when again."""
        while not self.stop.is_set():
            uid = self.queue.get()
            if uid is not None:
                self.queue.done(uid, self._pass(uid))

    def _pass(self, uid: str) -> float | None:
        """Run one pass; returns the seconds until the key wants to be seen again."""
        look = self.overview.begins(uid)
        result: PassResult | None = None
        try:
            claim = self.leader.claim()
            if claim is not None:  # else whoever gains the lease looks at everything
                result = self._run(uid, claim, look)
        finally:
            is_news = self.overview.ends(uid, result)
        if result is None:
            return None
        return 0.0 if is_news else result.look_again_after

    def _run(self, uid: str, claim: Claim, look: Look | None) -> PassResult:
        began = self.clock.monotonic()
        try:
            result = self.reconciler.run(uid, claim, look=look)
        except Exception as error:
            self.on_pass("error", self.clock.monotonic() - began)
            if isinstance(error, StoreError):
                log.warning("pass interrupted", uid=uid, error=str(error))
            else:
                log.exception("pass broke", uid=uid)
            return PassResult(look_again_after=BROKEN_PASS_PAUSE)
        again = "success" if result.look_again_after is None else "requeue_after"
        self.on_pass(again, self.clock.monotonic() - began)
        self._note(uid, result)
        return result

    def _note(self, uid: str, result: PassResult) -> None:
        if result.waits_for_port:
            self._waiting_for_port.add(uid)
        else:
            self._waiting_for_port.discard(uid)
        if result.freed_port:
            for waiting in sorted(self._waiting_for_port):
                self.queue.add(waiting)

    def _follow_feed(self) -> None:
        """Hints from the store: somebody changed what is wanted."""
        seen, pacing = 0, Pacing(self.clock)
        while not self.stop.is_set():
            try:
                self.store.feed.wait(seen, timeout=FEED_WAIT, stop=self.stop)
                seen, changed = self.store.work.changed_since(seen)
            except StoreError as error:
                log.warning("change feed interrupted", error=str(error))
                self.stop.wait(RECONNECT_PAUSE)
                continue
            for uid in changed:
                self.queue.add_after(uid, pacing.delay(uid))

    def _look_at_everything(self) -> None:
        """What was settled may not be so any more."""
        self.overview.forget()
        self.resync_now.set()

    def _follow_engine(self) -> None:
        """Hints from the engine: something happened to a container of ours. After every break, look at everything."""
        since = self.clock.now()
        self.overview.forget()  # nobody has listened up to now
        while not self.stop.is_set():
            try:
                self.engine.ping()
                self.hearing.begins(self.clock.now())
                for event in self.engine.events(since, self.stop):
                    since = max(since, event.at)
                    if self.overview.heard(event):
                        self.queue.add(event.uid)
            except EngineError as error:
                if not self.stop.is_set():
                    log.warning("event stream interrupted", error=str(error))
            finally:
                refusals = self.hearing.ends(self.clock.now())
                self.overview.forget()
            self.stop.wait(RECONNECT_PAUSE * min(MOST_PAUSES, max(1, refusals)))
            self._look_at_everything()

    def _resync(self) -> None:
        """Now and then, look at all keys that are not as they were when they were last seen settled."""
        while not self.stop.is_set():
            self.resync_now.wait(self.resync_interval)
            self.resync_now.clear()
            if not self.stop.is_set() and self.leader.claim() is not None:
                self._resync_once()

    def _collect(self) -> None:
        """Now and then, remove what nobody needs."""
        while not self.stop.wait(self.gc_interval):
            claim = self.leader.claim()
            if claim is None:
                continue
            try:
                self.collector.run(claim)
            except (EngineError, StoreError) as error:
                log.warning("collection put off", error=str(error))

    def _tidy(self) -> None:
        """The last thing a leader does."""
        claim = self.leader.claim()
        if claim is not None:
            self.collector.tidy(claim)

    def _resync_once(self) -> None:
        began = self.clock.monotonic()
        try:
            for uid in self.overview.sweep():
                self.queue.add(uid)
        except (EngineError, StoreError) as error:
            log.warning("resync put off", error=str(error))
            return
        self.on_sweep(self.clock.monotonic() - began)
