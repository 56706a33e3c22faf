"""The observer asks for what matters and nothing else; what it cannot see is Unknown."""

from dataclasses import replace
from typing import Any

import pytest

from api.resources.desired import DesiredState
from api.resources.playground import Playground
from controller.builds.pool import BuildPool
from controller.domain.observed import (
    ContainerState,
    ImageState,
    Observed,
    ObservedContainer,
    Probe,
    ProbeVerdict,
    Unknown,
)
from controller.engine.errors import EngineUnavailable
from controller.loop.observer import Observer
from tests.loop.stubs import HandClock, StubEngine
from tests.loop.test_build_pool import Builds
from tests.planner.worlds import NOT_READY, NOW, POLICY, PORT, READY, after, current, failed, older, playground

EXITED = ContainerState.EXITED
P = playground()
UNPORTED = playground(port=None)
SERVED = playground(status=after(failed("x"), ready_run=current(P).run, probe_failures=2))


class Looks:
    """An observer on stand-ins; what it asked the engine, the prober and the host is counted."""

    def __init__(self, *containers: ObservedContainer, probe: Probe = READY) -> None:
        self.engine = StubEngine(*containers)
        self.probes: list[tuple[str, int, str]] = []
        self.timeouts: list[float] = []
        self.host_looks = 0
        self._probe = probe
        self.pool = BuildPool(Builds(), 1, HandClock(NOW), lambda uid: None)
        self.observer = Observer(
            engine=self.engine,
            builds=self.pool,
            policy=POLICY,
            clock=HandClock(NOW),
            probe=self._prober,
            taken_ports=self._taken_ports,
            probe_host="127.0.0.9",
        )

    def _prober(self, host: str, port: int, path: str, timeout: float) -> Probe:
        self.probes.append((host, port, path))
        self.timeouts.append(timeout)
        return self._probe

    def _taken_ports(self) -> frozenset[int]:
        self.host_looks += 1
        return self.engine.published_ports() | {22}

    def at(self, of: Playground) -> Observed:
        seen = self.observer.observe(DesiredState(playground=of))
        self.pool.close()
        return seen


CALLS: dict[str, tuple[Playground, tuple[ObservedContainer, ...], list[str], int]] = {
    "settled": (P, (current(P),), ["containers_of"], 1),
    "deleting": (playground(deleted_at=NOW), (current(P),), ["containers_of"], 0),
    "wanted stopped": (playground(state="Stopped"), (current(P),), ["containers_of"], 0),
    "no port": (UNPORTED, (), ["containers_of", "published_ports"], 0),
    "nothing there": (P, (), ["containers_of", "has_image"], 0),
    "an older one there": (P, (older(),), ["containers_of", "has_image"], 0),
    "created": (P, (current(P, state=ContainerState.CREATED),), ["containers_of"], 0),
    "ended, and that is news": (P, (current(P, state=EXITED),), ["containers_of", "log_tail"], 0),
    "ended, and that was told": (
        playground(status=after(failed(current(P).run))),
        (current(P, state=EXITED),),
        ["containers_of"],
        0,
    ),
    "ended long before it was asked for": (P, (current(P, state=EXITED, finished_at=NOW - 101),), ["containers_of"], 0),
}


@pytest.mark.parametrize("situation", CALLS)
def test_only_what_is_needed_is_asked(situation: str) -> None:
    of, containers, calls, probes = CALLS[situation]
    looks = Looks(*containers)
    looks.at(of)
    assert looks.engine.calls == calls
    assert len(looks.probes) == probes
    assert looks.host_looks == (1 if situation == "no port" else 0)


def test_the_probe_goes_to_the_reserved_port_with_the_specs_path() -> None:
    here = playground(readiness={"path": "/ready"})
    looks = Looks(current(here))
    assert looks.at(here).probe == READY
    assert looks.probes == [("127.0.0.9", PORT, "/ready")]


LOGS: dict[str, tuple[Playground, dict[str, Any], Probe, bool]] = {
    "time left": (P, {}, NOT_READY, False),
    "not served in time": (P, {"started_at": NOW - 60}, NOT_READY, True),
    "the last probe fails": (SERVED, {}, NOT_READY, True),
    "the last probe does not fail": (SERVED, {}, READY, False),
}


@pytest.mark.parametrize("case", LOGS)
def test_the_log_is_read_when_a_start_or_a_run_may_be_given_up(case: str) -> None:
    of, fields, probe, read = LOGS[case]
    seen = Looks(current(P, **fields), probe=probe).at(of)
    assert seen.log_tail == (("the last line",) if read else ())
    assert seen.probe.verdict is (ProbeVerdict.READY if probe is READY else ProbeVerdict.NOT_READY)


def test_what_is_there_and_what_is_not() -> None:
    looks = Looks()
    assert looks.at(P).image is ImageState.PRESENT
    looks = Looks()
    looks.engine.has = False
    assert looks.at(P).image is ImageState.ABSENT
    looks = Looks()
    looks.engine.ports = frozenset({8000})
    assert looks.at(UNPORTED).taken_ports == frozenset({22, 8000})


@pytest.mark.parametrize(
    ("call", "of", "part"),
    [("containers_of", P, "containers"), ("has_image", P, "image"), ("published_ports", UNPORTED, "taken_ports")],
)
def test_what_cannot_be_seen_is_unknown(call: str, of: Playground, part: str) -> None:
    looks = Looks()
    looks.engine.errors[call] = EngineUnavailable("no answer")
    assert getattr(looks.at(of), part) == Unknown("no answer")


def test_a_log_that_cannot_be_read_does_not_hide_the_end() -> None:
    looks = Looks(current(P, state=EXITED))
    looks.engine.errors["log_tail"] = EngineUnavailable("no answer")
    seen = looks.at(P)
    assert seen.log_tail == ()
    assert isinstance(seen.containers, tuple)


def test_only_the_containers_of_the_key_are_seen() -> None:
    seen = Looks(replace(older(), uid="another")).at(P)
    assert seen.containers == ()


@pytest.mark.parametrize(("started", "timeout"), [(0.5, 0.2), (1.5, 2.0), (3600.0, 2.0), (-60.0, 2.0)])
def test_who_has_just_been_started_is_asked_in_passing(started: float, timeout: float) -> None:
    looks = Looks(current(P, started_at=NOW - started))
    looks.at(P)
    assert looks.timeouts == [timeout]


def test_containers_that_are_known_are_not_looked_for() -> None:
    looks = Looks(current(P))
    seen = looks.observer.observe_these(DesiredState(playground=P), [current(P).id])
    assert seen.containers == (current(P),)
    assert looks.engine.calls == ["inspected"]
    looks.pool.close()
    looks.engine.errors["inspected"] = EngineUnavailable("no answer")
    assert isinstance(looks.observer.observe_these(DesiredState(playground=P), [current(P).id]).containers, Unknown)
