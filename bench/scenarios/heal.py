"""Mark 7: something kills the container's process, or removes the container: how long until it answers again?"""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from bench.answers import await_all, await_answers
from bench.peers.peer import Instance, Runner
from bench.peers.raw import RawEngine, RawRunner
from bench.peers.table import NOTE, OTHERS, all_running, claimed
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from controller.engine.connect import EngineClient

ROUNDS = 40
SWARM_ROUNDS = 3
_LIMIT_S = 120.0
_FIRST, _SECOND, _REMOVED = "kill -9 to HTTP 200", "second kill -9 to HTTP 200", "rm -f to HTTP 200"
_FLOOR = "start to HTTP 200"
_MORE_S, _SWARM_FACTOR = 0.060, 10.0
ALWAYS = RawEngine("restart: always", restart="always")
_SWARM = "Docker Swarm"
Healed = dict[str, float]


class NotRunning(Exception):
    """There is no container of it."""


def run(bench: Bench) -> Findings:
    """Each round: a new container is killed twice, and another one removed. The floor is the engine's bare start."""
    numbers = itertools.count()

    def fresh(runner: Runner) -> Instance:
        number = next(numbers)
        instance = Instance(f"heal-{number}", 20000 + number % 900)
        runner.start([instance])
        await_all(runner, [instance], time.perf_counter())
        return instance

    swarm = [peer for peer in OTHERS if peer.name == _SWARM]
    with all_running(bench, swarm) as (ours, runners, skipped), ALWAYS.running(bench) as always:
        raw = runners["raw engine"]
        assert isinstance(raw, RawRunner)
        turns: dict[str, Callable[[], Healed]] = {
            "ours": lambda: _killed_twice(ours, fresh) | _removed(ours, fresh),
            "raw engine": lambda: _bare_start(raw, fresh),
            ALWAYS.name: lambda: _killed_twice(always, fresh),
        }
        found = by_turns(turns, bench.rounds(ROUNDS), bench.say)
        for name, runner in runners.items():
            if claimed(name, (_SWARM,)):
                turn = partial(_swarm, runner, fresh)
                found |= by_turns({name: turn}, bench.rounds(SWARM_ROUNDS), bench.say)
    series = [
        Series(name, what, "s", tuple(each[what] for each in healed))
        for what in (_FIRST, _SECOND, _REMOVED, _FLOOR)
        for name, healed in found.items()
        if what in healed[0]
    ]
    return Findings(tuple(series), tuple(_claims(series)), skipped, (NOTE,))


def _killed_twice(runner: Runner, fresh: Callable[[Runner], Instance]) -> Healed:
    """As soon as it answers again it is killed again: so it is with a page that breaks at a request."""
    instance = fresh(runner)
    healed = {_FIRST: _kill(runner, instance), _SECOND: _kill(runner, instance)}
    runner.remove([instance])
    return healed


def _removed(runner: Runner, fresh: Callable[[Runner], Instance]) -> Healed:
    """Measured from the moment at which the engine says that the container is gone."""
    instance = fresh(runner)
    engine, container, _ = _process(runner, instance)
    with _next_start(engine) as wait:
        engine.remove_container(container, force=True)
        began = time.perf_counter()
        wait()
        healed = await_answers({instance.name: runner.url(instance)}, began)[instance.name]
    runner.remove([instance])
    return {_REMOVED: healed}


def _swarm(runner: Runner, fresh: Callable[[Runner], Instance]) -> Healed:
    return _killed_twice(runner, fresh) | _removed(runner, fresh)


def _bare_start(runner: RawRunner, fresh: Callable[[Runner], Instance]) -> Healed:
    """What the engine needs to start a container that has ended; and to see the end of one first, and then start it."""
    instance = fresh(runner)
    engine, container, pid = _process(runner, instance)
    began = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    engine.wait(container)
    engine.start(container)
    healed = {_FIRST: await_all(runner, [instance], began)}
    engine.kill(container)
    engine.wait(container)
    began = time.perf_counter()
    engine.start(container)
    healed[_FLOOR] = await_all(runner, [instance], began)
    runner.remove([instance])
    return healed


def _kill(runner: Runner, instance: Instance) -> float:
    """SIGKILL the container's first process; the seconds until the page answers again.

    Its port is knocked at once the engine says that it is up.
    """
    engine, _, pid = _process(runner, instance)
    with _next_start(engine) as wait:
        began = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        wait()
        return await_answers({instance.name: runner.url(instance)}, began)[instance.name]


@contextmanager
def _next_start(engine: EngineClient) -> Iterator[Callable[[], None]]:
    """Waits until the engine tells that a container has been started, since now.

    Who asked it again and again would be load that the floor is measured without.
    """
    filters = {"type": "container", "event": "start"}
    now = time.time_ns()
    stream = engine.events(filters=filters, until=int(time.time() + _LIMIT_S), decode=True)

    def wait() -> None:
        # Where an end is given, the engine first tells what it remembers from before.
        if not any(event["timeNano"] >= now for event in stream):
            raise NotRunning(f"nothing has been started for {_LIMIT_S:g} s")

    try:
        yield wait
    finally:
        stream.close()


def _process(runner: Runner, instance: Instance) -> tuple[EngineClient, str, int]:
    """(Engine, container, the id of its first process). Raises NotRunning: 0, when killed, would be ourselves."""
    found = runner.container(instance)
    if found is None:
        raise NotRunning(instance.name)
    engine, container = found
    pid = int(engine.inspect_container(container)["State"]["Pid"])
    if pid == 0:
        raise NotRunning(instance.name)
    return engine, container, pid


def _claims(series: list[Series]) -> list[Claim]:
    by = {(each.system, each.what): each for each in series}
    floor = by["raw engine", _FLOOR].p95 + _MORE_S
    kill_floor = by["raw engine", _FIRST].p95 + _MORE_S
    first, second, removed = by["ours", _FIRST], by["ours", _SECOND], by["ours", _REMOVED]
    claims = [
        Claim(7, "kill -9, p95, against raw start + 60 ms", first.p95, floor, "s"),
        Claim(7, "kill -9, p95, against raw end and start + 60 ms", first.p95, kill_floor, "s"),
        Claim(7, "rm -f, p95, against raw start + 60 ms", removed.p95, floor, "s"),
        Claim(7, "second kill -9, p50, against restart: always", second.p50, by[ALWAYS.name, _SECOND].p50, "s"),
    ]
    for (system, what), each in by.items():
        if claimed(system, (_SWARM,)) and what in (_FIRST, _REMOVED):
            ours = by["ours", what].p50
            claims.append(Claim(7, f"{what}, p50, Swarm's to ours", each.p50 / ours, _SWARM_FACTOR, "×", "above"))
    return claims


SCENARIO = Scenario("heal", "Healing after kill -9 and rm -f", (7,), run)
