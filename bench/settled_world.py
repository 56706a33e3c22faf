"""A world of records that are all settled, on the fake engine: `python -m bench.settled_world FOLDER COUNT`.

A process of its own, so that its memory is that of a controller with so many playgrounds (the fake engine's containers
among it). It makes the world, then has it looked at, and prints what that cost as one JSON object.
"""

import json
import os
import sys
import time
from pathlib import Path

from api.clock import SystemClock
from api.resources.desired import Claim, DesiredState
from api.resources.playground import PlaygroundSpec
from api.resources.wanted import WantedPlayground
from api.store import CONTROLLER_LEASE, Store
from bench.processes import memory_bytes
from controller.builds.build_logs import BuildLogs
from controller.builds.pool import BuildPool
from controller.domain.container_spec import Limits
from controller.domain.observed import ContainerState, Observed, ObservedContainer, Probe, ProbeVerdict
from controller.domain.outcome import Outcome
from controller.executor import Executor
from controller.loop.observer import Observer
from controller.loop.overview import Overview
from controller.loop.prober import Prober
from controller.loop.reconciler import Reconciler
from controller.loop.workqueue import Workqueue
from controller.planner import Policy, View, plan, report
from controller.planner.wanted import wanted_container
from tests.fakes.builds import FakeBuilder
from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine, FakeMachine

CONTROLLER, IMAGE, HOST = "bench", "ready-made:1", "127.0.0.1"
PORTS = range(7860, 7860 + 20_000)
LOOKS = 5
_TTL = 100_000.0
_MEGABYTE = 1024 * 1024
POLICY = Policy(
    controller_id=CONTROLLER,
    build_fingerprint="recipe 1",
    bind_host=HOST,
    advertise_host=HOST,
    limits=Limits(memory=512 * _MEGABYTE, cpu=1.0, pids=128, tmpfs_bytes=64 * _MEGABYTE),
    ports=PORTS,
    allowed_images=frozenset({"*"}),
)


def main() -> None:
    """Make the world, look at it, print what it cost."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    store = Store.open(f"sqlite:///{folder / 'records.db'}")
    store.migrate()
    machine = FakeMachine(FakeClock())
    machine.add_image(IMAGE)
    _fill(store, machine, count)
    before = memory_bytes(os.getpid())
    overview, prober = _controller(store, machine, folder)
    full = []
    for _ in range(LOOKS):
        overview.forget()
        began = time.process_time()
        doubtful = list(overview.sweep())
        full.append(time.process_time() - began)
        assert not doubtful, f"{len(doubtful)} of {count} are not settled"
    assert len(prober) == count, "every page is asked from now on"
    settled = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        assert not list(overview.sweep())
        settled.append(time.perf_counter() - began)
    memory = memory_bytes(os.getpid())
    print(json.dumps({"full": full, "settled": settled, "memory": memory, "grown": memory - before}))
    store.close()


def _fill(store: Store, machine: FakeMachine, count: int) -> None:
    """So many playgrounds that serve, each with its container, reported as a pass would."""
    clock = SystemClock()
    claim = store.leases.acquire(CONTROLLER_LEASE, "bench", ttl=_TTL, now=clock.now())
    assert claim is not None
    for number in range(count):
        spec = PlaygroundSpec(plugin_release=f"plugin-{number}@1.0.0", image=IMAGE, envs={"NUMBER": str(number)})
        uid = store.playgrounds.apply(WantedPlayground(spec=spec), now=clock.now()).playground.metadata.uid
        ports = range(PORTS[number], PORTS[number] + 1)
        store.ports.reserve(claim, uid, address=HOST, candidates=ports, avoid=(), now=clock.now())
        desired = store.work.load(uid)
        assert desired is not None
        _serve(store, machine, desired, claim)


def _serve(store: Store, machine: FakeMachine, desired: DesiredState, claim: Claim) -> None:
    wanted = wanted_container(desired.playground, POLICY)
    assert wanted is not None
    there = machine.add(
        wanted.name, IMAGE, labels=dict(wanted.labels), environment=dict(wanted.environment), host_port=wanted.host_port
    )
    there.state, there.started_at = ContainerState.RUNNING, machine.clock.now()
    seen = ObservedContainer(
        id=there.id,
        name=there.name,
        uid=desired.playground.metadata.uid,
        spec_hash=wanted.spec_hash,
        generation=desired.playground.metadata.generation,
        image=IMAGE,
        state=there.state,
        host_port=there.host_port,
        created_at=there.created_at,
        started_at=there.started_at,
    )
    look = View(desired, Observed((seen,), probe=Probe(ProbeVerdict.READY)), SystemClock().now(), POLICY)
    said = report(look, plan(look), Outcome())
    assert store.work.report(claim, seen.uid, said, now=look.now)


def _controller(store: Store, machine: FakeMachine, folder: Path) -> tuple[Overview, Prober]:
    """The parts of a controller that look at everything, put together as its composition root does."""
    clock = SystemClock()
    engine = FakeEngine(machine, CONTROLLER)
    queue = Workqueue(clock)
    builds = BuildPool(FakeBuilder(engine, CONTROLLER), 1, clock, queue.add)
    observer = Observer(
        engine=engine,
        builds=builds,
        policy=POLICY,
        clock=clock,
        probe=machine.probe,
        taken_ports=engine.published_ports,
        probe_host=HOST,
    )
    executor = Executor(
        engine=engine,
        store=store,
        builds=builds,
        build_logs=BuildLogs(folder / "logs"),
        clock=clock,
        ports=PORTS,
        bind_host=HOST,
        stop_grace=10,
        leads=lambda _claim: False,
    )
    reconciler = Reconciler(store, engine, observer, executor, POLICY, clock)
    prober = Prober(HOST, POLICY.liveness_interval, clock, queue.add)
    return Overview(store, engine, reconciler, prober, queue.add_after), prober


if __name__ == "__main__":
    main()
