"""The crash matrix: each scenario x each of its effects x each fault; then pairs of faults.

Whatever goes wrong, and whether the engine's events are heard or not, the world comes to rest as the records want it,
with few effects, with one container, with no port and no container leaked, with neighbours untouched, and then nothing
is planned any more.
"""

import itertools

import pytest

from tests.fakes.ears import Ears
from tests.fakes.faults import Fault
from tests.faults import checks
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.world import Laboratory, Snapshot, World

EVERY = {scenario.name: scenario for scenario in SCENARIOS}
MORE = 2
"""How many effects beyond those of the run without faults the second of two faults is put at."""
_OF_THE_STORE = {Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.REPLY_LOST, Fault.ERROR_500, Fault.TIMED_OUT_THEN_CRASH}
_prepared: dict[str, tuple[Snapshot, str, list[str]]] = {}


def prepared(lab: Laboratory, scenario: Scenario) -> tuple[Snapshot, str, list[str]]:
    """The world before the scenario, the uid it is about, and its effects when nothing goes wrong. Made once."""
    if scenario.name not in _prepared:
        world = lab.world()
        uid = scenario.prepare(world)
        snapshot = lab.snapshot(world)
        _prepared[scenario.name] = snapshot, uid, run(lab, scenario, snapshot, uid, {}).faults.trace
    return _prepared[scenario.name]


def run(
    lab: Laboratory, scenario: Scenario, snapshot: Snapshot, uid: str, faults: dict[int, Fault], *, hears: bool = False
) -> World:
    """The scenario with faults at the effects with these numbers; all that must hold in the end has been checked."""
    world = lab.world(snapshot)
    if hears:
        world.ears = Ears(world.machine)
    neighbours = checks.foreign(world.machine)
    checks.guard(world)
    for number, fault in faults.items():
        world.faults.at(number, fault)
    scenario.act(world, uid)
    world.settle()
    effects = [what for what in world.faults.trace if not what.startswith(("work.", "ports."))]
    scenario.converged(world, uid)
    checks.nothing_leaked(world)
    checks.check(neighbours == checks.foreign(world.machine), "neighbours are untouched", world)
    most = scenario.most_effects + 4 * len(faults)
    checks.check(len(effects) <= most, f"at most {most} effects, not {len(effects)}", world)
    checks.is_settled(world)
    return world


def differs(fault: Fault, effect: str) -> bool:
    """Whether the fault is another one, for that effect, than those before it in the list."""
    if effect.startswith(("work.", "ports.")):
        return fault in _OF_THE_STORE
    return fault is not Fault.HALF_DONE or effect == "restart"


def positions(effects: list[str], fault: Fault) -> list[int]:
    """Where to put it: at each effect of the run without faults, and at the first that a fault may bring about."""
    return [number for number, effect in enumerate([*effects, "?"], start=1) if differs(fault, effect)]


@pytest.mark.parametrize("hears", [False, True], ids=["deaf", "hearing"])
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("name", EVERY)
def test_any_single_fault_is_overcome(lab: Laboratory, name: str, fault: Fault, *, hears: bool) -> None:
    scenario = EVERY[name]
    snapshot, uid, effects = prepared(lab, scenario)
    assert effects, "a scenario without effects shows nothing"
    for number in positions(effects, fault):
        run(lab, scenario, snapshot, uid, {number: fault}, hears=hears)


def pairs(effects: list[str], first: Fault, second: Fault) -> list[dict[int, Fault]]:
    """The two faults at any two effects, in this order. The second may meet what the first has brought about."""
    if (first, second) == (Fault.DONE_LATE, Fault.HALF_DONE):
        return []  # nobody has seen the run that the late restart began, so nobody can say who ended it
    there = [(one, one + more) for one in positions(effects, first) for more in range(1, len(effects) + 2 - one + MORE)]
    return [{one: first, other: second} for one, other in there]


@pytest.mark.parametrize("name", EVERY)
def test_some_pairs_of_faults_are_overcome(lab: Laboratory, name: str) -> None:
    """One of the pairs of places for each pair of faults, another one for each: `make chaos` does them all."""
    scenario = EVERY[name]
    snapshot, uid, effects = prepared(lab, scenario)
    for turn, (first, second) in enumerate(itertools.product(Fault, Fault)):
        possible = pairs(effects, first, second)
        if possible:
            run(lab, scenario, snapshot, uid, possible[turn * 7 % len(possible)])


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", Fault)
@pytest.mark.parametrize("name", EVERY)
def test_all_pairs_of_faults_are_overcome(lab: Laboratory, name: str, first: Fault) -> None:
    scenario = EVERY[name]
    snapshot, uid, effects = prepared(lab, scenario)
    for second in Fault:
        for faults in pairs(effects, first, second):
            run(lab, scenario, snapshot, uid, faults)
