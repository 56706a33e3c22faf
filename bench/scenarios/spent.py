"""What marks 1, 2 and 9 are short of: where the processor's time goes while one or forty start, and while creates are
posted.
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import load
from bench.answers import await_all, is_listening
from bench.peers.commands import child
from bench.peers.ours import OurRunner, Ours
from bench.peers.peer import Instance, Runner
from bench.peers.raw import RawEngine
from bench.processes import busy_seconds, cpu_seconds, parts_of
from bench.rounds import by_turns
from bench.samples import Findings, Series
from bench.scenario import Bench, Scenario
from bench.scenarios.api_load import POST
from bench.seeds import seed
from tests.e2e.server import clean_environment, free_port
from tests.testbed.pauses import await_true

MANY, ROUNDS, ROUNDS_OF_ONE = 40, 3, 30
_TURNS, _SECONDS = 3, 5.0
_ONE, _FORTY, _BUSY, _POST = (
    "processor time of one, until it answers",
    "processor time of 40 at once",
    "cores that are busy meanwhile",
    "share of the loop's time, POSTs",
)
_NEW = 1_000_000
Spent = dict[str, float]


def run(bench: Bench) -> Findings:
    """One and forty of ours and of the raw engine's by turns, by the kernel's counters; then creates, by samples."""
    notes = (
        f"{os.cpu_count()} cores. The whole machine is the engine, what it starts, and whoever asks it.",
        "A POST is looked at once a millisecond, in the event loop's thread; a statement includes SQLite's own work.",
    )
    return Findings((*_starts(bench), *_posts(bench)), (), (), notes)


def _starts(bench: Bench) -> list[Series]:
    batches = itertools.count()
    with Ours().running(bench) as ours, RawEngine().running(bench) as raw:
        found = []
        for many, rounds in ((1, ROUNDS_OF_ONE), (MANY, ROUNDS)):
            turns: dict[str, Callable[[], Spent]] = {
                "ours": partial(_spent, ours, many, batches, partial(_ours_spend, ours)),
                "raw engine": partial(_spent, raw, many, batches, dict),
            }
            found.append(by_turns(turns, bench.rounds(rounds), bench.say))
    return _of_one(found[0]) + _of_forty(found[1])


def _of_one(found: dict[str, list[Spent]]) -> list[Series]:
    """Only what has a clock of its own: the whole machine's goes by hundredths of a second."""
    return [
        Series(f"{system}: {part}", _ONE, "ms", tuple(1000 * each[part] for each in rounds))
        for system, rounds in found.items()
        for part in rounds[0]
        if part not in ("", _BUSY)
    ]


def _of_forty(found: dict[str, list[Spent]]) -> list[Series]:
    series = []
    for system, rounds in found.items():
        for part in rounds[0]:
            what, unit = (_BUSY, "cores") if part == _BUSY else (_FORTY, "s")
            name = system if part in ("", _BUSY) else f"{system}: {part}"
            series.append(Series(name, what, unit, tuple(each[part] for each in rounds)))
    return series


def _ours_spend(ours: OurRunner) -> Spent:
    assert ours.server.process is not None
    return {name: cpu_seconds(pid) for name, pid in parts_of(ours.server.process.pid).items()}


def _spent(runner: Runner, many: int, batches: "itertools.count[int]", own: Callable[[], Spent]) -> Spent:
    """Seconds of processor time until so many answer: of all there is (""), of its parts, and of who asks."""
    batch = next(batches)
    instances = [Instance(f"spent-{batch}-{n}", 20000 + batch % 20 * MANY + n) for n in range(many)]
    began, busy, asker, parts = time.perf_counter(), busy_seconds(), time.process_time(), own()
    runner.start(instances)
    await_all(runner, instances, began)
    took, whole = time.perf_counter() - began, busy_seconds() - busy
    spent = {"": whole, _BUSY: whole / took, "who asks": time.process_time() - asker}
    spent |= {name: seconds - parts[name] for name, seconds in own().items()}
    runner.remove(instances)
    return spent


def _posts(bench: Bench) -> list[Series]:
    folder = bench.folder / "spent"
    (folder / "data").mkdir(parents=True)
    seed(f"sqlite:///{folder / 'data' / 'playground.db'}", 200)
    turns = [_one_turn(folder, turn, bench.say) for turn in range(1, 1 + bench.rounds(_TURNS))]
    parts = sorted({part for turn in turns for part in turn}, key=lambda part: -turns[0].get(part, 0.0))
    return [Series(part, _POST, "%", tuple(100 * turn.get(part, 0.0) for turn in turns)) for part in parts]


def _one_turn(folder: Path, turn: int, say: Callable[[str], None]) -> Spent:
    """The share of each part of the code, of all looks at an API under creates; its first second is among them."""
    say(f"turn {turn}: POSTs")
    port, token, out = free_port(), "t" * 32, folder / f"seen-{turn}.json"
    settings = {"DATA_DIR": str(folder / "data"), "PORT": str(port), "TOKEN": token, "LOG_FORMAT": "json"}
    environment = clean_environment(folder, **{f"PLAYGROUND_{name}": value for name, value in settings.items()})
    command = [sys.executable, "-m", "bench.sampled", str(out), "api.http"]
    with child(command, environment, folder / "api.log"):
        await_true("the API", partial(is_listening, port), 30)
        script = load.posts(folder / "post.lua", "/containers/", token, POST, range(turn * _NEW, (turn + 1) * _NEW))
        load.load(f"http://127.0.0.1:{port}", _SECONDS, script=script)
    seen: dict[str, int] = json.loads(out.read_text())
    return {part: count / sum(seen.values()) for part, count in seen.items()}


SCENARIO = Scenario("spent", "Where the processor's time goes", (1, 2, 9), run)
