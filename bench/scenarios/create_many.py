"""Marks 2 and 3: forty at once until all answer, and until nothing of them is left."""

import itertools
import time
from collections.abc import Callable
from functools import partial

from bench.answers import await_all
from bench.peers.peer import Instance, Runner
from bench.peers.table import BARE_OTHERS, NOTE, OTHERS, all_running, claimed
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario

MANY = 40
ROUNDS = 14
"""The mark is a few hundredths, and one take is a tenth beside the next: it takes so many to tell them apart."""
_NEAR = ("Docker Swarm", "docker compose")
_EACH_ROUND, _NEAR_EVERY, _OTHERS_EVERY = ("ours", "raw engine"), 2, 5
"""Those that are further off take part less often: some take half a minute for one."""
_CREATE, _DELETE = "create 40, all answer HTTP 200", "delete 40, nothing left"
_CREATE_FACTOR, _DELETE_FACTOR = 1.05, 1.15
_AHEAD_OF = ("Docker Swarm", "docker compose", "podman", "JupyterHub")


def run(bench: Bench) -> Findings:
    """Create forty, see all answer, remove them; the systems by turns."""
    batches = itertools.count()

    def once(runner: Runner) -> tuple[float, float]:
        batch = next(batches)
        instances = [Instance(f"many-{batch}-{n}", 20000 + batch % 20 * MANY + n) for n in range(MANY)]
        began = time.perf_counter()
        runner.start(instances)
        answering = await_all(runner, instances, began)
        began = time.perf_counter()
        runner.remove(instances)
        return answering, time.perf_counter() - began

    with all_running(bench, OTHERS + BARE_OTHERS) as (_, runners, skipped):
        turns: dict[str, Callable[[], tuple[float, float]]] = {
            name: partial(once, each) for name, each in runners.items()
        }
        seldom = {
            name: _NEAR_EVERY if claimed(name, _NEAR) else _OTHERS_EVERY
            for name in runners
            if not claimed(name, _EACH_ROUND)
        }
        seconds = by_turns(turns, bench.rounds(ROUNDS), bench.say, seldom)
    series = [Series(name, _CREATE, "s", tuple(each[0] for each in both)) for name, both in seconds.items()]
    series += [Series(name, _DELETE, "s", tuple(each[1] for each in both)) for name, both in seconds.items()]
    return Findings(tuple(series), tuple(_claims(series)), skipped, (NOTE,))


def _claims(series: list[Series]) -> list[Claim]:
    p50 = {(each.system, each.what): each.p50 for each in series}
    ours, raw = "ours", "raw engine"
    claims = [
        Claim(2, "40 at once against raw", p50[ours, _CREATE] / p50[raw, _CREATE], _CREATE_FACTOR, "×"),
        Claim(3, "delete 40 against raw", p50[ours, _DELETE] / p50[raw, _DELETE], _DELETE_FACTOR, "×"),
    ]
    claims += [
        Claim(2, f"40 at once against {each.system}", p50[ours, _CREATE], each.p50, "s")
        for each in series
        if each.what == _CREATE and claimed(each.system, _AHEAD_OF)
    ]
    return claims


SCENARIO = Scenario("create-many", "Forty at once, and their removal", (2, 3), run)
