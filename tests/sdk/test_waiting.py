"""A waiting create: what it tells, how it ends, and how long it takes on a clock of our own."""

from collections.abc import Callable
from typing import Any

import pytest

from playground_sdk import (
    AgentClient,
    BuildCancelledError,
    BuildFailedError,
    ConnectionFailedError,
    NotFoundError,
    Progress,
    RateLimitError,
    StartFailedError,
    WaitTimeoutError,
)
from playground_sdk.wait import await_build
from tests.sdk.fake_clock import FakeClock
from tests.sdk.recorder import Agent, Reply

CREATED = Reply(202, {"build_id": "b1", "status": "requested", "name": "hello"})
RUNNING = {"id": "abc", "status": "running", "name": "hello", "image": "i", "endpoint": "http://127.0.0.1:7860"}


def test_progress_is_told_once_for_each_change_and_in_order(agent: Agent, client: AgentClient) -> None:
    condition = {"type": "ImageBuilt", "status": "False", "reason": "Building", "message": "step 3 of 5"}
    agent.answers(
        CREATED,
        {"status": "pending", "message": "Waits for a build slot."},
        {"status": "pending", "message": "Waits for a build slot."},
        {"status": "building", "conditions": [condition]},
        {"status": "starting", "message": "The container runs; the app does not answer yet."},
        {"status": "completed", "result": RUNNING},
    )
    steps: list[Progress] = []
    assert client.create_container("a@1", on_progress=steps.append) == RUNNING
    assert [(step.stage, step.message) for step in steps] == [
        ("pending", "Waits for a build slot."),
        ("building", "step 3 of 5"),
        ("starting", "The container runs; the app does not answer yet."),
        ("completed", "completed"),
    ]
    assert steps[1].conditions[0]["reason"] == "Building"
    assert {step.build_id for step in steps} == {"b1"}
    assert [step.elapsed for step in steps] == sorted(step.elapsed for step in steps)
    assert steps[0].status == "pending"
    assert agent.lines() == ["POST /containers/", *["GET /builds/b1/"] * 5]


def test_it_asks_fast_at_first_and_every_two_seconds_in_the_end(
    agent: Agent, client: AgentClient, clock: FakeClock
) -> None:
    agent.answers(*[{"status": "building"}] * 12, {"status": "completed", "result": RUNNING})
    client.wait_for_build("b1")
    assert clock.slept[:3] == pytest.approx([0.1, 0.15, 0.225])
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == 2.0


def test_a_restart_shows(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(200, {"build_id": "b1", "restarted": True}), {"status": "completed", "result": dict(RUNNING)})
    assert client.create_container("a@1")["restarted"] is True
    agent.answers(Reply(202, {"build_id": "b2"}), {"status": "completed", "result": {**RUNNING, "restarted": True}})
    assert client.create_container("a@1")["restarted"] is True
    agent.answers(Reply(202, {"build_id": "b3"}), {"status": "completed", "result": dict(RUNNING)})
    assert "restarted" not in client.create_container("a@1")


def test_a_reply_without_a_build_is_returned(agent: Agent, client: AgentClient) -> None:
    agent.answers({**RUNNING, "restarted": True})
    assert client.create_container("a@1") == {**RUNNING, "restarted": True}
    assert len(agent.sent) == 1


@pytest.mark.parametrize(("status", "kind"), [("failed", BuildFailedError), ("cancelled", BuildCancelledError)])
def test_a_build_that_ended_badly_fails_at_once(
    agent: Agent, client: AgentClient, clock: FakeClock, status: str, kind: type[Exception]
) -> None:
    text = "The app raised at import.\nTraceback (most recent call last):\nZeroDivisionError: division by zero"
    agent.answers(CREATED, {"status": "building"}, {"status": status, "error": text}, {"status": "never asked"})
    steps: list[Progress] = []
    with pytest.raises(kind) as caught:
        client.create_container("a@1", on_progress=steps.append)
    assert text in str(caught.value)
    assert caught.value.__dict__["log_lines"][-1] == "ZeroDivisionError: division by zero"
    assert steps[-1].stage == status
    assert clock.slept == [0.1]
    assert agent.left == 1


def test_a_time_out_says_what_was_waited_for(agent: Agent, client: AgentClient, clock: FakeClock) -> None:
    message = "No free host port in 7860-8860; waits until one is released."
    agent.answers(CREATED, *[{"status": "pending", "message": message}] * 40)
    began = clock.now
    with pytest.raises(WaitTimeoutError, match="No free host port") as caught:
        client.create_container("a@1", timeout=30)
    assert clock.now - began == pytest.approx(30)
    assert caught.value.waiting_for == message
    assert caught.value.detail == {"status": "pending", "message": message}
    assert isinstance(caught.value, TimeoutError)


def test_a_time_out_of_nothing_asks_once(agent: Agent, client: AgentClient) -> None:
    agent.answers({"status": "building"})
    with pytest.raises(WaitTimeoutError, match="building"):
        client.wait_for_build("b1", timeout=0)
    assert len(agent.sent) == 1


def scripted(*outcomes: Any) -> Callable[[], Any]:
    """A fetch that returns, or raises, one outcome after the other; the last for ever."""
    left = list(outcomes)

    def fetch() -> Any:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return fetch


def test_a_server_that_restarts_meanwhile_is_waited_for(clock: FakeClock) -> None:
    gone = ConnectionFailedError("refused")
    steps: list[Progress] = []
    fetch = scripted({"status": "building"}, gone, gone, {"status": "completed", "result": RUNNING})
    assert await_build(fetch, "b1", timeout=60, on_progress=steps.append, clock=clock)["result"] == RUNNING
    assert [step.stage for step in steps] == ["building", "unreachable", "completed"]
    assert "refused" in steps[1].message


def test_others_that_ask_too_often_with_the_same_token_do_not_end_the_wait(clock: FakeClock) -> None:
    often = RateLimitError("The token 'ci' asks too often.", status_code=429, detail=None)
    fetch = scripted({"status": "building"}, often, often, {"status": "completed", "result": RUNNING})
    assert await_build(fetch, "b1", timeout=60, on_progress=None, clock=clock)["result"] == RUNNING


def test_a_server_that_stays_away_is_given_up(clock: FakeClock) -> None:
    began = clock.now
    fetch = scripted({"status": "building"}, ConnectionFailedError("refused"))
    with pytest.raises(ConnectionFailedError):
        await_build(fetch, "b1", timeout=600, on_progress=None, clock=clock)
    assert 30 < clock.now - began < 40


def test_an_unknown_build_is_not_waited_for(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(404, {"detail": "no such build"}))
    with pytest.raises(NotFoundError):
        client.wait_for_build("b1")


def test_waiting_for_a_status(agent: Agent, client: AgentClient) -> None:
    agent.answers({"status": "starting"}, {"status": "running", "id": "x"})
    assert client.wait_for_status("hello", "running") == {"status": "running", "id": "x"}


@pytest.mark.parametrize("last", [Reply(404, {"detail": "gone"}), Reply(data={"status": "deleted"})])
def test_waiting_for_a_deletion(agent: Agent, client: AgentClient, last: Reply) -> None:
    agent.answers({"status": "failed"}, {"status": "deleting"}, last)
    result = client.wait_for_status("hello", "deleted")
    assert result is None or result["status"] == "deleted"
    assert agent.left == 0


def test_a_status_never_reached_because_it_failed(agent: Agent, client: AgentClient) -> None:
    agent.answers({"status": "failed", "last_error": "exit code 1"})
    with pytest.raises(StartFailedError, match="hello has failed: exit code 1"):
        client.wait_for_status("hello", "running")
