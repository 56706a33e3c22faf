"""Marks 4 and 5: nine hundred playgrounds on one engine. Does every port answer, and how fast do the last ones start?

Then, while all is settled: what does a look at all of them cost?
"""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench.answers import await_all, count_answering
from bench.peers.ours import Ours
from bench.peers.peer import Instance, Runner
from bench.peers.raw import RawEngine
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from bench.scenarios.settled_pass import settled_passes
from controller.bridges import needed

MANY = 900
LAST = 100
PASSES = 5
_RATE, _FACTOR = f"starts a second, the last {LAST}", 0.9


def run(bench: Bench) -> Findings:
    """The raw engine's nine hundred, then ours; each engine empty at the beginning."""
    many = max(LAST + 1, round(MANY * bench.scale))
    instances = [Instance(f"fleet-{number}", 20000 + number) for number in range(many)]
    kernel = needed(many, many)
    with _kernel_set_to(kernel):
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
    said = ", ".join(f"{name} {value}" for name, value in kernel.items())
    note = f"The kernel was set for both as the doctor advises: {said}."
    return Findings(series, claims, (), (note,))


@contextmanager
def _kernel_set_to(wanted: Mapping[str, int]) -> Iterator[None]:
    """At least so meanwhile; the settings are the whole machine's, and made where the bench was begun."""
    sysctl = ["nsenter", "--target", str(os.getppid()), "--net", "sysctl", "--quiet"]
    seen = subprocess.run([*sysctl, "--values", *wanted], check=True, capture_output=True, text=True).stdout.split()
    before = dict(zip(wanted, map(int, seen), strict=True))
    meanwhile = {name: max(value, before[name]) for name, value in wanted.items()}
    try:
        subprocess.run([*sysctl, "--write", *(f"{name}={value}" for name, value in meanwhile.items())], check=True)
        yield
    finally:
        subprocess.run([*sysctl, "--write", *(f"{name}={value}" for name, value in before.items())], check=True)


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
