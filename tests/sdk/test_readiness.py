"""Waiting for playgrounds as resources: ready, gone, failed, too late."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from playground_sdk.errors import ConnectionFailedError, NotFoundError, StartFailedError, WaitTimeoutError
from playground_sdk.objects import Playground
from playground_sdk.readiness import Awaited, WaitFor, await_playgrounds, find_condition, waiting_for
from playground_sdk.wait import Progress
from tests.sdk.fake_clock import FakeClock

FAILURE = {
    "reason": "BuildFailed",
    "message": "no such package",
    "time": "2026-01-01T00:00:00Z",
    "logTail": ["one", "two"],
}


def playground(name: str, phase: str, *, ready: str = "False", seen: int = 1, **more: Any) -> Playground:
    condition = {
        **{"type": "Ready", "status": ready, "reason": "X", "message": f"{phase} now", "observedGeneration": seen},
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = {"phase": phase, "conditions": [condition], "observedGeneration": seen, "restarts": 0, "failures": 0}
    return cast(
        "Playground",
        {
            "metadata": {
                "name": name,
                "uid": f"uid-{name}",
                "generation": 1,
                "resourceVersion": "1",
                **more.pop("meta", {}),
            },
            "spec": {"state": "Running", **more.pop("spec", {})},
            "status": {**status, **more},
        },
    )


class World:
    """Answers with one state after the other, and then with the last one."""

    def __init__(self, *states: Mapping[str, Playground] | Exception) -> None:
        self.states = list(states)

    def __call__(self) -> Mapping[str, Playground]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state


def waited(
    clock: FakeClock, world: World, *names: str, condition: WaitFor = "Ready", timeout: float = 60, **more: Any
) -> dict[str, Awaited]:
    wanted = dict.fromkeys(names, "")
    return {one.name: one for one in await_playgrounds(world, wanted, condition, timeout=timeout, clock=clock, **more)}


def test_each_is_told_as_soon_as_it_is_decided(clock: FakeClock) -> None:
    starting, ready = playground("a", "starting"), playground("a", "running", ready="True")
    broken = playground("b", "failed", lastFailure=FAILURE)
    world = World({"a": starting, "b": broken}, {"a": ready, "b": broken})
    order = [one.name for one in await_playgrounds(world, {"a": "", "b": ""}, "Ready", timeout=9, clock=clock)]
    assert order == ["b", "a"]


def test_a_failure_carries_reason_and_log_lines(clock: FakeClock) -> None:
    error = waited(clock, World({"a": playground("a", "failed", lastFailure=FAILURE)}), "a")["a"].error
    assert isinstance(error, StartFailedError)
    assert str(error) == "Playground a has failed: BuildFailed: no such package"
    assert error.container["last_log_lines"] == ["one", "two"]
    assert clock.slept == []


def test_a_failure_of_an_older_spec_is_no_failure(clock: FakeClock) -> None:
    old = playground("a", "failed", seen=0, lastFailure=FAILURE)
    found = waited(clock, World({"a": old}, {"a": playground("a", "running", ready="True")}), "a")
    assert found["a"].error is None


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"a": playground("a", "stopped", spec={"state": "Stopped"})}, "a will not become ready: it is wanted stopped"),
        ({"a": playground("a", "deleting", meta={"deletionTimestamp": "2026"})}, "it is being deleted"),
        ({}, "There is no playground a"),
        ({"a": playground("a", "running", ready="True", meta={"uid": "other"})}, "There is no playground a"),
    ],
)
def test_what_will_never_be_ready_is_told_at_once(clock: FakeClock, state: dict[str, Playground], said: str) -> None:
    (found,) = await_playgrounds(World(state), {"a": "uid-a"}, "Ready", timeout=9, clock=clock)
    assert said in str(found.error)
    assert clock.slept == []


def test_gone_is_what_delete_waits_for(clock: FakeClock) -> None:
    found = waited(clock, World({"a": playground("a", "deleting")}, {}), "a", condition="delete")
    assert found == {"a": Awaited("a")}


def test_the_time_out_says_what_was_missing(clock: FakeClock) -> None:
    found = waited(clock, World({"a": playground("a", "starting")}), "a", timeout=7)
    assert isinstance(found["a"].error, WaitTimeoutError)
    assert str(found["a"].error) == "Playground a is not ready after 7 s: starting now"
    assert clock.now == 1007


def test_a_server_that_is_away_for_a_moment_does_no_harm(clock: FakeClock) -> None:
    gone = ConnectionFailedError("restarting")
    assert waited(clock, World(gone, gone, {"a": playground("a", "running", ready="True")}), "a")["a"].error is None
    with pytest.raises(ConnectionFailedError):
        waited(clock, World(gone), "a", timeout=600)
    assert clock.now < 1040


def test_changes_are_reported_once(clock: FakeClock) -> None:
    steps: list[Progress] = []
    same = {"a": playground("a", "starting")}
    world = World({"a": playground("a", "building")}, same, same, {"a": playground("a", "running", ready="True")})
    waited(clock, world, "a", on_progress=steps.append)
    assert [(step.stage, step.message) for step in steps] == [
        ("building", "a: building now"),
        ("starting", "a: starting now"),
    ]


def test_a_condition_of_an_older_spec_is_unknown() -> None:
    assert find_condition(playground("a", "running", ready="True", seen=0), "Ready") == "Unknown"
    assert waiting_for(playground("a", "starting", message="told by the server")) == "told by the server"
    assert isinstance(NotFoundError("x", status_code=404, detail=None), Exception)
