"""Mark 8: dockerd dies with forty playgrounds on it. How long after its first answer do all of them answer?"""

import time

from bench.answers import await_all, await_answers
from bench.peers.ours import Ours
from bench.peers.peer import Instance
from bench.peers.raw import RawEngine
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from tests.testbed.pauses import await_true

MANY = 40
ROUNDS = 5
_BACK, _RAW, _MORE_S = "first ping to 40 of 40 answering", "create 40, all answer HTTP 200", 3.0


def run(bench: Bench) -> Findings:
    """The raw rate first and last; between them SIGKILL again and again, once all are back and said to run."""
    rounds = bench.rounds(ROUNDS)
    raw, back = [_raw(bench, 0)], []
    with Ours().running(bench) as ours:
        instances = [Instance(f"killed-{number}", 20000 + number) for number in range(MANY)]
        ours.start(instances)
        for number in range(rounds):
            await_all(ours, instances, time.perf_counter())
            bench.say(f"kill {number + 1} of {rounds}")
            bench.own.kill()
            bench.own.start()
            began = time.perf_counter()  # `start` returns with the first ping that is answered
            await_true("all containers being up", lambda: len(ours.engine.containers()) == MANY, 120, 0.05)
            back.append(max(await_answers({each.name: ours.url(each) for each in instances}, began).values()))
    raw.append(_raw(bench, 1))
    series = (Series("ours", _BACK, "s", tuple(back)), Series("raw engine", _RAW, "s", tuple(raw)))
    rate = MANY / series[1].p50
    claim = Claim(
        8, f"slowest of {rounds}, against 40 / {rate:.2f} a second + 3 s", max(back), MANY / rate + _MORE_S, "s"
    )
    return Findings(series, (claim,))


def _raw(bench: Bench, batch: int) -> float:
    with RawEngine().running(bench) as raw:
        instances = [Instance(f"rate-{batch}-{number}", 21000 + number) for number in range(MANY)]
        began = time.perf_counter()
        raw.start(instances)
        return await_all(raw, instances, began)


SCENARIO = Scenario("engine-killed", "dockerd dies with forty playgrounds", (8,), run)
