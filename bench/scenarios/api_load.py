"""Mark 9: how much of a bare server's speed is left when there is something to say, and what waits how long.

One worker each, sixteen connections, the token and the checks of bodies on, SQLite with `synchronous=FULL`. The bare
server is Starlette saying hello under the same uvicorn settings.
"""

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench import load
from bench.answers import is_listening
from bench.load import Load
from bench.peers.commands import child
from bench.peers.ours import OurRunner, Ours
from bench.peers.peer import Instance
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from bench.seeds import RELEASE, seed
from tests.e2e.server import Server, clean_environment, free_port
from tests.images.build import HTTP_IMAGE
from tests.testbed.pauses import await_true

MANY = 200
ROUNDS, BUSY_ROUNDS, STARTS = 5, 3, 40
_SECONDS = 5.0
_HELLO = "hello"
_SHARES = {"GET of one": 0.50, "list of 100": 0.15, "durable POST": 0.12}
_P99_MS, _BUSY_P99_MS = 15.0, 50.0
POST = f'{{"plugin_release":"{RELEASE}","model":%d,"params":{{"a":1}},"envs":{{"A":"1"}},"labels":["team=vision"]}}'
_ABSENT = '{"kind":"code_server","plugin_release":"absent@1","model":%d,"image":"absent/image:1"}'
_BUSY_PORTS = 20100
"""From here on; those that are posted get the first ones that are free."""
_NEW = 1_000_000
"""More than are made in one turn."""
_RATE, _P99, _BUSY = "answers a second", "p99", f"p99 while {STARTS} containers are started"


def run(bench: Bench) -> Findings:
    """The calls by turns on an API with two hundred records; then again beside an engine that is busy."""
    notes = (f"load by {load.version()}, {load.CONNECTIONS} connections", f"{MANY} records")
    quiet, busy = _quiet(bench), _busy(bench)
    series = [Series(_system(name), f"{name}: {_RATE}", "/s", load.rates(found)) for name, found in quiet.items()]
    series += [Series(_system(name), f"{name}: {_P99}", "ms", load.p99s_ms(found)) for name, found in quiet.items()]
    series += [Series("ours", f"{name}: {_BUSY}", "ms", load.p99s_ms(found)) for name, found in busy.items()]
    return Findings(tuple(series), tuple(_claims(series)), (), notes)


def _system(name: str) -> str:
    return "bare Starlette" if name == _HELLO else "ours"


def _quiet(bench: Bench) -> dict[str, list[Load]]:
    folder = bench.folder / "api-load"
    (folder / "data").mkdir(parents=True)
    names = seed(f"sqlite:///{folder / 'data' / 'playground.db'}", MANY)
    with ExitStack() as stack:
        bare = stack.enter_context(_bare(folder))
        server = Server(folder, range(20000, 21000), clean_environment(folder), command="api")
        server.start()
        stack.callback(server.stop)
        turns = _calls(server, names[50], POST, (range(turn * _NEW, (turn + 1) * _NEW) for turn in itertools.count(1)))
        turns[_HELLO] = partial(load.load, f"http://127.0.0.1:{bare}/", _SECONDS)
        for turn in turns.values():
            turn()  # the first one of each is no measure
        return by_turns(turns, bench.rounds(ROUNDS), bench.say)


def _busy(bench: Bench) -> dict[str, list[Load]]:
    """The same calls, each while forty containers are started on the same cores, but by who does not wait for these."""
    settings = (("PLAYGROUND_ALLOWED_IMAGES", f"{HTTP_IMAGE},absent/*"),)
    with Ours(settings=settings).running(bench) as ours:
        first = Instance("first", 20999)
        ours.start([first])
        ours.await_running([first])
        batches = itertools.count()
        # A few of them again and again: as many new ones as can be would be the controller's load, and not the API's.
        calls = _calls(ours.server, first.name, _ABSENT, itertools.repeat(range(20)), first=True)
        turns = {name: partial(_while_starting, ours, batches, call) for name, call in calls.items()}
        return by_turns(turns, bench.rounds(BUSY_ROUNDS), bench.say)


def _while_starting(ours: OurRunner, batches: Iterator[int], call: Callable[[], Load]) -> Load:
    batch = next(batches)
    ports = range(_BUSY_PORTS + batch % 20 * STARTS, _BUSY_PORTS + (batch % 20 + 1) * STARTS)
    instances = [Instance(f"busy-{batch}-{port}", port) for port in ports]
    starting = threading.Thread(target=ours.start, args=(instances,))
    starting.start()
    try:
        return call()
    finally:
        starting.join()
        ours.await_running(instances)
        ours.remove(instances)


def _calls(
    server: Server, name: str, post: str, numbers: Iterator[range], *, first: bool = False
) -> dict[str, Callable[[], Load]]:
    headers = {"Authorization": server.token}

    def create() -> Load:
        script = load.posts(server.folder / "post.lua", "/containers/", server.token, post, next(numbers))
        return load.load(server.url, _SECONDS, script=script, first=first)

    return {
        "GET of one": partial(load.load, f"{server.url}/containers/{name}/", _SECONDS, headers, first=first),
        "list of 100": partial(load.load, f"{server.url}/containers/?page_size=100", _SECONDS, headers, first=first),
        "durable POST": create,
    }


@contextmanager
def _bare(folder: Path) -> Iterator[int]:
    """The bare server; its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.hello", str(port)]
    with child(command, clean_environment(folder), folder / "hello.log"):
        await_true("the bare server", partial(is_listening, port), 30)
        yield port


def _claims(series: list[Series]) -> list[Claim]:
    p50 = {each.what: each.p50 for each in series}
    bare = p50[f"{_HELLO}: {_RATE}"]
    claims = []
    for name, share in _SHARES.items():
        rate = p50[f"{name}: {_RATE}"]
        claims.append(Claim(9, f"{name}, share of hello", 100 * rate / bare, 100 * share, "%", "above"))
        claims.append(Claim(9, f"{name}, p99", p50[f"{name}: {_P99}"], _P99_MS, "ms"))
        claims.append(Claim(9, f"{name}, {_BUSY}", p50[f"{name}: {_BUSY}"], _BUSY_P99_MS, "ms"))
    return claims


SCENARIO = Scenario("api-load", "What the API answers a second, and what waits how long", (9,), run)
