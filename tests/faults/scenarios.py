"""The scenarios of the crash matrix: what there is before, what is asked for, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass

from api.resources.playground import DesiredRunState
from controller.planner.wanted import LABEL_CONTROLLER, LABEL_SPEC_HASH, LABEL_UID
from tests.fakes.machine import FakeContainer
from tests.faults import checks
from tests.faults.world import ANOTHER_CONTROLLER, CONTROLLER, IMAGE, PORTS, World, spec

ORPHAN = "0123456789ab"
OLD_ENOUGH = 120.0


@dataclass(frozen=True)
class Scenario:
    """`prepare` runs without faults and returns the uid it is about; `act` is what a user or the machine does."""

    name: str
    prepare: Callable[[World], str]
    act: Callable[[World, str], object]
    converged: Callable[[World, str], None] = checks.is_as_wanted
    most_effects: int = 12
    """Effects of the engine, however often one of them goes wrong."""


def strangers(world: World) -> None:
    """Neighbours: a stranger's container on a port of ours, one of another controller, and a process of the host."""
    on_port = world.machine.add("stranger", "nginx:1", host_port=PORTS[1])
    world.machine.start(on_port)
    theirs = {LABEL_CONTROLLER: ANOTHER_CONTROLLER, LABEL_UID: ORPHAN, LABEL_SPEC_HASH: "0" * 12}
    world.machine.start(world.machine.add("theirs", IMAGE, labels=theirs))
    world.machine.host_ports.add(PORTS[2])


def nothing_yet(world: World) -> str:
    """Only the neighbours. The uid is that of the next playground."""
    strangers(world)
    return f"{world.lab.next_uid:012x}"


def serving(world: World) -> str:
    """One playground that serves."""
    strangers(world)
    uid = world.apply(spec())
    world.settle()
    checks.serves(world, uid)
    return uid


def never_restarted(world: World) -> str:
    """One that serves and stays down when it ends by itself."""
    strangers(world)
    uid = world.apply(spec(restart_policy="Never"))
    world.settle()
    checks.serves(world, uid)
    return uid


def serving_from_archive(world: World) -> str:
    """One playground that serves from an image that was built."""
    strangers(world)
    uid = world.apply(spec(digest="a"))
    world.settle()
    checks.serves(world, uid)
    return uid


def stopped(world: World) -> str:
    """One playground that served and was stopped."""
    uid = serving(world)
    world.set_state(uid, DesiredRunState.STOPPED)
    world.settle()
    checks.is_stopped(world, uid)
    return uid


def restarted_once(world: World) -> str:
    """One that crashed once, was restarted, and serves."""
    uid = serving(world)
    world.machine.kill(world.containers(uid)[0])
    world.settle()
    checks.serves(world, uid)
    return uid


def with_orphan(world: World) -> str:
    """A container of ours whose record is gone, and older than the grace period."""
    strangers(world)
    labels = {LABEL_CONTROLLER: CONTROLLER, LABEL_UID: ORPHAN, LABEL_SPEC_HASH: "0" * 12}
    world.machine.start(world.machine.add("orphan", IMAGE, labels=labels, host_port=PORTS[5]))
    world.clock.advance(OLD_ENOUGH)
    return ORPHAN


def restored_from_backup(world: World) -> str:
    """It serves, and the records have forgotten its port; its container has a twin made by somebody's hand."""
    uid = serving(world)
    world.store.ports.release(world.claim(), uid)
    original = world.containers(uid)[0]
    world.machine.add("twin", IMAGE, labels=original.labels, host_port=original.host_port)
    world.faults.begin()
    return uid


def stranger_on_its_port(world: World) -> str:
    """A stopped one whose port a stranger's container took meanwhile."""
    uid = stopped(world)
    world.machine.start(world.machine.add("squatter", "nginx:1", host_port=world.playground(uid).host_port))
    return uid


def unseen_process_on_next_port(world: World) -> str:
    """A process of the host listens where nobody sees it, on the port that is taken first."""
    uid = nothing_yet(world)
    world.machine.unseen_ports.add(PORTS[0])
    return uid


def building(world: World) -> str:
    """One whose image is being built."""
    strangers(world)
    uid = world.apply(spec(digest="a"))
    for _ in range(3):
        world.step(None)
    return uid


def act_on_machine(act: Callable[[World, FakeContainer], object]) -> Callable[[World, str], None]:
    """What happens to the one container of it."""

    def do(world: World, uid: str) -> None:
        act(world, world.containers(uid)[0])

    return do


def _stop_start(world: World, uid: str) -> None:
    """Both before the controller has looked."""
    world.set_state(uid, DesiredRunState.STOPPED)
    world.clock.advance(1.0)
    world.set_state(uid, DesiredRunState.RUNNING)


def _edit_twice(world: World, _uid: str) -> None:
    world.apply(spec(envs={"A": "1"}))
    world.step(None)
    world.step(None)
    world.apply(spec(envs={"A": "2"}))


SCENARIOS = (
    Scenario("create", nothing_yet, lambda world, _: world.apply(spec())),
    Scenario("create from archive", nothing_yet, lambda world, _: world.apply(spec(digest="a"))),
    Scenario("update", serving, lambda world, _: world.apply(spec(envs={"A": "1"}))),
    Scenario("update of archive", serving_from_archive, lambda world, _: world.apply(spec(digest="b"))),
    Scenario("update twice", serving, _edit_twice, most_effects=16),
    Scenario("restart", serving, World.restart),
    Scenario("restart of one that is never restarted by itself", never_restarted, World.restart),
    Scenario("stop", serving, lambda world, uid: world.set_state(uid, DesiredRunState.STOPPED)),
    Scenario("start", stopped, lambda world, uid: world.set_state(uid, DesiredRunState.RUNNING)),
    Scenario("stop and start at once", serving, _stop_start),
    Scenario("delete", serving, World.delete),
    Scenario("delete while building", building, World.delete),
    Scenario("orphan", with_orphan, lambda _world, _uid: None),
    Scenario("port clash with a container", stranger_on_its_port, lambda w, u: w.set_state(u, DesiredRunState.RUNNING)),
    Scenario("port clash with a process", unseen_process_on_next_port, lambda world, _: world.apply(spec())),
    Scenario("adopt", restored_from_backup, lambda world, _: world.boot()),
    Scenario("crash", serving, act_on_machine(lambda world, container: world.machine.kill(container))),
    Scenario("removed by hand", restarted_once, act_on_machine(lambda world, c: world.machine.remove(c))),
)
