"""Faults at chosen effects: of the engine, of the store, and of the controller itself, which may crash at any of them.

An effect is a call that changes something. They are counted as they happen, over engine and store together; a fault is
put at the k-th of all, or at the n-th of a name. Reads are not effects: `blind` makes them fail.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

from api.resources.desired import Claim, Report
from api.resources.event import NewEvent
from api.store import Store, StoreError, StoreUnavailable
from api.store.database import Database
from api.store.ports import HostPorts
from api.store.work import Work
from controller.domain.container_spec import ContainerSpec
from controller.domain.garbage import ListedImage, ListedNetwork
from controller.domain.observed import ListedContainer, ObservedContainer, Usage
from controller.engine.errors import EngineError, EngineFailed, EngineUnavailable
from controller.engine.interface import Engine, EngineEvent, ImageToBuild
from tests.fakes.clock import FakeClock

T = TypeVar("T")
ENGINE_TIMEOUT = 10.0


class Crash(BaseException):
    """The controller's process has ended here. Nothing in it may catch this."""


class Fault(StrEnum):
    """What happens at an effect."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    REPLY_LOST = "reply lost"
    """It is done, and nobody hears of it."""
    ERROR_500 = "500"
    """It is not done, and the other side says that it failed."""
    TIMED_OUT = "time-out"
    """It is not done, and nobody hears of it."""
    TIMED_OUT_THEN_CRASH = "time-out then crash"
    """As a time-out, and the process ends at the next effect."""
    DONE_LATE = "done late"
    """A time-out, and the engine does it all the same: just before the next effect."""
    HALF_DONE = "half done"
    """A restart that has stopped the container and not started it. Any other effect: as a time-out."""


class Faults:
    """Counts the effects and lets some of them go wrong."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.trace: list[str] = []
        """Each effect by name, with what went wrong."""
        self.blind: set[str] = set()
        """Reads of the engine that fail."""
        self.gone = False
        """Whether the engine answers nothing at all."""
        self.guard: Callable[[str, str], None] = lambda what, about: None
        """Asked before each effect, with its name and the container or playground it is about; may raise."""
        self._at: dict[int, Fault] = {}
        self._on: dict[tuple[str, int], Fault] = {}
        self._counts: dict[str, int] = {}
        self.late = 0
        """How many effects have been done late."""
        self._late: list[Callable[[], object]] = []
        self._crash_next = False

    def begin(self) -> None:
        """Count from here on; nothing goes wrong any more until it is asked for."""
        self.blind, self.gone, self._crash_next = set(), False, False
        for record in (self.trace, self._at, self._on, self._counts, self._late):
            record.clear()

    def at(self, number: int, fault: Fault) -> None:
        """Let the effect with that number, from 1, go wrong."""
        self._at[number] = fault

    def on(self, what: str, fault: Fault, *, nth: int = 1) -> None:
        """Let the n-th effect of that name go wrong."""
        self._on[what, nth] = fault

    def effect(
        self,
        what: str,
        about: str,
        do: Callable[[], T],
        *,
        failed: Exception,
        half: Callable[[], object] | None = None,
    ) -> T:
        """Do it, as well as it is let."""
        self.do_late()
        if self._crash_next:
            self._crash_next = False
            raise Crash(what)
        self.guard(what, about)
        self._counts[what] = self._counts.get(what, 0) + 1
        fault = self._at.get(len(self.trace) + 1) or self._on.get((what, self._counts[what]))
        self.trace.append(what if fault is None else f"{what} ({fault})")
        silence = StoreUnavailable if isinstance(failed, StoreError) else EngineUnavailable
        match fault:
            case None:
                return do()
            case Fault.CRASH_BEFORE:
                raise Crash(what)
            case Fault.CRASH_AFTER:
                do()
                raise Crash(what)
            case Fault.ERROR_500:
                raise failed
            case Fault.REPLY_LOST:
                do()
            case Fault.DONE_LATE:
                self._late.append(do)
            case Fault.HALF_DONE if half is not None:
                half()
            case Fault.TIMED_OUT_THEN_CRASH:
                self._crash_next = True
        self._clock.advance(ENGINE_TIMEOUT)
        raise silence(f"no answer to {what}")

    def read(self, what: str) -> None:
        """Raise where the engine is not to be seen."""
        if self.gone or what in self.blind:
            raise EngineUnavailable(f"no answer to {what}")

    def do_late(self) -> None:
        """Have done what was late."""
        late, self._late = self._late, []
        self.late += len(late)
        for do in late:
            try:
                do()
            except EngineError as error:  # it failed, and there is nobody left to hear of it
                self.trace.append(f"late: {error}")


class FaultyEngine:
    """Any engine, with faults."""

    def __init__(self, engine: Engine, faults: Faults) -> None:
        self._engine = engine
        self._faults = faults

    def ping(self) -> None:
        self._faults.read("ping")
        self._engine.ping()

    def listing(self) -> tuple[ListedContainer, ...]:
        self._faults.read("listing")
        return self._engine.listing()

    def containers_of(self, uid: str) -> tuple[ObservedContainer, ...]:
        self._faults.read("containers_of")
        return self._engine.containers_of(uid)

    def inspected(self, containers: Sequence[str]) -> tuple[ObservedContainer, ...]:
        self._faults.read("inspected")
        return self._engine.inspected(containers)

    def published_ports(self) -> frozenset[int]:
        self._faults.read("published_ports")
        return self._engine.published_ports()

    def has_image(self, reference: str) -> bool:
        self._faults.read("has_image")
        return self._engine.has_image(reference)

    def images(self) -> tuple[ListedImage, ...]:
        self._faults.read("images")
        return self._engine.images()

    def usage(self, container: str) -> Usage:
        self._faults.read("usage")
        return self._engine.usage(container)

    def log_tail(self, container: str, lines: int) -> tuple[str, ...]:
        self._faults.read("log_tail")
        return self._engine.log_tail(container, lines)

    def events(self, since: float, stop: threading.Event) -> Iterator[EngineEvent]:
        self._faults.read("events")
        return self._engine.events(since, stop)

    def remove_image(self, reference: str) -> None:
        self._effect("remove_image", reference, lambda: self._engine.remove_image(reference))

    def networks(self) -> tuple[ListedNetwork, ...]:
        self._faults.read("networks")
        return self._engine.networks()

    def remove_network(self, name: str) -> None:
        self._effect("remove_network", name, lambda: self._engine.remove_network(name))

    def create(self, spec: ContainerSpec) -> str:
        return self._effect("create", spec.name, lambda: self._engine.create(spec))

    def start(self, container: str) -> None:
        self._effect("start", container, lambda: self._engine.start(container))

    def restart(self, container: str, grace: int) -> None:
        self._effect(
            "restart",
            container,
            lambda: self._engine.restart(container, grace),
            half=lambda: self._engine.stop(container, grace),
        )

    def stop(self, container: str, grace: int) -> None:
        self._effect("stop", container, lambda: self._engine.stop(container, grace))

    def remove(self, container: str) -> None:
        self._effect("remove", container, lambda: self._engine.remove(container))

    def build(
        self,
        context: Iterable[bytes],
        image: ImageToBuild,
        *,
        cancelled: threading.Event,
        deadline: float,
        on_line: Callable[[str], None],
    ) -> str:
        return self._effect(
            "build",
            image.tag,
            lambda: self._engine.build(context, image, cancelled=cancelled, deadline=deadline, on_line=on_line),
        )

    def _effect(self, what: str, about: str, do: Callable[[], T], half: Callable[[], object] | None = None) -> T:
        self._faults.read("effects")
        return self._faults.effect(what, about, do, failed=EngineFailed(f"500 to {what}"), half=half)


class _FaultyPorts(HostPorts):
    def __init__(self, database: Database, faults: Faults) -> None:
        super().__init__(database)
        self._faults = faults

    def reserve(
        self,
        claim: Claim,
        uid: str,
        *,
        address: str,
        candidates: range,
        avoid: Collection[int],
        now: float,
        **more: int | None,
    ) -> int:
        def do() -> int:
            return HostPorts.reserve(
                self, claim, uid, address=address, candidates=candidates, avoid=avoid, now=now, **more
            )

        return self._faults.effect("ports.reserve", uid, do, failed=StoreUnavailable("500 to ports.reserve"))

    def quarantine(self, claim: Claim, uid: str, *, until: float, now: float) -> None:
        def do() -> None:
            HostPorts.quarantine(self, claim, uid, until=until, now=now)

        self._faults.effect("ports.quarantine", uid, do, failed=StoreUnavailable("500 to ports.quarantine"))


class _FaultyWork(Work):
    def __init__(self, database: Database, faults: Faults) -> None:
        super().__init__(database)
        self._faults = faults

    def report(self, claim: Claim, uid: str, report: Report, *, now: float) -> bool:
        """Only a report with something new in it is an effect."""
        desired = self.load(uid)
        if desired is not None and (desired.playground.status, (), ()) == (report.status, report.events, report.builds):
            return super().report(claim, uid, report, now=now)

        def do() -> bool:
            return Work.report(self, claim, uid, report, now=now)

        return self._faults.effect("work.report", uid, do, failed=StoreUnavailable("500 to work.report"))

    def remove(self, claim: Claim, uid: str, *, now: float, told: tuple[NewEvent, ...] = ()) -> bool:
        def do() -> bool:
            return Work.remove(self, claim, uid, now=now, told=told)

        return self._faults.effect("work.remove", uid, do, failed=StoreUnavailable("500 to work.remove"))


class FaultyStore(Store):
    """The real store, with faults where the controller writes."""

    def __init__(self, database: Database, faults: Faults) -> None:
        super().__init__(database)
        self.ports = _FaultyPorts(database, faults)
        self.work = _FaultyWork(database, faults)


def engine_gone(faults: Faults) -> None:
    """Nothing answers."""
    faults.gone = True


def engine_back(faults: Faults) -> None:
    """It answers again."""
    faults.gone = False


def create_reply_lost(faults: Faults) -> None:
    """The first create is done, and its reply is lost."""
    faults.on("create", Fault.REPLY_LOST)
