"""All scenarios by name, in the order in which they are run."""

from bench.scenario import Scenario
from bench.scenarios import (
    api_load,
    archive_to_page,
    changed_code,
    cli_start,
    create_many,
    create_one,
    engine_killed,
    feed_latency,
    fleet,
    gradio_base,
    hardening,
    heal,
    idle,
    records,
    slots,
    spent,
)

SCENARIOS: dict[str, Scenario] = {
    each.name: each
    for each in (
        create_one.SCENARIO,
        create_many.SCENARIO,
        slots.SCENARIO,
        spent.SCENARIO,
        heal.SCENARIO,
        engine_killed.SCENARIO,
        fleet.SCENARIO,
        idle.SCENARIO,
        records.SCENARIO,
        changed_code.SCENARIO,
        archive_to_page.SCENARIO,
        gradio_base.SCENARIO,
        hardening.SCENARIO,
        cli_start.SCENARIO,
        api_load.SCENARIO,
        feed_latency.SCENARIO,
    )
}
