"""Mark 1: one create until it answers, and until the API says that it runs. The machine is idle meanwhile."""

import itertools
import time
from collections.abc import Callable
from functools import partial

from bench.answers import await_answers
from bench.peers.ours import OurRunner
from bench.peers.peer import Instance, Runner
from bench.peers.table import all_running
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from tests.testbed.pauses import await_true

ROUNDS = 60
_ANSWERS, _SAID = "create to HTTP 200", "create to status running"
_MORE_S = 0.030


def run(bench: Bench) -> Findings:
    """Create one, see it answer, remove it; the systems by turns."""
    numbers = itertools.count()
    said: list[float] = []

    def once(runner: Runner) -> float:
        number = next(numbers)
        instance = Instance(f"one-{number}", 20000 + number % 900)
        began = time.perf_counter()
        runner.start([instance])
        seconds = await_answers({instance.name: runner.url(instance)}, began)[instance.name]
        if isinstance(runner, OurRunner):
            await_true("the status", lambda: runner.phase(instance) == "running", 30, 0.002)
            said.append(time.perf_counter() - began)
        runner.remove([instance])
        return seconds

    with all_running(bench) as (_, runners, skipped):
        turns: dict[str, Callable[[], float]] = {name: partial(once, each) for name, each in runners.items()}
        for turn in turns.values():
            turn()  # the first one of each is no measure: caches, connections, a network that is made
        said.clear()
        seconds = by_turns(turns, bench.rounds(ROUNDS), bench.say)
    series = [Series(name, _ANSWERS, "s", tuple(values)) for name, values in seconds.items()]
    series.append(Series("ours", _SAID, "s", tuple(said)))
    return Findings(tuple(series), tuple(_claims(series)), skipped)


def _claims(series: list[Series]) -> list[Claim]:
    answering = {each.system: each for each in series if each.what == _ANSWERS}
    raw, said = answering["raw engine"], series[-1]
    claims = [Claim(1, "status running, p50, against raw + 30 ms", said.p50, raw.p50 + _MORE_S, "s")]
    claims += [
        Claim(1, f"status running, p50, against {name}", said.p50, each.p50, "s")
        for name, each in answering.items()
        if name.startswith(("JupyterHub", "Docker Swarm"))
    ]
    return claims


SCENARIO = Scenario("create-one", "One create until it runs", (1,), run)
