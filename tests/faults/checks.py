"""What must hold when a world has come to rest, and at each effect on the way. A failing check tells the story."""

from api.resources.playground import DesiredRunState
from controller.domain.observed import ContainerState
from controller.planner.wanted import LABEL_CONTROLLER
from tests.fakes.machine import FakeContainer, FakeMachine
from tests.faults.world import CONTROLLER, World


class Broken(AssertionError):
    """A statement that must hold does not."""


def check(holds: object, statement: str, world: World) -> None:
    """Raise Broken with the statement and the story unless it holds."""
    if not holds:
        raise Broken(f"{statement}\n{world.story()}")


def serves(world: World, uid: str) -> None:
    """One container, the wanted one, up on its own port, ready, told in the status."""
    wanted = world.wanted(uid)
    containers = world.containers(uid)
    check(len(containers) == 1, f"one container of {uid}, not {len(containers)}", world)
    container = containers[0]
    check(container.state is ContainerState.RUNNING, f"{container.name} runs", world)
    check(container.name == wanted.name, f"{container.name} is the wanted one, {wanted.name}", world)
    check(container.host_port == world.playground(uid).host_port, "it has the port of the ledger", world)
    check(world.is_ready(uid), "the status says that it serves", world)
    check(world.playground(uid).status.container_id == container.id, "the status names the container", world)


def is_stopped(world: World, uid: str) -> None:
    """Nothing of it is up; there is one container at most, and it keeps its port."""
    containers = world.containers(uid)
    check(not any(c.is_up for c in containers), f"nothing of {uid} is up", world)
    check(len(containers) <= 1, f"one container of {uid} at most, not {len(containers)}", world)
    check(not world.is_ready(uid), "the status does not say that it serves", world)


def is_gone(world: World, uid: str) -> None:
    """No container, no port, no record; a tombstone answers where there was a record."""
    check(not world.containers(uid), f"no container of {uid} is left", world)
    check(uid not in world.store.ports.reservations(), f"no port of {uid} is left", world)
    check(world.store.work.load(uid) is None, f"no record of {uid} is left", world)


def is_as_wanted(world: World, uid: str) -> None:
    """Whatever the record says."""
    desired = world.store.work.load(uid)
    if desired is None:
        is_gone(world, uid)
    elif desired.playground.spec.state is DesiredRunState.STOPPED:
        is_stopped(world, uid)
    else:
        serves(world, uid)


def nothing_leaked(world: World) -> None:
    """Ports belong to playgrounds that there are, each to one; containers of ours too; nobody waits for a build."""
    uids = world.store.work.keys()
    reservations = world.store.ports.reservations()
    check(reservations.keys() <= set(uids), f"ports without a playground: {reservations.keys() - set(uids)}", world)
    check(len(set(reservations.values())) == len(reservations), f"no port twice: {reservations}", world)
    for uid in uids:
        desired = world.store.work.load(uid)
        check(desired is not None and not desired.open_builds, f"nobody waits for a build of {uid} any more", world)
    for container in own_containers(world.machine):
        check(any(container in world.containers(uid) for uid in uids), f"{container.name} has a record", world)


def is_settled(world: World) -> None:
    """A look at everything, by a new controller, does nothing and writes nothing."""
    before, versions = len(world.faults.trace), _versions(world)
    world.boot()
    for uid in world.store.work.keys():  # noqa: SIM118 (the store's keys, not a dictionary's)
        world.queue.add(uid)
    world.settle()
    done = world.faults.trace[before:]
    check(not done, f"a settled world plans nothing, but did: {done}", world)
    check(versions == _versions(world), "a settled world writes nothing", world)


def guard(world: World) -> None:
    """From now on check each effect: only ours is touched, and a record and its port go after the last container."""

    def before(what: str, about: str) -> None:
        if what == "work.remove":
            check(not world.containers(about), f"a port is freed only after its container is gone: {about}", world)
        elif what in {"start", "stop", "restart", "remove"}:
            found = [c for c in world.machine.containers.values() if about in (c.id, c.name)]
            ours = all(c.labels.get(LABEL_CONTROLLER) == CONTROLLER for c in found)
            check(ours, f"foreign things are untouched: {what} {about}", world)

    world.faults.guard = before


def foreign(machine: FakeMachine) -> dict[str, tuple[object, ...]]:
    """All that is not ours, as it is: to be equal before and after."""
    return {
        c.id: (c.name, c.state, c.started_at, c.finished_at, c.host_port)
        for c in machine.containers.values()
        if c.labels.get(LABEL_CONTROLLER) != CONTROLLER
    }


def own_containers(machine: FakeMachine) -> list[FakeContainer]:
    """All that carries our controller's label."""
    return [c for c in machine.containers.values() if c.labels.get(LABEL_CONTROLLER) == CONTROLLER]


def _versions(world: World) -> list[tuple[str, int]]:
    uids = world.store.work.keys()
    return [(uid, world.playground(uid).metadata.resource_version) for uid in uids]
