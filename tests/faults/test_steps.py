"""A pass goes on while there is more to be done at once, and says what there is to say in one report."""

from controller.planner.wanted import LABEL_CONTROLLER, LABEL_SPEC_HASH, LABEL_UID
from tests.faults import checks
from tests.faults.scenarios import serving
from tests.faults.world import CONTROLLER, IMAGE, World, spec


def test_a_create_is_one_pass_and_one_report(world: World) -> None:
    uid = world.apply(spec())
    world.step(None)
    checks.serves(world, uid)
    assert world.faults.trace == ["ports.reserve", "create", "start", "work.report"]
    reasons = [event.reason.value for event in world.store.events.list(uid, 10)]
    assert reasons == ["ContainerCreated", "ContainerStarted", "Built", "Serving"]
    assert world.playground(uid).status.restarts == 0


def test_no_passes_go_round_while_a_page_takes_its_time(world: World) -> None:
    uid = world.apply(spec(envs={"START_DELAY_MS": "20000"}))
    world.step(None)
    assert not world.is_ready(uid)
    world.settle()
    checks.serves(world, uid)
    assert len(world.passes) <= 3, "the first, one by the resync, and the one that sees it serve"


def test_a_removal_is_one_pass_and_is_told_with_the_record_s_end(world: World) -> None:
    uid = serving(world)
    world.faults.begin()
    world.delete(uid)
    world.step(None)
    checks.is_gone(world, uid)
    assert world.faults.trace == ["remove", "work.remove"]
    reasons = [event.reason.value for event in world.store.events.list(uid, 2)]
    assert reasons == ["ContainerRemoved", "Deleted"]


def test_a_removal_ends_with_a_list_of_what_is_left(world: World) -> None:
    """What nobody has heard of goes as well, and only then the record."""
    uid = serving(world)
    labels = {LABEL_CONTROLLER: CONTROLLER, LABEL_UID: uid, LABEL_SPEC_HASH: "0" * 12}
    world.machine.add("another", IMAGE, labels=labels)
    world.faults.begin()
    world.delete(uid)
    world.step(None)
    checks.is_gone(world, uid)
    assert world.faults.trace == ["remove", "remove", "work.remove"]


def test_a_crash_is_in_the_record_before_anything_is_done_about_it(world: World) -> None:
    uid = serving(world)
    world.machine.kill(world.containers(uid)[0])
    world.faults.begin()
    world.queue.add(uid)
    world.step(None)
    world.step(None)
    checks.serves(world, uid)
    assert world.faults.trace == ["work.report", "start", "work.report"]
    assert world.playground(uid).status.restarts == 1
