"""From what was drawn to a world."""

import os

from hypothesis import HealthCheck, settings

from controller.domain.observed import ContainerState
from controller.planner.wanted import LABEL_CONTROLLER, LABEL_SPEC_HASH, LABEL_UID, image_reference, wanted_container
from tests.fakes.engine import build_failure
from tests.faults.world import ANOTHER_CONTROLLER, CONTROLLER, IMAGE, POLICY, PORTS, Laboratory, World
from tests.strategies import DIGESTS, Beginning, Leftover

ORPHAN = "0123456789ab"
EXAMPLES = int(os.environ.get("PLAYGROUND_TEST_WORLDS", "30"))
"""How many worlds each statement is held against; thousands find more, overnight."""
generated_worlds = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""The same worlds in every run."""
SETTLING = 60.0
"""Seconds after which a world has shown what it does."""


def begin(lab: Laboratory, beginning: Beginning) -> World:
    """The world as it was drawn, with a controller that has just begun; nothing of what follows has been counted."""
    world = lab.world()
    world.machine.host_ports.update(PORTS[number] for number in beginning.host_ports)
    uids = [world.apply(spec) for spec in beginning.specs]
    for spec in beginning.specs:
        if spec.plugin is not None and spec.plugin.digest.endswith(DIGESTS[-1]):
            world.machine.failing_builds[image_reference(spec, POLICY)] = build_failure()
    if beginning.settled_first:
        world.run_for(SETTLING)
    for _ in range(beginning.passes_before):
        world.step(None)
    if beginning.forgets_ports:
        for uid in uids:
            world.store.ports.release(world.claim(), uid)
    world.machine.unseen_ports.update(PORTS[number] for number in beginning.unseen_ports)
    for number, leftover in enumerate(beginning.leftovers):
        _leave(world, uids[leftover.playground % len(uids)], number, leftover)
    for number in beginning.deleted:
        world.delete(uids[number % len(uids)])
    world.faults.begin()
    world.passes.clear()
    world.boot()
    return world


def _leave(world: World, uid: str, number: int, leftover: Leftover) -> None:
    """Put one container there, as far as the machine lets: names are unique, and a taken port keeps it down."""
    playground = world.playground(uid)
    wanted = wanted_container(playground, POLICY)
    controller = ANOTHER_CONTROLLER if leftover.owner == "theirs" else CONTROLLER
    spec_hash = leftover.spec_hash
    if spec_hash is None:
        spec_hash = wanted.spec_hash if wanted else ""
    owner = ORPHAN if leftover.owner == "orphan" else uid
    labels = {LABEL_CONTROLLER: controller, LABEL_UID: owner, LABEL_SPEC_HASH: spec_hash}
    name = wanted.name if wanted and leftover.takes_name else f"leftover-{number}"
    if any(container.name == name for container in world.machine.containers.values()):
        name = f"leftover-{number}"
    container = world.machine.add(
        name,
        IMAGE,
        labels={} if leftover.owner == "foreign" else labels,
        host_port=playground.host_port if leftover.port is None else PORTS[leftover.port],
    )
    container.created_at -= leftover.age
    can_start = container.host_port is None or container.host_port not in world.machine.taken_ports()
    if leftover.state is not ContainerState.CREATED and can_start:
        world.machine.start(container)
        if leftover.state is ContainerState.EXITED:
            world.machine.kill(container)
