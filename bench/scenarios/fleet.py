"""Marks 4 and 5: nine hundred playgrounds on one engine. Does every port answer, and how fast do the last ones start?

Then, while all is settled: what does a look at all of them cost?
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.answers import await_all, count_answering
from bench.peers.ours import Ours
from bench.peers.peer import Instance, Runner
from bench.peers.raw import RawEngine
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from bench.scenarios.settled_pass import settled_passes

MANY = 900
LAST = 100
PASSES = 5
_QUEUE = "net.core.netdev_max_backlog"
_ROOM = 4
"""The queue's length for each container: a broadcast is queued for all of them, and both sides send some at once."""
_RATE, _FACTOR = f"starts a second, the last {LAST}", 0.9


def run(bench: Bench) -> Findings:
    """The raw engine's nine hundred, then ours; each engine empty at the beginning."""
    many = max(LAST + 1, round(MANY * bench.scale))
    instances = [Instance(f"fleet-{number}", 20000 + number) for number in range(many)]
    with _long_queue(many * _ROOM):
        with RawEngine().running(bench) as raw:
            bench.say(f"{many} on the raw engine")
            raw_rate, _ = _fill(raw, instances)
            raw.remove(instances)
        with Ours().running(bench) as ours:
            bench.say(f"{many} of ours")
            rate, answering = _fill(ours, instances)
            bench.say("looks at all of them")
            looks, of_looks = settled_passes(ours.server, many, bench.rounds(PASSES))
            bench.say("removing them")
            ours.remove(instances)
    series = (Series("ours", _RATE, "/s", (rate,)), Series("raw engine", _RATE, "/s", (raw_rate,)), *looks)
    claims = (
        Claim(4, f"ports that answer, of {many}", answering, many, "", "above"),
        Claim(4, "start rate at the end, to raw", rate / raw_rate, _FACTOR, "×", "above"),
        *of_looks,
    )
    note = f"{_QUEUE} was {many * _ROOM} for both, as the doctor advises: with the usual 1000 broadcasts are lost."
    return Findings(series, claims, (), (note,))


@contextmanager
def _long_queue(length: int) -> Iterator[None]:
    """The kernel's queue so long meanwhile; it is one for the whole machine, set from where the bench was begun."""
    kernel = ["nsenter", "--target", str(os.getppid()), "--net", "sysctl", "--quiet"]
    before = subprocess.run([*kernel, "--values", _QUEUE], check=True, capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run([*kernel, "--write", f"{_QUEUE}={max(length, int(before))}"], check=True)
        yield
    finally:
        subprocess.run([*kernel, "--write", f"{_QUEUE}={before}"], check=True)


def _fill(runner: Runner, instances: list[Instance]) -> tuple[float, int]:
    """(Starts a second of the last hundred, how many answer once all have)."""
    began = time.perf_counter()
    runner.start(instances)
    await_all(runner, instances, began)
    engine, _ = runner.container(instances[0]) or (None, "")
    assert engine is not None
    found = engine.containers()
    started = sorted(_started_at(engine.inspect_container(row["Id"])["State"]["StartedAt"]) for row in found)
    return LAST / (started[-1] - started[-1 - LAST]), count_answering([runner.url(each) for each in instances])


def _started_at(text: str) -> float:
    """Seconds of the day's clock; the engine writes nanoseconds, more than Python reads."""
    hours, minutes, seconds = text.rstrip("Z").partition("T")[2].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


SCENARIO = Scenario("fleet", "Nine hundred on one engine", (4, 5), run)
