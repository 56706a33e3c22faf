"""A whole controller in one thread on the real Docker Engine: real records, real containers, the machine's own clock.

What may go wrong is an effect of the engine. A controller that crashes is followed by a new one, over the same records
and the same engine, which knows nothing but what these tell.
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.errors
import structlog

from api.archives.files import ArchiveFiles
from api.clock import SystemClock
from api.resources.conditions import ConditionType, is_true
from api.resources.desired import Claim
from api.resources.playground import DesiredRunState, Playground, PlaygroundSpec
from api.resources.wanted import WantedPlayground
from api.store import Store
from controller.builds.build_logs import BuildLogs
from controller.builds.pool import BuildPool
from controller.domain.container_spec import ContainerSpec, Limits
from controller.domain.observed import ProbeVerdict
from controller.engine.connect import EngineClient
from controller.engine.docker_engine import DockerEngine
from controller.executor import Executor
from controller.host_ports import listening_ports
from controller.loop.collector import Collector
from controller.loop.leader import Leader
from controller.loop.observer import Observer
from controller.loop.reconciler import PassResult, Reconciler
from controller.loop.workqueue import Workqueue
from controller.planner import Policy
from controller.planner.garbage import Keep
from controller.planner.wanted import LABEL_CONTROLLER, wanted_container
from controller.probes import probe_http
from tests.fakes.builds import FakeBuilder
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Crash, Fault, Faults, FaultyEngine
from tests.security.boxed import all_in_the_box

HOST = "127.0.0.1"
ENGINE_TIMEOUT = 20.0
STOP_GRACE = 5
LEASE_TTL = 60.0
PAGE_PAUSE = 0.05
"""Between two looks at a page that starts."""
LONGEST_WAIT = 0.3
"""Seconds without a pass after which everything is looked at: in place of the resync, and of a hint that came early."""
PATIENCE = 30.0
"""Seconds after which a world that has not come to rest never will."""
NOT_DONE = (Fault.CRASH_BEFORE, Fault.ERROR_500)
"""Faults of which the engine never hears."""
_MEGABYTE = 1024 * 1024
_numbers = itertools.count(1)


class LaterClock(SystemClock):
    """The machine's clock, its wall clock set forward: for it the lease of whoever died is over, and nobody waits."""

    def __init__(self, ahead: float) -> None:
        self._ahead = ahead

    def now(self) -> float:
        """Seconds since the epoch, and so many more."""
        return super().now() + self._ahead


@dataclass(frozen=True)
class Neighbour:
    """A stranger's container: of the same image, on a port of our range, without a label."""

    client: EngineClient
    id: str
    port: int

    def state(self) -> tuple[object, ...]:
        """All that must not change."""
        found: dict[str, Any] = self.client.inspect_container(self.id)
        state = found["State"]
        return found["Name"], state["Status"], state["Pid"], state["StartedAt"], state["FinishedAt"]


@contextmanager
def neighbour(client: EngineClient, image: str, port: int) -> Iterator[Neighbour]:
    """Have such a container run."""
    name = f"faults-neighbour-{os.getpid()}"
    config = client.create_host_config(port_bindings={7860: (HOST, port)})
    made: dict[str, Any] = client.create_container(image=image, name=name, ports=[7860], host_config=config)
    try:
        client.start(made["Id"])
        yield Neighbour(client, str(made["Id"]), port)
    finally:
        client.remove_container(made["Id"], force=True, v=True)


def free_block(size: int) -> range:
    """Ports on which nobody listens, below those that the kernel gives out by itself."""
    taken = listening_ports()
    first = 23_000 + os.getpid() % 200 * size
    blocks = (range(start, start + size) for start in range(first, 32_000, size))
    return next(block for block in blocks if taken.isdisjoint(block))


@dataclass
class DockerWorld:
    """See the module's text. `passes` and `faults.trace` tell what happened."""

    client: EngineClient
    folder: Path
    image: str
    ports: range
    passes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.controller_id = f"faults-{os.getpid()}-{next(_numbers)}"
        self.policy = Policy(
            controller_id=self.controller_id,
            build_fingerprint="recipe 1",
            bind_host=HOST,
            advertise_host=HOST,
            limits=Limits(memory=32 * _MEGABYTE, cpu=1.0, pids=32, tmpfs_bytes=_MEGABYTE),
            ports=self.ports,
            allowed_images=frozenset({self.image}),
        )
        self.store = Store.open(f"sqlite:///{self.folder / 'records.db'}")
        self.store.migrate()
        self._watched = ExitStack()
        self._watched.enter_context(all_in_the_box(self.controller_id))
        self.faults = Faults(FakeClock())  # a time-out takes no time here: it is a connection that broke
        self._boots = 0
        self.boot()

    def boot(self) -> None:
        """A new controller process: queue, build pool, engine client, and a lease of a newer epoch."""
        self.queue = Workqueue(self.clock)
        self.results: dict[str, PassResult] = {}
        self.engine = FaultyEngine(DockerEngine(None, self.controller_id, ENGINE_TIMEOUT), self.faults)
        builds = BuildPool(FakeBuilder(self.engine, self.controller_id), 1, self.clock, self.queue.add)
        self._boots += 1
        later = LaterClock(self._boots * 2 * LEASE_TTL)
        self.leader = Leader(self.store, f"controller-{self._boots}", LEASE_TTL, later)
        observer = Observer(
            engine=self.engine,
            builds=builds,
            policy=self.policy,
            clock=self.clock,
            probe=probe_http,
            taken_ports=lambda: self.engine.published_ports() | listening_ports(),
            probe_host=HOST,
        )
        executor = Executor(
            engine=self.engine,
            store=self.store,
            builds=builds,
            build_logs=BuildLogs(self.folder / "logs"),
            clock=self.clock,
            ports=self.ports,
            bind_host=HOST,
            stop_grace=STOP_GRACE,
            leads=self.leader.holds,
        )
        self.reconciler = Reconciler(self.store, self.engine, observer, executor, self.policy, self.clock)
        self._look_at_everything()

    # What a user does.

    def apply(self, **fields: Any) -> str:
        """Ask for it, with these fields of its spec; its uid."""
        spec = PlaygroundSpec(plugin_release="faults@1.0.0", image=self.image, **fields)
        applied = self.store.playgrounds.apply(WantedPlayground(spec=spec), now=self.clock.now())
        return self._hinted(applied.playground.metadata.uid)

    def set_state(self, uid: str, state: DesiredRunState) -> None:
        """Ask for it to run or to be stopped."""
        self.store.playgrounds.set_run_state(self._hinted(uid), state, now=self.clock.now())

    def restart(self, uid: str) -> None:
        """Ask for a restart."""
        self.store.playgrounds.request_restart(self._hinted(uid), now=self.clock.now())

    def delete(self, uid: str) -> None:
        """Ask for its deletion."""
        self.store.playgrounds.request_deletion(self._hinted(uid), now=self.clock.now())

    # The controller at work.

    def settle(self) -> None:
        """Run passes, each when it is due, until every playground and container is as when last seen settled."""
        deadline = self.clock.monotonic() + PATIENCE
        while not self._is_quiet():
            assert self.clock.monotonic() < deadline, f"it never came to rest\n{self.story()}"
            uid = self.queue.get(timeout=LONGEST_WAIT)
            if uid is None:
                self._look_at_everything()
                continue
            try:
                self.queue.done(uid, self._pass(uid))
            except Crash as crash:
                self.passes.append(f"crashed at {crash}")
                self.boot()

    def clear(self) -> None:
        """Delete what there is, as a user would, and leave as a leader does that goes."""
        for uid in self.store.work.keys():  # noqa: SIM118 (the store's keys, not a dictionary's)
            self.delete(uid)
        self.settle()
        archives, logs = ArchiveFiles(self.folder / "archives"), BuildLogs(self.folder / "logs")
        collector = Collector(self.store, self.engine, archives, logs, self.policy, Keep(), self.clock)
        collector.tidy(self._claim())

    def close(self) -> None:
        """Take away whatever is still there, by our label alone, and close the records."""
        with self._watched:
            for row in self.containers():
                self.client.remove_container(row["Id"], force=True, v=True)
            for row in self.networks():
                with suppress(docker.errors.NotFound):
                    self.client.remove_network(row["Id"])
            self.store.close()

    # What there is, by the engine itself.

    def containers(self) -> list[dict[str, Any]]:
        """Rows of all our containers, whatever their state."""
        rows: list[dict[str, Any]] = self.client.containers(all=True, filters=self._own())
        return rows

    def networks(self) -> list[dict[str, Any]]:
        """Rows of all our networks."""
        rows: list[dict[str, Any]] = self.client.networks(filters=self._own())
        return rows

    def playground(self, uid: str) -> Playground:
        """The record. It must be there."""
        found = self.store.playgrounds.get(uid)
        assert found is not None, f"{uid} has no record\n{self.story()}"
        return found

    def wanted(self, uid: str) -> ContainerSpec:
        """The container its record stands for."""
        wanted = wanted_container(self.playground(uid), self.policy)
        assert wanted is not None, f"{uid} has no port\n{self.story()}"
        return wanted

    def is_ready(self, uid: str) -> bool:
        """Whether its status says that it serves, for its newest generation."""
        playground = self.playground(uid)
        is_new = playground.status.observed_generation == playground.metadata.generation
        return is_new and is_true(playground.status.conditions, ConditionType.READY)

    def reached(self) -> list[str]:
        """The effects that the engine heard of, in order."""
        unheard = tuple(f"({fault})" for fault in NOT_DONE)
        return [effect.split(" (")[0] for effect in self.faults.trace if not effect.endswith(unheard)]

    def story(self) -> str:
        """What happened, for a failing test."""
        there = [f"{row['Names']} {row['State']} {row['Ports']}" for row in self.containers()]
        return "\n".join(["passes:", *self.passes[-40:], "effects:", *self.faults.trace, "containers:", *there])

    def _own(self) -> dict[str, list[str]]:
        return {"label": [f"{LABEL_CONTROLLER}={self.controller_id}"]}

    def _hinted(self, uid: str) -> str:
        """Have it looked at, settled or not."""
        self.results.pop(uid, None)
        self.queue.add(uid)
        return uid

    def _pass(self, uid: str) -> float | None:
        """One pass; the seconds until it wants to be looked at again."""
        self.results.pop(uid, None)
        claim = self._claim()
        with structlog.testing.capture_logs() as lines:
            self.results[uid] = result = self.reconciler.run(uid, claim)
        plans = [str(line["plan"]).replace("\n", " ") for line in lines if line["event"] == "pass"]
        self.passes.append(f"epoch {claim.epoch}: {' '.join(plans)} -> {result.look_again_after}")
        if result.watch is not None and result.watch.until is ProbeVerdict.READY:
            return PAGE_PAUSE
        return result.look_again_after

    def _claim(self) -> Claim:
        """This controller's lease."""
        if self.leader.claim() is None:
            self.leader.attempt()
        claim = self.leader.claim()
        assert claim is not None, "the lease of the one before is over"
        return claim

    def _is_quiet(self) -> bool:
        return len(self.queue) == 0 and not self._unsettled()

    def _look_at_everything(self) -> None:
        for uid in self._unsettled():
            self.queue.add(uid)

    def _unsettled(self) -> list[str]:
        """Playgrounds, and uids on containers of ours, that are not as they were when they were last seen settled."""
        seen: dict[str, set[tuple[str, str]]] = {uid: set() for uid in self.store.work.keys()}  # noqa: SIM118 (as above)
        for container in self.engine.listing():
            seen.setdefault(container.uid, set()).add((container.id, container.state.value))
        return [uid for uid, states in seen.items() if not self._was_settled(uid, frozenset(states))]

    def _was_settled(self, uid: str, states: frozenset[tuple[str, str]]) -> bool:
        result = self.results.get(uid)
        return result is not None and result.settled and result.fingerprint == states
