"""A whole controller in one thread: real records, a fake engine, a clock that jumps.

The `World` does one thing at a time, in a fixed order: a pass that is due, else a build that is due, else a jump in
time to whatever is due next. All hints of the engine are lost on purpose (unless it is given `ears`): what they would
have told is found by the resync. When the controller crashes, a new one begins over the same engine and records.
"""

import itertools
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog

from api.resources.conditions import ConditionType, is_true
from api.resources.desired import Claim
from api.resources.playground import DesiredRunState, Playground, PlaygroundSpec, PluginSource
from api.resources.wanted import WantedPlayground
from api.store import Store, StoreError
from api.store.database import Database, open_database
from controller.builds.build_logs import BuildLogs
from controller.domain.container_spec import ContainerSpec, Limits
from controller.engine.errors import EngineError
from controller.executor import Executor
from controller.loop.control_loop import BROKEN_PASS_PAUSE
from controller.loop.leader import Leader
from controller.loop.observer import Observer
from controller.loop.overview import Overview
from controller.loop.reconciler import PassResult, Reconciler
from controller.loop.workqueue import Workqueue
from controller.planner import Policy
from controller.planner.wanted import LABEL_CONTROLLER, LABEL_UID, wanted_container
from tests.fakes.builds import FakeBuilder, stepped_pool
from tests.fakes.clock import FakeClock
from tests.fakes.ears import Ears
from tests.fakes.engine import FakeEngine
from tests.fakes.faults import Crash, Faults, FaultyEngine, FaultyStore
from tests.fakes.machine import FakeContainer, FakeMachine
from tests.fakes.pages import Pages

CONTROLLER = "ours"
ANOTHER_CONTROLLER = "theirs"
IMAGE = "ready-made:1"
PORTS = range(7860, 7870)
HOST = "127.0.0.1"
LEASE_TTL, RESYNC_INTERVAL, BUILD_SECONDS = 15.0, 30.0, 3.0
PASSES = 400
"""A world that has not come to rest after so many steps never will."""
_MEGABYTE = 1024 * 1024

POLICY = Policy(
    controller_id=CONTROLLER,
    build_fingerprint="recipe 1",
    bind_host=HOST,
    advertise_host="playgrounds.example",
    limits=Limits(memory=512 * _MEGABYTE, cpu=1.0, pids=128, tmpfs_bytes=64 * _MEGABYTE),
    allowed_images=frozenset({"*"}),
)


def spec(release: str = "hello@1.0.0", *, digest: str | None = None, **fields: Any) -> PlaygroundSpec:
    """A spec of an image that is there; with a digest, of a plugin whose image is built."""
    if digest is not None:
        return PlaygroundSpec(plugin_release=release, plugin=PluginSource(digest=f"sha256:{digest * 64}"), **fields)
    return PlaygroundSpec(plugin_release=release, **{"image": IMAGE, **fields})


class DidNotSettle(AssertionError):
    """The world went on and on."""


@dataclass
class Snapshot:
    """A world's records and machine as they were."""

    records: sqlite3.Connection
    machine: dict[str, object]
    seconds: float
    next_uid: int


class Laboratory:
    """One database file that all worlds use, one after the other: a new world begins with a copy of a snapshot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "records.db"
        store = Store.open(f"sqlite:///{self._path}")
        store.migrate()
        store.close()
        self.database: Database = open_database(f"sqlite:///{self._path}")
        self.next_uid = 1
        self.last_plan = ""
        self._empty = self._records()

    def world(self, snapshot: Snapshot | None = None) -> "World":
        """An empty world, or one as in the snapshot, with a controller that has just begun."""
        clock = FakeClock(snapshot.seconds) if snapshot else FakeClock()
        machine = FakeMachine(clock)
        if snapshot is not None:
            machine.restore(snapshot.machine)
        else:
            machine.add_image(IMAGE)
        self.next_uid = snapshot.next_uid if snapshot else 1
        self._copy(snapshot.records if snapshot else self._empty)
        return World(self, clock, machine)

    def snapshot(self, world: "World") -> Snapshot:
        """The world as it is."""
        return Snapshot(self._records(), world.machine.state(), world.clock.seconds, self.next_uid)

    def uid_of_write(self, _version: int) -> str:
        """In place of the random ones: the same in each run."""
        uid = f"{self.next_uid:012x}"
        self.next_uid += 1
        return uid

    def remember(self, _logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """In place of the log: keep the plan of the pass that is being run."""
        if event["event"] == "pass":
            self.last_plan = str(event["plan"]).replace("\n", " ")
        raise structlog.DropEvent

    def close(self) -> None:
        """Close all files."""
        self.database.close()
        self._empty.close()

    def _records(self) -> sqlite3.Connection:
        records = sqlite3.connect(":memory:")
        with _raw(self._path) as file:
            file.backup(records)
        return records

    def _copy(self, records: sqlite3.Connection) -> None:
        with _raw(self._path) as file:
            records.backup(file)


@dataclass
class World:
    """See the module's text. `passes` and `faults.trace` tell what happened."""

    lab: Laboratory
    clock: FakeClock
    machine: FakeMachine
    policy: Policy = POLICY
    ports: range = PORTS
    ears: Ears = field(default_factory=Ears)
    passes: list[str] = field(default_factory=list)
    on_boot: Callable[["World"], None] = lambda _: None

    def __post_init__(self) -> None:
        self.faults = Faults(self.clock)
        self.store = FaultyStore(self.lab.database, self.faults)
        self.engine = FaultyEngine(FakeEngine(self.machine, CONTROLLER), self.faults)
        self.builder = FakeBuilder(self.engine, CONTROLLER)
        self._holders = itertools.count(1)
        self.resyncs = 0
        self.boot()

    def boot(self) -> None:
        """A new controller process: it knows nothing but what engine and records tell."""
        self.queue = Workqueue(self.clock)
        self._due: dict[str, float] = {}
        self.builds, self._builder_steps = stepped_pool(self.builder, self.clock, self.queue.add, BUILD_SECONDS)
        self.leader = Leader(self.store, f"controller-{next(self._holders)}", LEASE_TTL, self.clock)
        self._resync_at = self._renew_at = self.clock.monotonic()
        logs = BuildLogs(self.lab.folder / "logs")
        observer = Observer(
            engine=self.engine,
            builds=self.builds,
            policy=self.policy,
            clock=self.clock,
            probe=self.machine.probe,
            taken_ports=lambda: self.engine.published_ports() | self.machine.host_ports,
            probe_host=HOST,
        )
        executor = Executor(
            engine=self.engine,
            store=self.store,
            builds=self.builds,
            build_logs=logs,
            clock=self.clock,
            ports=self.ports,
            bind_host=HOST,
            stop_grace=10,
            leads=self.leader.holds,
        )
        self.reconciler = Reconciler(self.store, self.engine, observer, executor, self.policy, self.clock)
        self.pages = Pages(self.clock)
        self.overview = Overview(self.store, self.engine, self.reconciler, self.pages, self._look_after)
        self.on_boot(self)

    # What a user or the machine does.

    def apply(self, wanted: PlaygroundSpec) -> str:
        """Ask for it; its uid."""
        applied = self.store.playgrounds.apply(WantedPlayground(spec=wanted), now=self.clock.now())
        self.queue.add(applied.playground.metadata.uid)
        return applied.playground.metadata.uid

    def set_state(self, uid: str, state: DesiredRunState) -> None:
        """Ask for it to run or to be stopped."""
        self.store.playgrounds.set_run_state(uid, state, now=self.clock.now())
        self.queue.add(uid)

    def restart(self, uid: str) -> None:
        """Ask for a restart."""
        self.store.playgrounds.request_restart(uid, now=self.clock.now())
        self.queue.add(uid)

    def delete(self, uid: str) -> None:
        """Ask for its deletion."""
        self.store.playgrounds.request_deletion(uid, now=self.clock.now())
        self.queue.add(uid)

    # The controller at work.

    def settle(self, *, steps: int = PASSES) -> int:
        """Go on until all is settled and nothing is due; how many passes that took. Raises DidNotSettle."""
        before, late = len(self.passes), self.faults.late
        for _ in range(steps):
            if not self.is_quiet():
                self.step(None)
                continue
            self.faults.do_late()
            if self.faults.late != late:  # a restart shows in no list: only the engine's event tells of it
                late = self.faults.late
                self.overview.forget()
                for uid in self.store.work.keys():  # noqa: SIM118 (the store's keys, not a dictionary's)
                    self.queue.add(uid)
                self._resync_at = self.clock.monotonic()
            else:
                return len(self.passes) - before
        raise DidNotSettle(self.story())

    def run_for(self, seconds: float) -> None:
        """Go on for so long."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.step(end)

    def step(self, end: float | None) -> None:
        """One pass, one build, or one jump in time (to `end` at most)."""
        try:
            uid = self._next()
            if uid is not None:
                self._pass(uid)
                return
            build_due = self._builder_steps.due_at()
            looks = [*self._due.values(), *self.pages.due.values(), *self.ears.due(self.clock)]
            next_due = min([self._resync_at, *looks, *([build_due] if build_due is not None else [])])
            if end is not None and next_due > end:
                self.clock.advance(end - self.clock.monotonic())
                return
            self.clock.advance(next_due - self.clock.monotonic())
            if build_due is not None and build_due <= self.clock.monotonic():
                self._builder_steps.run_next()
            for uid in self.pages.ask(self.machine):
                self.queue.add(uid)
            self.ears.listen(self.overview, self.queue)
            if self._resync_at <= self.clock.monotonic():
                self._resync()
        except Crash:
            self.boot()

    def is_quiet(self) -> bool:
        """Whether every playground and every container of ours is as it was when it was last seen settled."""
        if len(self.queue) or self._builder_steps.due_at() is not None:
            return False
        listing = FakeEngine(self.machine, CONTROLLER).listing()
        versions = self.store.work.versions()
        seen = {uid: tuple(c for c in listing if c.uid == uid) for uid in versions.keys() | {c.uid for c in listing}}
        return all(
            uid in versions and self.overview.is_settled(uid, versions[uid], listed) for uid, listed in seen.items()
        )

    def story(self) -> str:
        """What happened, for a failing test."""
        containers = [f"{c.name} {c.state} port {c.host_port}" for c in self.machine.containers.values()]
        return "\n".join(["passes:", *self.passes[-40:], "effects:", *self.faults.trace[-60:], "machine:", *containers])

    # What there is.

    def playground(self, uid: str) -> Playground:
        """The record. It must be there."""
        found = self.store.playgrounds.get(uid)
        assert found is not None, f"{uid} has no record\n{self.story()}"
        return found

    def containers(self, uid: str) -> list[FakeContainer]:
        """Our containers of it."""
        own = {LABEL_CONTROLLER: CONTROLLER, LABEL_UID: uid}
        return [c for c in self.machine.containers.values() if own.items() <= c.labels.items()]

    def wanted(self, uid: str) -> ContainerSpec:
        """The container its record stands for."""
        wanted = wanted_container(self.playground(uid), self.policy)
        assert wanted is not None, f"{uid} has no port\n{self.story()}"
        return wanted

    def is_ready(self, uid: str) -> bool:
        """Whether its status says that it serves, for its newest generation."""
        playground = self.playground(uid)
        status = playground.status
        is_new = status.observed_generation == playground.metadata.generation
        return is_new and is_true(status.conditions, ConditionType.READY)

    def claim(self) -> Claim:
        """The lease, for a test that writes as a controller."""
        self._lead()
        claim = self.leader.claim()
        assert claim is not None
        return claim

    def _next(self) -> str | None:
        uid = self.queue.get(timeout=0)
        if uid is not None:
            self._due.pop(uid, None)
        return uid

    def _pass(self, uid: str) -> None:
        look = self.overview.begins(uid)
        result: PassResult | None = None
        try:
            self._lead()
            claim = self.leader.claim()
            assert claim is not None
            result = self.reconciler.run(uid, claim, look=look)
        except StoreError as error:
            self.passes.append(f"{uid}: {error}")
            again: float | None = BROKEN_PASS_PAUSE
        else:
            self.passes.append(
                f"{self.clock.monotonic():10.3f} {uid}: {self.lab.last_plan} -> {result.look_again_after}"
            )
            again = result.look_again_after
        self.overview.ends(uid, result)
        self.queue.done(uid)
        self.ears.listen(self.overview, self.queue)
        if again is not None:
            self._look_after(uid, again)

    def _look_after(self, uid: str, seconds: float) -> None:
        self.queue.add_after(uid, seconds)
        if seconds > 0:
            self._due[uid] = min(self._due.get(uid, math.inf), self.clock.monotonic() + seconds)

    def _lead(self) -> None:
        """Have the lease, waiting for the end of a dead holder's."""
        if self.leader.claim() is not None and self.clock.monotonic() < self._renew_at:
            return
        self.leader.attempt()
        if self.leader.claim() is None:
            self.clock.advance(LEASE_TTL + 1.0)
            self.leader.attempt()
        self._renew_at = self.clock.monotonic() + LEASE_TTL / 3.0

    def _resync(self) -> None:
        self._resync_at = self.clock.monotonic() + RESYNC_INTERVAL
        self.resyncs += 1
        try:
            for uid in self.overview.sweep():
                self.queue.add(uid)
        except EngineError:
            return


@contextmanager
def open_laboratory() -> Iterator[Laboratory]:
    """A laboratory, in memory-backed files where there are any; uids are counted, and nothing is logged."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        lab = Laboratory(Path(folder))
        patch.setattr("api.store.playgrounds.uid_of_write", lab.uid_of_write)
        structlog.configure(processors=[lab.remember])
        try:
            yield lab
        finally:
            structlog.reset_defaults()
            lab.close()


@contextmanager
def _raw(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        yield connection
    finally:
        connection.close()
