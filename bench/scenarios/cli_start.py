"""Mark 16: how long the command line takes, as its user sees it: the whole process, from its start to its end.

`playground get` asks a server for forty records. Beside it: Python doing nothing, which is the floor for any program
in Python, and the docker command, which is compiled: its help, and its list of containers on this machine's engine.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from playground_sdk import AgentClient
from tests.e2e.server import BIN, Server, free_range, running
from tests.images.build import HTTP_IMAGE

ROUNDS = 40
RECORDS = 40
_HELP, _GET = "--help", "list of 40"
_OURS, _DOCKER, _FLOOR = "ours", "docker", "python -c pass"
_HELP_S, _GET_S = 0.3, 0.4


def run(bench: Bench) -> Findings:
    """Each command by turns. The records are stopped playgrounds: nothing runs while it is measured."""
    with running(bench.folder / "cli-start", free_range(RECORDS), {"PLAYGROUND_ALLOWED_IMAGES": HTTP_IMAGE}) as server:
        with AgentClient(server.url, server.token) as client:
            for number in range(RECORDS):
                client.playgrounds.apply(_stopped(number))
        commands = _commands()
        turns: dict[tuple[str, str], Callable[[], float]] = {
            key: partial(_once, command, _environment(server)) for key, command in commands.items()
        }
        for turn in turns.values():
            turn()  # byte code is compiled, files come into the page cache
        named = {f"{what}: {system}": turn for (system, what), turn in turns.items()}
        seconds = by_turns(named, bench.rounds(ROUNDS), bench.say)
        server.delete_all()
    values = dict(zip(turns, seconds.values(), strict=True))
    series = tuple(Series(system, what, "s", tuple(each)) for (system, what), each in values.items())
    skipped = () if shutil.which("docker") else (("docker", "the command is not installed"),)
    return Findings(series, tuple(claims(series)), skipped)


def _commands() -> dict[tuple[str, str], Sequence[str]]:
    """Every command, by (system, what)."""
    playground = str(BIN / "playground")
    commands: dict[tuple[str, str], Sequence[str]] = {
        (_OURS, _HELP): (playground, "--help"),
        (_FLOOR, _HELP): (sys.executable, "-c", "pass"),
        (_OURS, _GET): (playground, "get"),
    }
    docker = shutil.which("docker")
    if docker:
        commands[_DOCKER, _HELP] = (docker, "--help")
        commands[_DOCKER, _GET] = (docker, "ps", "--all", "--last", str(RECORDS))
    return commands


def _environment(server: Server) -> Mapping[str, str]:
    """A user's on the machine of the server: the command finds the token by itself."""
    found = {"PLAYGROUND_SERVER": server.url, "PLAYGROUND_DATA_DIR": str(server.data_dir)}
    return {**server.environment, **found, "COLUMNS": "200"}


def _once(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds of one process, whose output is read as a pipe's reader would."""
    began = time.perf_counter()
    done = subprocess.run(command, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    seconds = time.perf_counter() - began
    lines = done.stdout.count(b"\n")
    if command[-1] == "get" and lines <= RECORDS:
        raise AssertionError(f"{RECORDS} records and a heading were expected, not {lines} lines")
    return seconds


def _stopped(number: int) -> dict[str, object]:
    """A playground that is recorded and does not run."""
    return {
        "apiVersion": "playground/v1",
        "kind": "Playground",
        "metadata": {"name": f"record-{number}", "labels": {"team": "vision"}},
        "spec": {"plugin": {"image": HTTP_IMAGE}, "model": number, "state": "Stopped"},
    }


def claims(series: Sequence[Series]) -> list[Claim]:
    """What the marks say of ours."""
    ours = {each.what: each for each in series if each.system == _OURS}
    found = []
    for what, limit, command in ((_HELP, _HELP_S, "playground --help"), (_GET, _GET_S, f"playground get of {RECORDS}")):
        found += [
            Claim(16, f"{command}, p50", ours[what].p50, limit, "s"),
            Claim(16, f"{command}, p95", ours[what].p95, limit, "s"),
        ]
    return found


SCENARIO = Scenario("cli-start", "How long the command line takes", (16,), run, needs_engine=False)
