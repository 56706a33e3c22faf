"""All scenarios by name, in the order in which they are run."""

from bench.scenario import Scenario
from bench.scenarios import create_many, create_one, engine_killed, fleet, heal

SCENARIOS: dict[str, Scenario] = {
    each.name: each
    for each in (
        create_one.SCENARIO,
        create_many.SCENARIO,
        heal.SCENARIO,
        engine_killed.SCENARIO,
        fleet.SCENARIO,
    )
}
