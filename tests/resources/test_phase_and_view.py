"""Conditions merged, the phase computed from them, and the container dict that clients read."""

from typing import Any

import pytest

from api.resources.agent_view import container_detail, container_view, message
from api.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, find, is_true, merge
from api.resources.phase import Health, Phase, health, phase
from api.resources.playground import Failure, Metadata, Playground, PlaygroundSpec, PlaygroundStatus

T, F, U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
READY, BUILT, STARTED = ConditionType.READY, ConditionType.IMAGE_BUILT, ConditionType.CONTAINER_STARTED


def condition(
    type_: ConditionType,
    status: ConditionStatus,
    reason: Reason,
    *,
    generation: int = 1,
    at: float = 0.0,
    text: str = "",
) -> Condition:
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=text,
        observed_generation=generation,
        last_transition_time=at,
    )


def playground(*conditions: Condition, deleting: bool = False, generation: int = 1, **spec: Any) -> Playground:
    metadata = Metadata(
        id=7,
        uid="abc",
        name="hello",
        labels={"gradio": "", "team": "vision"},
        annotations={"by": "admin"},
        generation=generation,
        created_at=1.0,
        updated_at=2.0,
        deletion_requested_at=3.0 if deleting else None,
    )
    wanted = {"plugin_release": "hello@1.0.0", **spec}
    return Playground(
        metadata=metadata, spec=PlaygroundSpec(**wanted), status=PlaygroundStatus(conditions=conditions), host_port=7860
    )


def ready(reason: Reason, status: ConditionStatus = F, **fields: Any) -> Condition:
    return condition(READY, status, reason, **fields)


PHASES: list[tuple[Playground, Phase, Health]] = [
    (playground(), Phase.REQUESTED, Health.UNKNOWN),
    (playground(ready(Reason.SERVING, T), deleting=True), Phase.DELETING, Health.UNKNOWN),
    (playground(ready(Reason.SERVING, T), generation=2), Phase.REQUESTED, Health.UNKNOWN),
    (playground(ready(Reason.SERVING, T)), Phase.RUNNING, Health.HEALTHY),
    (playground(ready(Reason.UNHEALTHY)), Phase.UNHEALTHY, Health.UNHEALTHY),
    (playground(ready(Reason.CONTAINER_EXITED)), Phase.FAILED, Health.UNKNOWN),
    (
        playground(ready(Reason.ROLLED_BACK), condition(STARTED, T, Reason.CONTAINER_STARTED)),
        Phase.FAILED,
        Health.UNKNOWN,
    ),
    (playground(ready(Reason.STOPPED), state="Stopped"), Phase.STOPPED, Health.UNKNOWN),
    (playground(ready(Reason.STARTING), state="Stopped"), Phase.STOPPED, Health.UNKNOWN),
    (
        playground(ready(Reason.STARTING), condition(STARTED, T, Reason.CONTAINER_STARTED), state="Stopped"),
        Phase.RUNNING,
        Health.UNKNOWN,
    ),
    (playground(ready(Reason.BUILDING), condition(BUILT, F, Reason.BUILDING)), Phase.BUILDING, Health.UNKNOWN),
    (playground(ready(Reason.STARTING), condition(BUILT, T, Reason.BUILT)), Phase.STARTING, Health.UNKNOWN),
    (playground(ready(Reason.NO_FREE_PORT), condition(BUILT, T, Reason.BUILT)), Phase.REQUESTED, Health.UNKNOWN),
    (playground(ready(Reason.PENDING)), Phase.REQUESTED, Health.UNKNOWN),
]


@pytest.mark.parametrize("row", range(len(PHASES)))
def test_phase(row: int) -> None:
    resource, word, probe = PHASES[row]
    assert phase(resource) is word
    assert health(resource) is (Health.HEALTHY if word is Phase.RUNNING else probe)


def test_every_phase_of_a_living_record_is_in_the_table() -> None:
    assert {word for _, word, _ in PHASES} == set(Phase) - {Phase.DELETED}


def test_merge_keeps_what_was_not_looked_at_and_the_time_of_the_last_turn() -> None:
    before = (
        condition(READY, F, Reason.STARTING, at=1.0, text="waiting"),
        condition(BUILT, T, Reason.BUILT, at=2.0),
    )
    seen = (
        condition(READY, F, Reason.TIMED_OUT, at=9.0, generation=2),
        condition(STARTED, T, Reason.CONTAINER_STARTED, at=9.0),
    )
    merged = merge(before, seen)
    assert [found.type for found in merged] == [BUILT, STARTED, READY]
    assert merged[0] == before[1]
    assert (merged[2].reason, merged[2].last_transition_time, merged[2].observed_generation) == (
        Reason.TIMED_OUT,
        1.0,
        2,
    )
    turned = merge(merged, (condition(READY, T, Reason.SERVING, at=10.0),))
    assert turned[2].last_transition_time == 10.0
    assert merge(turned, ()) == turned
    unknown = merge(turned, (condition(READY, U, Reason.STARTING, at=11.0),))
    assert not is_true(unknown, READY)
    assert find((), READY) is None


def test_the_container_dict() -> None:
    resource = playground(ready(Reason.SERVING, T), model=0)
    status = resource.status.model_copy(
        update={"container_id": "c" * 64, "image": "app:1", "endpoint": "http://h:7860", "container_name": "p-x"}
    )
    resource = resource.model_copy(update={"status": status})
    assert container_view(resource, restarted=True) == {
        "id": "c" * 64,
        "record_id": 7,
        "uid": "abc",
        "name": "hello",
        "status": "running",
        "health": "healthy",
        "image": "app:1",
        "endpoint": "http://h:7860",
        "kind": "plugin_runtime",
        "plugin_release": "hello@1.0.0",
        "model": 0,
        "host_port": 7860,
        "labels": ["gradio", "team=vision"],
        "metadata": {"by": "admin"},
        "message": "Serving.",
        "restarts": 0,
        "created_at": "1970-01-01T00:00:01.000Z",
        "updated_at": "1970-01-01T00:00:02.000Z",
        "restarted": True,
    }
    assert "restarted" not in container_view(resource)
    assert container_view(playground())["id"] == "abc", "the uid until there is a container"


def test_values_of_the_environment_are_never_shown() -> None:
    secret = "hunter2-very-secret"
    resource = playground(envs={"TOKEN": secret, "A": secret}, plugin={"digest": "sha256:x", "env": {"KEY": secret}})
    detail = container_detail(resource)
    assert secret not in repr(detail)
    attrs = detail["attrs"]
    assert isinstance(attrs, dict)
    assert attrs["Config"] == {"Image": None, "EnvNames": ["A", "TOKEN"]}


def test_the_detail_tells_the_last_failure() -> None:
    failure = Failure(
        reason=Reason.OUT_OF_MEMORY, message="Killed.", at=1.0, exit_code=137, oom_killed=True, log_tail=("a", "b")
    )
    resource = playground(ready(Reason.OUT_OF_MEMORY, text="Killed."))
    status = resource.status.model_copy(update={"last_failure": failure, "next_attempt_at": 4.0, "restarts": 3})
    detail = container_detail(resource.model_copy(update={"status": status}))
    told = {name: detail[name] for name in ("last_error", "last_exit_code", "oom_killed", "last_log_lines", "restarts")}
    assert told == {
        "last_error": "Killed.",
        "last_exit_code": 137,
        "oom_killed": True,
        "last_log_lines": ["a", "b"],
        "restarts": 3,
    }
    assert detail["next_attempt_at"] == "1970-01-01T00:00:04.000Z"
    assert container_detail(playground())["last_error"] is None


def test_the_message_says_what_is_waited_for() -> None:
    assert message(playground()) == "Waiting for the controller to see the request."
    assert (
        message(playground(ready(Reason.SERVING, T), generation=2)) == "Waiting for the controller to see the request."
    )
    assert message(playground(deleting=True)) == "Waiting for the container to be gone."
    assert message(playground(ready(Reason.NO_FREE_PORT, text="No free port."))) == "No free port."
    assert message(playground(ready(Reason.SERVING, T))) == "Serving."
