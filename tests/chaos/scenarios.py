"""The scenarios. Each returns the figures it measured; a scenario that ends with something wrong raises."""

import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.chaos.ledger import Ledger
from tests.chaos.proxy import EngineProxy
from tests.chaos.servers import Servers
from tests.chaos.verdict import LABEL, settle
from tests.images.build import HTTP_IMAGE
from tests.testbed.engine import OwnEngine

SETTLE_LIMIT = 60.0
SLOW = 3.0
SLOW_FOR = 60.0


@dataclass(frozen=True)
class Chaos:
    """What every scenario gets."""

    engine: OwnEngine
    folder: Path
    dice: random.Random
    kills: int
    engine_kills: int
    hang: float
    playgrounds: int


@contextmanager
def system(chaos: Chaos, name: str, docker_host: str | None = None) -> Iterator[tuple[Servers, Ledger]]:
    """An API and a controller with a data folder of their own; at the end all is deleted, and nothing may be left."""
    servers = Servers(chaos.folder / name, docker_host or chaos.engine.host)
    servers.start_api()
    servers.start_controller()
    ledger = Ledger(servers.url)
    try:
        yield servers, ledger
        for number in sorted(ledger.wanted):
            ledger.delete(number)
        checked(chaos, ledger, "after deleting everything")
        with chaos.engine.client() as api:
            assert api.containers(all=True, filters={"label": LABEL}) == [], "containers are left"
    finally:
        servers.stop()


def checked(chaos: Chaos, ledger: Ledger, when: str) -> float:
    """Seconds until nothing was wrong. Raises when something stays wrong."""
    took, figures = settle(chaos.engine, ledger, SETTLE_LIMIT)
    assert figures.good, f"{when}, after {took:.0f} s: {figures}"
    return took


def controller_killed(chaos: Chaos) -> dict[str, object]:
    """kill -9 of the controller, again and again, under a load of creates and deletes."""
    with system(chaos, "controller-killed") as (servers, ledger), stirring(chaos, ledger):
        for _ in range(chaos.kills):
            time.sleep(chaos.dice.uniform(0.3, 2.0))
            servers.kill("controller-0")
            servers.start_controller()
        stirred = ledger.acknowledged
    with_load_gone = {"kills": chaos.kills, "acknowledged_writes": stirred}
    return with_load_gone | _all_good()


@contextmanager
def stirring(chaos: Chaos, ledger: Ledger) -> Iterator[None]:
    """Creates and deletes in the background; at the end the system has to come to what was asked for."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def load() -> None:
        while not stop.wait(chaos.dice.uniform(0.05, 0.4)):
            try:
                ledger.stir(chaos.dice, chaos.playgrounds // 2)
            except BaseException as error:
                errors.append(error)
                return

    thread = threading.Thread(target=load)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not errors, f"the load broke: {errors[0]!r}"
    checked(chaos, ledger, "after the load")


def engine_killed(chaos: Chaos) -> dict[str, object]:
    """SIGKILL of dockerd with playgrounds on it, again and again: all come back by themselves, once."""
    back = []
    with system(chaos, "engine-killed") as (_, ledger):
        for _ in range(chaos.playgrounds):
            ledger.create()
        checked(chaos, ledger, "at the start")
        for _ in range(chaos.engine_kills):
            chaos.engine.kill()
            api_answers(ledger)
            chaos.engine.start()
            back.append(checked(chaos, ledger, "after a kill of dockerd"))
    return {
        "kills": chaos.engine_kills,
        "playgrounds": chaos.playgrounds,
        "back_after_s_median": round(sorted(back)[len(back) // 2], 1),
        "back_after_s_worst": round(max(back), 1),
    } | _all_good()


def engine_hung(chaos: Chaos) -> dict[str, object]:
    """SIGSTOP of dockerd: the API goes on taking writes and health says so; all of them are done afterwards."""
    slowest, health = 0.0, []
    with system(chaos, "engine-hung") as (_, ledger):
        for _ in range(5):
            ledger.create()
        checked(chaos, ledger, "at the start")

        def meanwhile() -> None:
            nonlocal slowest
            for _ in range(5):
                began = time.monotonic()
                ledger.create()
                slowest = max(slowest, time.monotonic() - began)
            deadline = time.monotonic() + chaos.hang - 5
            while time.monotonic() < deadline and "degraded" not in health:
                health.append(requests.get(f"{ledger.url}/health/", timeout=10).json()["status"])
                time.sleep(1)

        chaos.engine.hang(chaos.hang, meanwhile)
        back = checked(chaos, ledger, "after the hang")
    assert "degraded" in health, "health/ never said that the engine does not answer"
    return {"hung_s": chaos.hang, "slowest_write_s": round(slowest, 3), "back_after_s": round(back, 1)} | _all_good()


def events_cut(chaos: Chaos) -> dict[str, object]:
    """The event stream cut while containers die and vanish: the resync after the reconnect finds it all."""
    proxy = EngineProxy(chaos.folder / "proxy.sock", chaos.engine.socket)
    cut, back = 0, []
    with system(chaos, "events-cut", proxy.host) as (_, ledger):
        for _ in range(10):
            ledger.create()
        checked(chaos, ledger, "at the start")
        for _ in range(5):
            cut += proxy.cut()
            with chaos.engine.client() as api:
                rows = api.containers(filters={"label": LABEL})
                for row in chaos.dice.sample(rows, 3):
                    api.remove_container(row["Id"], force=True)
            back.append(checked(chaos, ledger, "after a cut"))
    proxy.close()
    return {"streams_cut": cut, "removed": 15, "back_after_s_worst": round(max(back), 1)} | _all_good()


def engine_slow(chaos: Chaos) -> dict[str, object]:
    """Every call to dockerd held back for seconds, for a minute: what is asked for is done, once, only later."""
    proxy = EngineProxy(chaos.folder / "slow.sock", chaos.engine.socket)
    slowest = 0.0
    with system(chaos, "engine-slow", proxy.host) as (_, ledger):
        for _ in range(5):
            ledger.create()
        checked(chaos, ledger, "at the start")
        proxy.delay = SLOW
        ends = time.monotonic() + SLOW_FOR
        while time.monotonic() < ends:
            began = time.monotonic()
            ledger.stir(chaos.dice, 12)
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(SLOW)
        proxy.delay = 0.0
        back = checked(chaos, ledger, "after the minute")
    proxy.close()
    figures = {"held_back_s": SLOW, "for_s": SLOW_FOR, "slowest_write_s": round(slowest, 3)}
    return figures | {"back_after_s": round(back, 1)} | _all_good()


def strangers_on_ports(chaos: Chaos) -> dict[str, object]:
    """Processes and foreign containers grab ports of the range while playgrounds are made."""
    grabbed: list[socket.socket] = []
    with system(chaos, "strangers") as (_, ledger), chaos.engine.client() as api:
        for number in range(20):
            grabber = socket.socket()
            grabber.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                grabber.bind(("127.0.0.1", 20000 + 3 * number))
                grabber.listen()
                grabbed.append(grabber)
            except OSError:
                grabber.close()
            ledger.create()
        foreign = api.create_container(
            HTTP_IMAGE,
            name="a-stranger",
            ports=[7860],
            host_config=api.create_host_config(port_bindings={7860: ("127.0.0.1", 20100)}),
        )
        api.start(foreign["Id"])
        checked(chaos, ledger, "with strangers on ports")
        assert api.inspect_container("a-stranger")["State"]["Running"], "the stranger was touched"
        for grabber in grabbed:
            grabber.close()
        api.remove_container("a-stranger", force=True)
    return {"ports_grabbed": len(grabbed), "strangers_touched": 0} | _all_good()


def two_controllers(chaos: Chaos) -> dict[str, object]:
    """Two controllers on one database; the leader is stopped for longer than its lease and wakes up again."""
    back = []
    with system(chaos, "two-controllers") as (servers, ledger), stirring(chaos, ledger):
        servers.start_controller(1)
        time.sleep(3)
        for turn in range(10):
            name = f"controller-{turn % 2}"
            servers.signal(name, signal.SIGSTOP)
            began = time.monotonic()
            time.sleep(6)
            servers.signal(name, signal.SIGCONT)
            back.append(time.monotonic() - began)
        leads = sum(servers.log(f"controller-{number}").count('"event":"leading"') for number in (0, 1))
    writes = {"acknowledged_writes": ledger.acknowledged, "writes_put_off": ledger.put_off}
    return {"pauses": 10, "leaders": leads} | writes | _all_good()


def api_answers(ledger: Ledger) -> None:
    """While the engine is away the API answers reads."""
    assert len(ledger.records()) == len(ledger.wanted), "the API lost records while the engine was away"


def _all_good() -> dict[str, object]:
    """What `checked` made sure of."""
    zero: dict[str, object] = {"orphans": 0, "duplicates": 0, "lost_acknowledged_writes": 0}
    return zero


SCENARIOS: dict[str, Callable[[Chaos], dict[str, object]]] = {
    "controller-killed": controller_killed,
    "engine-killed": engine_killed,
    "engine-hung": engine_hung,
    "engine-slow": engine_slow,
    "events-cut": events_cut,
    "strangers-on-ports": strangers_on_ports,
    "two-controllers": two_controllers,
}
