"""What is promised, one function each: it runs a small world and fails with its story where the promise is broken.

`test_promises.py` holds the controller to them; `seeded_bugs.py` names for each bug the promise that it breaks.
"""

from collections import deque
from collections.abc import Callable, Iterator

from api.resources.conditions import ConditionType, Reason, find
from api.resources.playground import DesiredRunState
from controller.engine.errors import EngineRefused
from controller.planner.wanted import LABEL_CONTROLLER, LABEL_SPEC_HASH, LABEL_UID
from tests.fakes.ears import Ears
from tests.fakes.engine import build_failure
from tests.fakes.faults import Fault, create_reply_lost, engine_back, engine_gone
from tests.faults import checks
from tests.faults.scenarios import ORPHAN, SCENARIOS, serving, strangers
from tests.faults.world import ANOTHER_CONTROLLER, CONTROLLER, IMAGE, PORTS, Laboratory, World, spec

CALLS_A_MINUTE = 12
"""Requests to the engine that a permanent failure may cost in any sixty seconds from the first time it is told on."""
TOLD_WITHIN, WATCHED = 120.0, 3600.0
"""Seconds within which each of them fails for the first time, and for which it is watched from then on."""
Promise = Callable[[Laboratory], None]


def nothing_is_forgotten_that_cannot_be_seen(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    world.faults.blind.add("containers_of")
    world.delete(uid)
    world.run_for(60.0)
    checks.check(world.store.work.load(uid) is not None, "the record waits for its container to be seen", world)
    world.faults.blind.clear()
    world.settle()
    checks.is_gone(world, uid)


def an_engine_that_goes_away_changes_nothing_and_comes_back(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    container = world.containers(uid)[0]
    engine_gone(world.faults)
    world.run_for(90.0)
    checks.check(world.containers(uid) == [container], "the container is left as it is", world)
    engine_back(world.faults)
    world.settle()
    checks.serves(world, uid)


def an_update_keeps_its_port(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    port = world.playground(uid).host_port
    world.apply(spec(envs={"A": "1"}))
    world.settle()
    checks.serves(world, uid)
    checks.check(world.playground(uid).host_port == port, f"an update keeps its port {port}", world)


def a_record_goes_after_its_container(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    checks.guard(world)
    world.delete(uid)
    world.settle()
    checks.is_gone(world, uid)


def a_namesake_of_another_controller_is_left_alone(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    labels = {LABEL_CONTROLLER: ANOTHER_CONTROLLER, LABEL_UID: uid, LABEL_SPEC_HASH: "0" * 12}
    world.machine.start(world.machine.add("namesake", IMAGE, labels=labels))
    before = checks.foreign(world.machine)
    world.apply(spec(envs={"A": "1"}))
    world.settle()
    checks.serves(world, uid)
    checks.check(before == checks.foreign(world.machine), "another controller's container is left alone", world)


def a_crash_counts_once(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    world.machine.kill(world.containers(uid)[0])
    for _ in range(5):
        world.queue.add(uid)
        world.step(None)
    checks.check(world.playground(uid).status.failures == 1, "one crash is one failure", world)
    world.settle()
    checks.serves(world, uid)


def a_crash_before_a_refusal_counts_once(lab: Laboratory) -> None:
    """It is older than what has been told last: the refusal must not make it news again."""
    world = lab.world()
    uid = serving(world)
    world.machine.refuses_to_start[IMAGE] = EngineRefused("oci runtime create failed")
    world.machine.kill(world.containers(uid)[0])
    for _ in range(40):
        world.step(None)
    told = [taken for taken in world.passes if "Crashed" in taken]
    checks.check(len(told) == 1, f"one crash is told once, not {len(told)} times", world)


def a_crash_loop_backs_off(lab: Laboratory) -> None:
    _costs_little(lab, lambda world: world.apply(spec(envs={"CRASH_AFTER_MS": "10"})))


def one_that_needs_too_much_memory_each_time_backs_off(lab: Laboratory) -> None:
    _costs_little(lab, lambda world: world.apply(spec(envs={"CRASH_AFTER_MS": "10", "OOM": "1"})))


def a_crash_loop_of_one_that_serves_each_time_backs_off(lab: Laboratory) -> None:
    """It is started again at once twice, and not again after each time that it has served."""

    def ends_after(milliseconds: str) -> Callable[[World], object]:
        return lambda world: world.apply(spec(envs={"CRASH_AFTER_MS": milliseconds}))

    for milliseconds in ("1500", "5000", "45000"):
        _costs_little(lab, ends_after(milliseconds))


def one_that_is_unhealthy_again_and_again_backs_off(lab: Laboratory) -> None:
    _costs_little(lab, lambda world: world.apply(spec(envs={"UNHEALTHY_AFTER_MS": "5000"})))


def a_page_that_never_listens_backs_off(lab: Laboratory) -> None:
    _costs_little(lab, lambda world: world.apply(spec(envs={"NEVER_LISTEN": "1"})))


def an_image_that_is_not_there_backs_off(lab: Laboratory) -> None:
    _costs_little(lab, lambda world: world.apply(spec(image="nowhere:1")))


def a_bad_update_that_was_taken_back_costs_little(lab: Laboratory) -> None:
    def bad_update(world: World) -> None:
        serving(world)
        world.apply(spec(envs={"CRASH_AFTER_MS": "10"}))

    _costs_little(lab, bad_update)


def a_wait_for_a_port_costs_little(lab: Laboratory) -> None:
    def none_left(world: World) -> None:
        world.machine.host_ports.update(PORTS)
        world.apply(spec())

    _costs_little(lab, none_left)


def a_build_that_fails_backs_off(lab: Laboratory) -> None:
    def fails(world: World) -> None:
        uid = world.apply(spec(digest="a"))
        world.step(None)
        world.machine.failing_builds[world.wanted(uid).image] = build_failure()

    _costs_little(lab, fails)


def a_name_that_is_taken_backs_off(lab: Laboratory) -> None:
    def taken(world: World) -> None:
        uid = world.apply(spec())

        def stranger_is_faster(what: str, name: str) -> None:
            if what == "create" and not world.containers(uid):
                world.faults.guard = lambda _what, _about: None
                world.machine.add(name, "nginx:1")

        world.faults.guard = stranger_is_faster

    _costs_little(lab, taken)


def an_engine_that_fails_to_start_it_backs_off(lab: Laboratory) -> None:
    def fails(world: World) -> None:
        for nth in range(1, 100):
            world.faults.on("start", Fault.ERROR_500, nth=nth)
        world.apply(spec())

    _costs_little(lab, fails)


def a_bad_update_is_taken_back(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    good = world.containers(uid)[0].name
    world.apply(spec(envs={"CRASH_AFTER_MS": "1000", "START_DELAY_MS": "5000"}))
    world.run_for(300.0)
    up = [c.name for c in world.containers(uid) if c.is_up]
    checks.check(up == [good], f"the older container serves again, not {up}", world)
    world.apply(spec(envs={"A": "1"}))
    world.settle()
    checks.serves(world, uid)


def a_good_container_serves_until_the_new_image_is_there(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    good = world.containers(uid)[0]
    updated = spec(digest="a")
    world.apply(updated)
    world.step(None)
    world.machine.failing_builds[world.wanted(uid).image] = build_failure()
    world.run_for(600.0)
    is_left = good.is_up and world.containers(uid) == [good] and "stop" not in world.faults.trace
    checks.check(is_left, "a bad build takes nothing good down", world)


def a_leader_that_was_paused_changes_nothing(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    paused, claim = world.reconciler, world.claim()
    world.boot()
    world.clock.advance(60.0)
    world.claim()
    world.machine.kill(world.containers(uid)[0])
    world.restart(uid)
    before = len(world.faults.trace)
    paused.run(uid, claim)
    done = [what for what in world.faults.trace[before:] if not what.startswith("work.")]
    checks.check(not done, f"a leader that was paused changes nothing, but did {done}", world)


def a_port_that_is_refused_is_left_for_another(lab: Laboratory) -> None:
    world = lab.world()
    world.machine.unseen_ports.add(PORTS[0])
    uid = world.apply(spec())
    world.settle()
    checks.serves(world, uid)


def one_500_is_not_the_new_generations_fault(lab: Laboratory) -> None:
    world = lab.world()
    uid = serving(world)
    world.faults.begin()
    world.faults.on("stop", Fault.ERROR_500)
    world.apply(spec(envs={"A": "1"}))
    world.settle()
    checks.serves(world, uid)


def a_stop_that_is_taken_back_while_it_lasts_ends_running(lab: Laboratory) -> None:
    world = lab.world()
    uid = world.apply(spec(restart_policy="Never"))
    world.settle()

    def changes_its_mind(what: str, _about: str) -> None:
        if what == "stop":
            world.clock.advance(1.0)
            world.set_state(uid, DesiredRunState.RUNNING)

    world.faults.guard = changes_its_mind
    world.set_state(uid, DesiredRunState.STOPPED)
    world.settle()
    checks.serves(world, uid)


def a_lost_reply_makes_no_second_container(lab: Laboratory) -> None:
    world = lab.world()
    uid = world.apply(spec())
    create_reply_lost(world.faults)
    world.settle()
    checks.serves(world, uid)


def a_young_container_without_a_record_is_waited_for(lab: Laboratory) -> None:
    world = lab.world()
    strangers(world)
    labels = {LABEL_CONTROLLER: CONTROLLER, LABEL_UID: ORPHAN, LABEL_SPEC_HASH: "0" * 12}
    world.machine.add("young", IMAGE, labels=labels)
    world.run_for(30.0)
    checks.check(world.containers(ORPHAN), "a young container may belong to a record that is being written", world)
    world.run_for(60.0)
    checks.check(not world.containers(ORPHAN), "it is removed when nobody has claimed it", world)


def who_waits_for_a_playground_is_told(lab: Laboratory) -> None:
    """A 500 on the way keeps nobody waiting who could be told that it serves."""
    scenario = next(scenario for scenario in SCENARIOS if scenario.name == "create")
    world = lab.world()
    uid = scenario.prepare(world)
    world.faults.on("start", Fault.ERROR_500)
    scenario.act(world, uid)
    world.settle()
    checks.nothing_leaked(world)


def _costs_little(lab: Laboratory, break_it: Callable[[World], object]) -> None:
    """In any minute from the first failure on, with all that the engine tells; the resync's lists are for all keys."""
    world = lab.world()
    world.ears = Ears(world.machine)
    break_it(world)
    end = world.clock.monotonic() + TOLD_WITHIN
    while not _has_failed(world) and world.clock.monotonic() < end:
        world.step(end)
    most, minute = 0, deque[tuple[float, int]]()
    for at, calls in _calls(world, WATCHED):
        minute.append((at, calls))
        while minute[0][0] <= at - 60.0:
            minute.popleft()
        most = max(most, sum(calls for _, calls in minute))
        told = f"at most {CALLS_A_MINUTE} engine calls in any minute, not {most} (seconds, calls: {list(minute)})"
        checks.check(most <= CALLS_A_MINUTE, told, world)
    checks.check(most > 0, "it is tried again", world)


def _has_failed(world: World) -> bool:
    """Whether any playground has been said to have failed, or to wait for a port."""
    statuses = [world.playground(uid).status for uid in world.store.work.keys()]  # noqa: SIM118 (the store's keys)
    ports = [find(status.conditions, ConditionType.PORT_RESERVED) for status in statuses]
    waits = any(port is not None and port.reason is Reason.NO_FREE_PORT for port in ports)
    return waits or any(status.last_failure is not None for status in statuses)


def _calls(world: World, seconds: float) -> Iterator[tuple[float, int]]:
    """(when, how many) requests are made, beside the resync's own."""
    end = world.clock.monotonic() + seconds
    while world.clock.monotonic() < end:
        before = world.machine.calls - world.resyncs
        world.step(end)
        calls = world.machine.calls - world.resyncs - before
        if calls:
            yield round(world.clock.monotonic(), 3), calls


PROMISES: tuple[Promise, ...] = tuple(
    value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__ and not name.startswith("_")
)
