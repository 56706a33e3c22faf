"""The crash matrix: each scenario x each of its effects x each fault; then pairs of faults.

Whatever goes wrong, the world comes to rest as the records want it, with few effects, with one container, with no port
and no container leaked, with neighbours untouched, and then nothing is planned any more.
"""

from collections.abc import Iterator

import pytest

from tests.fakes.faults import Fault
from tests.faults import checks
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.world import Laboratory, Snapshot, World

EVERY = {scenario.name: scenario for scenario in SCENARIOS}
_prepared: dict[str, tuple[Snapshot, str, list[str]]] = {}


def prepared(lab: Laboratory, scenario: Scenario) -> tuple[Snapshot, str, list[str]]:
    """The world before the scenario, the uid it is about, and its effects when nothing goes wrong. Made once."""
    if scenario.name not in _prepared:
        world = lab.world()
        uid = scenario.prepare(world)
        snapshot = lab.snapshot(world)
        _prepared[scenario.name] = snapshot, uid, run(lab, scenario, snapshot, uid, {}).faults.trace
    return _prepared[scenario.name]


def run(lab: Laboratory, scenario: Scenario, snapshot: Snapshot, uid: str, faults: dict[int, Fault]) -> World:
    """The scenario with faults at the effects with these numbers; all that must hold in the end has been checked."""
    world = lab.world(snapshot)
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


def single_faults(effects: int) -> Iterator[int]:
    """Each effect of the run without faults, and the first that a fault itself brings about."""
    yield from range(1, effects + 2)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("name", EVERY)
def test_any_single_fault_is_overcome(lab: Laboratory, name: str, fault: Fault) -> None:
    scenario = EVERY[name]
    snapshot, uid, effects = prepared(lab, scenario)
    for number in single_faults(len(effects)):
        run(lab, scenario, snapshot, uid, {number: fault})
