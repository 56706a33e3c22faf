"""Mark 2, its other half: how many calls at once has an engine use for? Forty by its own API, with more and more."""

import itertools
import os
import time
from collections.abc import Callable
from functools import partial
from statistics import fmean

from bench.answers import await_all
from bench.peers.peer import Instance, each_by_one_of
from bench.peers.raw import RawEngine, RawRunner, slots
from bench.rounds import by_turns
from bench.samples import Findings, Series
from bench.scenario import Bench, Scenario
from controller.engine.connect import EngineClient

MANY, ROUNDS = 40, 5
_ALL, _EACH, _GONE = "40 until all answer", "40, each until it is started, mean", "40 until nothing is left"


def run(bench: Bench) -> Findings:
    """One more than there are cores, and two, three, four, eight for each core, by turns."""
    cores, batches = os.cpu_count() or 1, itertools.count()
    numbers = (cores + 1, *(cores * each for each in (2, 3, 4, 8)))
    with RawEngine(at_once=max(numbers)).running(bench) as whole:
        turns: dict[str, Callable[[], tuple[float, float, float]]] = {
            f"raw engine, {number} at once": partial(
                _once, RawRunner(whole.clients[:number], whole.host_config), batches
            )
            for number in numbers
        }
        seconds = by_turns(turns, bench.rounds(ROUNDS), bench.say)
    series = tuple(
        Series(name, what, "s", tuple(each[place] for each in rounds))
        for place, what in enumerate((_ALL, _EACH, _GONE))
        for name, rounds in seconds.items()
    )
    note = f"{cores} cores; {slots()} at once is what our controller does unless `start_slots` says otherwise."
    return Findings(series, (), notes=(note,))


def _once(runner: RawRunner, batches: "itertools.count[int]") -> tuple[float, float, float]:
    """Seconds until all answer, until each was started on average, and until all are gone."""
    batch, started = next(batches), list[float]()
    instances = [Instance(f"slots-{batch}-{n}", 20000 + batch % 20 * MANY + n) for n in range(MANY)]
    began = time.perf_counter()

    def start(client: EngineClient, instance: Instance) -> None:
        runner.start_one(client, instance)
        started.append(time.perf_counter() - began)

    each_by_one_of(runner.clients, instances, start)
    answering = await_all(runner, instances, began)
    began = time.perf_counter()
    runner.remove(instances)
    return answering, fmean(started), time.perf_counter() - began


SCENARIO = Scenario("slots", "How many calls at once the engine has use for", (2,), run)
