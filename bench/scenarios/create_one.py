"""Mark 1: one create, until the system says that it runs and it answers. The machine is idle meanwhile."""

import itertools
import time
from collections.abc import Callable
from functools import partial

from bench.answers import await_all
from bench.peers.peer import Instance, Runner
from bench.peers.table import NOTE, all_running, claimed
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario

ROUNDS = 50
PEERS_EVERY = 5
"""They take part in every fifth round: some take ten seconds to remove one."""
_WHAT = "create, until said to run and answering HTTP 200"
_MORE_S = 0.030


def run(bench: Bench) -> Findings:
    """Create one, see it answer, remove it; the systems by turns."""
    numbers = itertools.count()

    def once(runner: Runner) -> float:
        number = next(numbers)
        instance = Instance(f"one-{number}", 20000 + number % 900)
        began = time.perf_counter()
        runner.start([instance])
        seconds = await_all(runner, [instance], began)
        runner.remove([instance])
        return seconds

    with all_running(bench) as (_, runners, skipped):
        turns: dict[str, Callable[[], float]] = {name: partial(once, each) for name, each in runners.items()}
        seldom = {name: PEERS_EVERY for name in runners if name not in ("ours", "raw engine")}
        seconds = by_turns(turns, bench.rounds(ROUNDS), bench.say, seldom)
    series = tuple(Series(name, _WHAT, "s", tuple(values)) for name, values in seconds.items())
    return Findings(series, tuple(_claims(series)), skipped, (NOTE,))


def _claims(series: tuple[Series, ...]) -> list[Claim]:
    p50 = {each.system: each.p50 for each in series}
    ours = p50["ours"]
    claims = [Claim(1, "create, p50, against raw + 30 ms", ours, p50["raw engine"] + _MORE_S, "s")]
    claims += [
        Claim(1, f"create, p50, against {name}", ours, seconds, "s")
        for name, seconds in p50.items()
        if claimed(name, ("JupyterHub", "Docker Swarm"))
    ]
    return claims


SCENARIO = Scenario("create-one", "One create until it runs", (1,), run)
