"""Logs and plans over the controller's private port: the real port and the real API, a stand-in for the engine."""

import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from starlette.testclient import TestClient

from api.clock import SystemClock
from api.http.app import create_app
from api.http.controller_client import ControllerClient
from api.resources.desired import DesiredState
from api.resources.log_position import LogPosition, parse_since
from controller import private_api
from controller.builds.build_logs import BuildLogs
from controller.domain.container_spec import Limits
from controller.domain.observed import BuildInProgress, ContainerState, Observed, ObservedContainer
from controller.engine.errors import EngineUnavailable, NotFound
from controller.logs.kept_logs import Caps, KeptLogs
from controller.logs.lines import LogLine, Span
from controller.logs.reader import LogReader
from controller.metrics import ControllerMetrics
from controller.planner import Policy, View, plan
from controller.private_api import PrivateApi
from tests.api.conftest import TOKEN, Api
from tests.planner.worlds import container
from tests.v1.conftest import Put

SECRET = "controller-token"
SECOND = 10**9
POLICY = Policy("one", "base/recipe", "127.0.0.1", "play.example", Limits(2**30, 2.0, 256, 2**20))


@dataclass
class Engine:
    """Containers with logs; following one ends when `ended` is set."""

    containers: list[ObservedContainer] = field(default_factory=list)
    logs: dict[str, list[LogLine]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)
    broken: bool = False

    def containers_of(self, _uid: str) -> tuple[ObservedContainer, ...]:
        return tuple(self.containers)

    def lines(self, container: str, span: Span, *, follow: bool = False) -> Iterator[LogLine | None]:
        if container not in self.logs:
            raise NotFound(container)
        found = [
            line
            for line in self.logs[container]
            if line.at > span.after and (span.until is None or line.at <= span.until)
        ]
        yield from found if span.tail is None else found[max(0, len(found) - span.tail) :]
        if self.broken:
            raise EngineUnavailable("it went away")
        if follow:
            yield None
            self.ended.wait(10)
            yield LogLine(99 * SECOND, "last words")


class Builds:
    """A build that runs until it is told otherwise."""

    running = False

    def look(self, _uid: str) -> BuildInProgress | None:
        return BuildInProgress("app:1", 0.0) if self.running else None


class Plans:
    """The planner over a machine where nothing runs yet."""

    def __init__(self, api: Api) -> None:
        self.store = api.store

    def plan_for(self, desired: DesiredState) -> Any:
        return plan(View(desired, Observed(containers=()), 0.0, POLICY))


@dataclass
class World:
    """Both processes' ends."""

    engine: Engine
    build_logs: BuildLogs
    builds: Builds
    kept: KeptLogs
    client: TestClient
    port: int


@pytest.fixture
def world(api: Api, put: Put, tmp_path: Path) -> Iterator[World]:
    engine, builds, build_logs = Engine(), Builds(), BuildLogs(tmp_path / "logs" / "builds")
    clock = SystemClock()
    kept = KeptLogs(tmp_path / "logs" / "containers", engine, clock, Caps(files_per_playground=2, lines=3))
    metrics = ControllerMetrics(api.store, range(7860, 7870), clock)
    metrics.watch_queue(lambda: 3, lambda: 7)
    metrics.note_pass("success", 0.01)
    with metrics.measure_call("listing"):
        pass
    reader = LogReader(cast(Any, engine), engine, build_logs, cast(Any, builds), kept, clock)
    fields: dict[str, Any] = {
        "engine": engine,
        "build_logs": build_logs,
        "leader": None,
        "reconciler": Plans(api),
        "collector": None,
        "token": SECRET,
        "log_reader": reader,
        "metrics": metrics.text,
    }
    server = private_api.serve(PrivateApi(**fields), 0)
    put()
    deps = replace(api.deps, controller=ControllerClient(server.server_port, SECRET))
    with TestClient(create_app(deps), headers={"Authorization": TOKEN}) as client:
        yield World(engine, build_logs, builds, kept, client, server.server_port)
    engine.ended.set()
    server.shutdown()
    server.server_close()


def run(world: World, name: str = "c1", **fields: Any) -> ObservedContainer:
    """A container that printed three lines, at 1, 2 and 3 s."""
    made = container(name, id=name, **{"started_at": 1.0, "created_at": 0.5, **fields})
    world.engine.containers.append(made)
    world.engine.logs[name] = [LogLine(at * SECOND, f"{name} line {at}") for at in (1, 2, 3)]
    return made


def log(world: World, query: str = "", accept: str = "application/jsonl") -> Any:
    return world.client.get(f"/v1/playgrounds/hello/log{query}", headers={"Accept": accept})


def messages(reply: Any) -> list[dict[str, str]]:
    assert reply.status_code == 200, reply.text
    return [orjson.loads(line) for line in reply.text.splitlines()]


def test_before_anything_has_started_there_is_none_then_the_build(world: World) -> None:
    assert log(world).status_code == 404
    with world.build_logs.write(uid_of(world)) as write_line:
        write_line("step 1")
        write_line("step 2")
    assert log(world, accept="text/plain").text == "step 1\nstep 2\n"
    assert log(world, "?build=true&since=1", "text/plain").text == "step 2\n"
    assert log(world, "?build=true&tail=1", "text/plain").text == "step 2\n"


def test_a_build_is_followed_to_its_end(world: World) -> None:
    world.builds.running = True
    with world.build_logs.write(uid_of(world)) as write_line:
        write_line("step 1")

        def finish() -> None:
            write_line("step 2")
            world.builds.running = False

        timer = threading.Timer(0.3, finish)
        timer.start()
        told = messages(log(world, "?build=true&follow=true"))
        timer.join()
    assert [message.get("line") for message in told] == ["step 1", "step 2", None]
    assert told[-1] == {"type": "end", "reason": "The build has ended."}


def test_lines_have_places_to_go_on_from(world: World) -> None:
    run(world)
    told = messages(log(world))
    assert [message["type"] for message in told] == ["log", "log", "log", "end"]
    assert told[1]["at"] == "1970-01-01T00:00:02.000000000Z"
    rest = messages(log(world, f"?since={told[1]['at']}"))
    assert [message.get("line") for message in rest] == ["c1 line 3", None]
    assert log(world, "?tail=1", "text/plain").text == "c1 line 3\n"
    events = log(world, "?tail=1", "text/event-stream").text
    assert events.startswith("id: 1970-01-01T00:00:03.000000000Z\nevent: log\ndata: {")
    assert "event: end\n" in events


def test_following_ends_with_an_end_and_beats_in_between(world: World) -> None:
    run(world)
    timer = threading.Timer(0.2, world.engine.ended.set)
    timer.start()
    told = messages(log(world, "?follow=true&tail=1"))
    timer.join()
    assert [message["type"] for message in told] == ["log", "heartbeat", "log", "end"]
    assert told[-1]["reason"] == "The container has ended."


def test_an_engine_that_goes_away_is_told_as_the_end(world: World) -> None:
    run(world)
    world.engine.broken = True
    assert messages(log(world))[-1] == {"type": "end", "reason": "The log broke off: it went away"}


def test_the_run_before_and_the_container_before(world: World) -> None:
    run(world, "c1", started_at=2.5, finished_at=2.2, state=ContainerState.RUNNING)
    assert log(world, accept="text/plain").text == "c1 line 3\n"
    assert log(world, "?previous=true", "text/plain").text == "c1 line 1\nc1 line 2\n"
    world.engine.containers.clear()
    run(world, "old", state=ContainerState.EXITED, started_at=0.9, finished_at=4.0)
    run(world, "new", started_at=10.0)
    assert log(world, "?previous=true", "text/plain").text == "old line 1\nold line 2\nold line 3\n"


def test_what_a_container_printed_is_kept_when_it_goes(world: World) -> None:
    made = run(world)
    uid = uid_of(world)
    world.engine.logs["c1"].append(LogLine(4 * SECOND, "the end"))
    world.kept.keep(uid, made.id)
    world.engine.containers.clear()
    world.engine.logs.clear()
    told = messages(log(world))
    assert [message.get("line") for message in told[-2:]] == ["the end", None]
    assert "kept" in told[-1]["reason"]
    assert log(world, "?previous=true&tail=1", "text/plain").text == "the end\n"
    world.kept.keep(uid, "gone")  # nothing to keep, and nothing to fail of
    for number in range(4):
        run(world, f"n{number}")
        world.kept.keep(uid, f"n{number}")
    assert len(list((world.kept.folder / uid).glob("*.log"))) == 2
    tight = replace(world.kept, caps=Caps(total_bytes=1))
    assert tight.prune() == 2
    assert list(world.kept.folder.iterdir()) == []


@pytest.mark.parametrize(
    "query",
    ["?since=soon", "?tail=x", "?follow=1", "?previous=true&build=true", "?nonsense=1", "?since=2026-99-01T00:00:00Z"],
)
def test_queries_that_do_not_fit(world: World, query: str) -> None:
    assert log(world, query).status_code == 422


def test_without_a_controller_it_is_said(client: TestClient, put: Put) -> None:
    put()
    reply = client.get("/v1/playgrounds/hello/log")
    assert reply.status_code == 409
    assert "Is 'playground-server controller' running?" in reply.json()["detail"]


def test_a_dry_run_shows_the_plan_that_the_reconciler_would_make(world: World) -> None:
    body = {"spec": {"params": {"a": 1}}}
    reply = world.client.patch("/v1/playgrounds/hello?dryRun=All", json=body).json()
    assert reply["result"] == "configured"
    assert reply["plan"] == {
        "situation": "PortNeeded",
        "actions": ["ReserveHostPort, no port is reserved yet"],
        "text": "PortNeeded\n[1] ReserveHostPort, no port is reserved yet",
    }


def test_the_private_port_has_probes_and_metrics_without_a_token(world: World) -> None:
    def get(path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=10)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    assert get("/livez") == (200, '{"status":"ok"}')
    assert get("/readyz") == (200, '{"status":"ok"}')
    status, text = get("/metrics")
    assert status == 200
    assert 'controller_runtime_reconcile_total{controller="playground",result="success"} 1.0' in text
    assert 'workqueue_depth{name="playground"} 3.0' in text
    assert 'workqueue_adds_total{name="playground"} 7.0' in text
    assert 'playground_engine_calls_total{method="listing",result="ok"} 1.0' in text
    assert get("/healthz")[0] == 401


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("12", LogPosition(lines=12)),
        ("1970-01-01T00:00:02Z", LogPosition(2 * SECOND)),
        ("1970-01-01T01:00:02.000000001+01:00", LogPosition(2 * SECOND + 1)),
        ("10s", LogPosition(90 * SECOND)),
        ("1h", LogPosition(0)),
    ],
)
def test_places_in_logs(text: str, position: LogPosition) -> None:
    assert parse_since(text, 100.0) == position
    assert parse_since(str(position), 0.0) == position or position == LogPosition()


def uid_of(world: World) -> str:
    return str(world.client.get("/v1/playgrounds/hello").json()["metadata"]["uid"])
