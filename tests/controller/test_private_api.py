"""The private port over a real socket."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from api.clock import SystemClock
from api.store import Store
from controller import private_api
from controller.builds.build_logs import BuildLogs
from controller.domain.observed import ContainerState, StrangersContainer
from controller.domain.plan import Plan, Situation
from controller.engine.breaker import FAILURES_TO_OPEN, BreakerEngine
from controller.engine.errors import EngineUnavailable, NotFound
from controller.loop.leader import Leader
from controller.private_api import PrivateApi
from tests.loop.stubs import StubEngine
from tests.planner.worlds import container

TOKEN = "the-controllers-token"
UID = "0123456789ab"


class DryRuns:
    """Stands in for the reconciler."""

    def dry_run(self, uid: str) -> Plan | None:
        return Plan(Situation.SERVING) if uid == UID else None


class Collector:
    """Stands in for the collector."""

    def plan(self) -> tuple[str, ...]:
        return ("RemoveImage a:1, unused",)

    def run(self, claim: object) -> int:
        return 1


class Port:
    """The port, and a client for it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.engine = StubEngine()
        self.breaker = BreakerEngine(self.engine)
        self.logs = BuildLogs(folder)
        self.leader = Leader(store, "one", 100.0, SystemClock())
        fields: dict[str, Any] = {
            "engine": self.breaker,
            "build_logs": self.logs,
            "leader": self.leader,
            "reconciler": cast(Any, DryRuns()),
            "collector": cast(Any, Collector()),
            "token": TOKEN,
            "strangers": lambda: (StrangersContainer("c" * 64, "theirs", "nginx:1", "running"),),
        }
        self.server = private_api.serve(PrivateApi(**fields), 0)

    def ask(self, path: str, authorization: str | None = f"Bearer {TOKEN}", method: str = "GET") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        headers = {} if authorization is None else {"Authorization": authorization}
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    store = Store.open(f"sqlite:///{tmp_path / 'playground.db'}")
    store.migrate()
    port = Port(store, tmp_path / "builds")
    yield port
    port.server.shutdown()
    port.server.server_close()
    store.close()


@pytest.mark.parametrize("authorization", [None, "", TOKEN, "Bearer wrong", f"bearer {TOKEN}", "Bearer \xff"])
def test_without_the_token_nothing_is_told(port: Port, authorization: str | None) -> None:
    for path in ("/healthz", f"/logs/{UID}", "/nowhere"):
        status, body = port.ask(path, authorization)
        assert status == 401
        assert b"needs the controller's token" in body


def test_health(port: Port) -> None:
    assert orjson.loads(port.ask("/healthz")[1]) == {"engine": {"status": "ok"}, "leading": False}
    port.leader.attempt()
    port.engine.errors["ping"] = EngineUnavailable("no answer")
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(EngineUnavailable):
            port.breaker.ping()
    status, body = port.ask("/healthz/")
    assert status == 200
    assert orjson.loads(body) == {"engine": {"status": "unavailable", "message": "no answer"}, "leading": True}


def test_the_log_of_the_container_that_runs_or_ran_last(port: Port) -> None:
    with port.logs.write(UID) as write_line:
        write_line("built")
    assert port.ask(f"/logs/{UID}") == (200, b"built\n"), "before anything has started"
    port.engine.containers = [container(state=ContainerState.CREATED, started_at=None)]
    assert port.ask(f"/logs/{UID}") == (200, b"built\n")
    port.engine.containers = [container()]
    assert port.ask(f"/logs/{UID}?tail=5") == (200, b"the last line\n")
    port.engine.errors["log_tail"] = NotFound("gone meanwhile")
    assert port.ask(f"/logs/{UID}") == (200, b"built\n")


def test_no_log_and_an_engine_that_is_silent(port: Port) -> None:
    status, body = port.ask(f"/logs/{UID}")
    assert (status, b"no log" in body) == (404, True)
    port.engine.errors["containers_of"] = EngineUnavailable("no answer")
    status, body = port.ask(f"/logs/{UID}")
    assert (status, orjson.loads(body)) == (409, {"detail": "no answer"})


@pytest.mark.parametrize("tail", ["-1", "x", "1.5", "%C2%B2", "9" * 5000, "1%0A", "+1"])
def test_a_tail_that_is_no_number_of_lines(port: Port, tail: str) -> None:
    status, body = port.ask(f"/logs/{UID}?tail={tail}")
    assert (status, b"`tail` is a number of lines" in body) == (422, True)


def test_tails_that_are(port: Port) -> None:
    with port.logs.write(UID) as write_line:
        for number in range(200):
            write_line(str(number))
    counts = {tail: port.ask(f"/logs/{UID}?tail={tail}")[1].count(b"\n") for tail in ("0", "1", "", "999999999")}
    assert counts == {"0": 0, "1": 1, "": 100, "999999999": 200}


@pytest.mark.parametrize("path", ["/", "/logs", "/logs/", "/logs/../token", "/logs/a.b", "/healthz/x", "/gc", "//"])
def test_there_is_nothing_else(port: Port, path: str) -> None:
    assert port.ask(path)[0] == 404


def test_plan_and_garbage(port: Port) -> None:
    assert orjson.loads(port.ask(f"/plan/{UID}")[1]) == {"plan": "Serving"}
    assert port.ask("/plan/other")[0] == 404
    dry = {"plan": ["RemoveImage a:1, unused"], "removed": 0}
    assert orjson.loads(port.ask("/gc?dry_run=1", method="POST")[1]) == dry
    assert port.ask("/gc", method="POST")[0] == 409, "this one does not lead"
    port.leader.attempt()
    assert orjson.loads(port.ask("/gc", method="POST")[1]) == dry | {"removed": 1}


def test_others_containers(port: Port) -> None:
    status, body = port.ask("/strangers")
    theirs = {"id": "c" * 64, "name": "theirs", "image": "nginx:1", "status": "running"}
    assert (status, orjson.loads(body)) == (200, [theirs])
