"""A world of records that are all settled, on the fake engine: `python -m bench.settled_world FOLDER SIZE …`.

A process of its own, so that its memory is that of a controller with so many playgrounds (the fake engine's containers
among it). The world grows from one size to the next; at each it is looked at, and what that cost is printed as JSON.
"""

import gc
import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from api.clock import SystemClock, new_uid
from api.resources.desired import DesiredState, Report
from api.resources.identity import playground_name
from api.resources.playground import Playground, PlaygroundSpec
from api.resources.wanted import WantedPlayground
from api.store import CONTROLLER_LEASE, Store, rows, tables
from api.store.database import Database, Transaction, open_database
from bench.first_look import part_of
from bench.processes import memory_bytes
from bench.sampler import sampling
from controller import heap
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
from tests.fakes.engine import FakeEngine
from tests.fakes.machine import FakeMachine

CONTROLLER, IMAGE, HOST = "bench", "ready-made:1", "127.0.0.1"
PORTS = range(7860, 7860 + 20_000)
LOOKS = 5
AT_ONCE = 500
"""Playgrounds that are recorded in one transaction: what is needed for them meanwhile must not count as theirs."""
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
    """Make the world larger and larger, look at it each time, and print what that cost."""
    folder, sizes = Path(sys.argv[1]), [int(text) for text in sys.argv[2:]]
    database = open_database(f"sqlite:///{folder / 'records.db'}")
    store = Store(database)
    store.migrate()
    machine = FakeMachine(FakeClock())
    machine.add_image(IMAGE)
    overview, prober = _controller(store, machine, folder)
    before, found = _memory(), []
    first = _first(store, machine)
    for smaller, size in pairwise([1, *sizes]):
        for number in range(smaller, size, AT_ONCE):
            _fill(database, machine, first, range(number, min(number + AT_ONCE, size)))
        looks = _looks(overview, size)
        assert len(prober) == size, "every page is asked from now on"
        found.append({"records": size, **looks, "grown": _memory() - before})
    print(json.dumps(found))
    store.close()


def _looks(overview: Overview, size: int) -> dict[str, Any]:
    """What looks at everything take, each some times.

    `first`, `full`: seconds of CPU by one that has just been started, and by one that has looked at it all before and
    takes nothing for settled any more, as after a break. `settled`, `settled_cpu`: seconds, and seconds of CPU, while
    all is settled. `list`: seconds that the fake engine's list alone takes; it is in all of them. `parts`: how often
    first looks of their own, whose time does not count, were seen in each part of the code.
    """
    heap.settle()  # as the controller does once it is loaded; the fake engine is none of it
    full, settled, settled_cpu, listing = [], [], [], []
    first = [_look(_fresh(overview))[1] for _ in range(LOOKS)]
    with sampling(part_of) as seen:
        for _ in range(LOOKS):
            _look(_fresh(overview))
    _look(overview)
    for _ in range(LOOKS):
        overview.forget()
        full.append(_look(overview)[1])
    for _ in range(LOOKS):
        took, cpu = _look(overview)
        settled.append(took)
        settled_cpu.append(cpu)
        began = time.perf_counter()
        assert len(overview.engine.listing()) == size
        listing.append(time.perf_counter() - began)
    looks = {"first": first, "full": full, "settled": settled, "settled_cpu": settled_cpu, "list": listing}
    return looks | {"parts": seen}


def _fresh(overview: Overview) -> Overview:
    """One that has seen nothing yet."""
    return Overview(overview.store, overview.engine, overview.reconciler, overview.watcher, overview.look_after)


def _look(overview: Overview) -> tuple[float, float]:
    """The seconds, and the seconds of CPU, that a look at everything takes."""
    began, began_cpu = time.perf_counter(), time.process_time()
    doubtful = list(overview.sweep())
    took = time.perf_counter() - began, time.process_time() - began_cpu
    assert not doubtful, f"{len(doubtful)} are not settled"
    return took


def _memory() -> int:
    gc.collect()
    return memory_bytes(os.getpid())


def _first(store: Store, machine: FakeMachine) -> Playground:
    """A playground that serves, recorded by the calls that always do so."""
    now = SystemClock().now()
    claim = store.leases.acquire(CONTROLLER_LEASE, "bench", ttl=_TTL, now=now)
    assert claim is not None
    uid = store.playgrounds.apply(WantedPlayground(spec=_spec(0)), now=now).playground.metadata.uid
    store.ports.reserve(claim, uid, address=HOST, candidates=PORTS, avoid=(), now=now)
    desired = store.work.load(uid)
    assert desired is not None
    assert store.work.report(claim, uid, _serve(machine, desired), now=now)
    recorded = store.playgrounds.get(uid)
    assert recorded is not None
    return recorded


def _fill(database: Database, machine: FakeMachine, first: Playground, numbers: range) -> None:
    """Playgrounds with these numbers beside the first: their rows as those calls would leave them, many at once.

    The journal and the ended builds are left out; no look reads them.
    """
    made = [_made(machine, first, number) for number in numbers]
    ports = [{"address": HOST, "port": each.host_port, "playground_uid": each.metadata.uid} for each in made]

    def work(transaction: Transaction) -> None:
        connection = transaction.connection
        of_first = tables.playground.c.uid == first.metadata.uid
        row = dict(connection.execute(select(tables.playground).where(of_first)).mappings().one())
        connection.execute(insert(tables.playground), [row | _columns(playground) for playground in made])
        connection.execute(insert(tables.host_port), ports)

    database.write(work)


def _made(machine: FakeMachine, first: Playground, number: int) -> Playground:
    spec = _spec(number)
    who = {"id": number + 1, "uid": new_uid(), "name": playground_name(spec.identity)}
    wanted = Playground(
        metadata=first.metadata.model_copy(update=who),
        spec=spec,
        host_port=PORTS[number],
    )
    return wanted.model_copy(update={"status": _serve(machine, DesiredState(playground=wanted)).status})


def _columns(playground: Playground) -> dict[str, Any]:
    who = playground.metadata.model_dump(include={"id", "uid", "name"})
    return who | rows.spec_columns(playground.spec) | rows.status_columns(playground.status)


def _spec(number: int) -> PlaygroundSpec:
    return PlaygroundSpec(plugin_release=f"plugin-{number}@1.0.0", image=IMAGE, envs={"NUMBER": str(number)})


def _serve(machine: FakeMachine, desired: DesiredState) -> Report:
    """Have its container, and what a pass says that sees its page answer."""
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
    return report(look, plan(look), Outcome())


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
