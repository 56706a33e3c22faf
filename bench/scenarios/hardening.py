"""Mark 14: what the sandbox costs. Create and start of the tiny server until it answers, in the full box and bare.

Both by the engine's low-level API, with one port of 127.0.0.1 published and nothing else in common: bare has no other
option; the box is the one that every playground gets (`controller.engine.sandbox`). Each on the engine's usual bridge
and on one as the controller makes them: that one has its own price, whatever is started on it, so like is compared with
like, and the difference is told.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from api.settings import Settings
from bench.answers import await_answers
from bench.peers.raw import CONTAINER_PORT
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from controller.domain.container_spec import ContainerSpec, Limits
from controller.engine.connect import EngineClient
from controller.engine.networks import Networks
from controller.engine.sandbox import host_config, run_as
from tests.images.build import HTTP_IMAGE

ROUNDS = 60
_WHAT = "create and start to HTTP 200"
_BARE, _BOXED, _BRIDGED, _OURS = "bare", "the box on the usual bridge", "bare on a bridge of ours", "ours"
_PORTS = range(21000, 22000)
_MORE_MS = 40.0
_CONTROLLER = "bench-hardening"
_NETWORK = "playground-bench-1"


def run(bench: Bench) -> Findings:
    """Create, start, see it answer, remove it; bare and boxed by turns."""
    numbers = itertools.count()
    with bench.own.client() as api, _bridge(api):
        systems: dict[str, Callable[[int], dict[str, Any]]] = {
            _BARE: lambda port: _bare(api, port, ""),
            _BOXED: lambda port: _boxed(api, port, ""),
            _BRIDGED: lambda port: _bare(api, port, _NETWORK),
            _OURS: lambda port: _boxed(api, port, _NETWORK),
        }

        def turn(options: Callable[[int], dict[str, Any]]) -> float:
            return _once(api, options, _PORTS[next(numbers) % len(_PORTS)])

        turns: dict[str, Callable[[], float]] = {name: partial(turn, options) for name, options in systems.items()}
        for each in turns.values():
            each()  # the first one of each is no measure
        milliseconds = by_turns(turns, bench.rounds(ROUNDS), bench.say)
    series = tuple(Series(name, _WHAT, "ms", tuple(values)) for name, values in milliseconds.items())
    p50 = {each.system: each.p50 for each in series}
    claims = tuple(
        Claim(14, f"the box against bare + 40 ms, p50, both on {bridge}", p50[boxed], p50[bare] + _MORE_MS, "ms")
        for boxed, bare, bridge in ((_BOXED, _BARE, "the usual bridge"), (_OURS, _BRIDGED, "a bridge of ours"))
    )
    note = (
        f"A bridge of ours costs a bare start {p50[_BRIDGED] - p50[_BARE]:.0f} ms: on every bridge but its usual one "
        f"the engine sets up a name server in each container. It is what keeps playgrounds apart. From bare on the "
        f"usual bridge to ours it is {p50[_OURS] - p50[_BARE]:.0f} ms in all."
    )
    return Findings(series, claims, notes=(note,))


def _once(api: EngineClient, options: Callable[[int], dict[str, Any]], port: int) -> float:
    """Milliseconds of one."""
    began = time.perf_counter()
    container = api.create_container(HTTP_IMAGE, ports=[(CONTAINER_PORT, "tcp")], **options(port))["Id"]
    try:
        api.start(container)
        return 1000 * await_answers({"page": f"http://127.0.0.1:{port}/"}, began)["page"]
    finally:
        api.remove_container(container, force=True, v=True)


def _bare(api: EngineClient, port: int, network: str) -> dict[str, Any]:
    bindings: dict[int | str, Any] = {CONTAINER_PORT: ("127.0.0.1", port)}
    return {"host_config": api.create_host_config(port_bindings=bindings, network_mode=network or "default")}


def _boxed(api: EngineClient, port: int, network: str) -> dict[str, Any]:
    settings = Settings()
    spec = ContainerSpec(
        image=HTTP_IMAGE,
        environment=(),
        address="127.0.0.1",
        host_port=port,
        container_port=CONTAINER_PORT,
        limits=Limits(settings.memory, settings.cpu, settings.pids, settings.tmpfs_bytes),
        egress=settings.egress == "on",
        network=network,
    )
    return {"user": run_as(), "host_config": host_config(api, spec, float(os.cpu_count() or 1))}


@contextmanager
def _bridge(api: EngineClient) -> Iterator[None]:
    """A bridge as the controller makes them; gone at the end."""
    networks = Networks(_CONTROLLER)
    with networks.lock:
        networks.ensure(api, _NETWORK)
    try:
        yield
    finally:
        networks.remove(api, _NETWORK)


SCENARIO = Scenario("hardening", "What the sandbox costs at a start", (14,), run)
