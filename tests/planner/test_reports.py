"""What a pass reports: conditions, status and events, for each situation."""

from collections.abc import Iterable

import pytest

from api.resources.conditions import Condition, Reason, is_true
from api.resources.desired import Report
from api.resources.event import EventType
from api.resources.phase import Phase, phase
from controller.domain.observed import ContainerState
from controller.domain.plan import Situation
from controller.planner import View, plan
from controller.planner.failures import exit_text, failure_text
from tests.planner.table import TABLE
from tests.planner.worlds import (
    ABSENT,
    NOT_READY,
    NOW,
    PRESENT,
    READY,
    building,
    built,
    current,
    older,
    playground,
    reported,
    told,
    view,
)

EXITED, CREATED = ContainerState.EXITED, ContainerState.CREATED
P = playground()
SERVING = view(P, current(P), probe=READY)
STOP = playground(state="Stopped")
UNPORTED = playground(port=None)


def shown(conditions: Iterable[Condition]) -> list[str]:
    """`+Type Reason` for what holds, `-Type Reason` for what does not."""
    return [f"{'+' if is_true([c], c.type) else '-'}{c.type} {c.reason}" for c in conditions]


def reasons(said: Report) -> list[str]:
    return [event.reason.value for event in said.events]


CONDITIONS: dict[str, tuple[View, list[str], Phase]] = {
    "port needed": (
        view(UNPORTED),
        ["+Accepted Accepted", "-ContainerStarted NotStarted", "-Ready Pending"],
        Phase.REQUESTED,
    ),
    "building": (
        view(P, image=ABSENT, build=building(P, "step 2")),
        [
            "+Accepted Accepted",
            "-ImageBuilt Building",
            "+PortReserved PortReserved",
            "-ContainerStarted NotStarted",
            "-Ready Building",
        ],
        Phase.BUILDING,
    ),
    "build failed": (
        view(P, image=ABSENT, build=built(P, "no")),
        [
            "+Accepted Accepted",
            "-ImageBuilt BuildFailed",
            "+PortReserved PortReserved",
            "-ContainerStarted NotStarted",
            "-Ready BuildFailed",
        ],
        Phase.FAILED,
    ),
    "archive refused": (
        view(P, image=ABSENT, build=built(P, "no", terminal=True)),
        [
            "-Accepted ArchiveRefused",
            "-ImageBuilt ArchiveRefused",
            "+PortReserved PortReserved",
            "-ContainerStarted NotStarted",
            "-Ready ArchiveRefused",
        ],
        Phase.FAILED,
    ),
    "missing": (
        view(P, image=PRESENT),
        [
            "+Accepted Accepted",
            "+ImageBuilt Built",
            "+PortReserved PortReserved",
            "-ContainerStarted NotStarted",
            "-Ready Starting",
        ],
        Phase.STARTING,
    ),
    "outdated": (
        view(P, older(), image=PRESENT),
        [
            "+Accepted Accepted",
            "+ImageBuilt Built",
            "+PortReserved PortReserved",
            "+ContainerStarted ContainerStarted",
            "-Ready Replacing",
        ],
        Phase.STARTING,
    ),
    "serving": (
        SERVING,
        [
            "+Accepted Accepted",
            "+ImageBuilt Built",
            "+PortReserved PortReserved",
            "+ContainerStarted ContainerStarted",
            "+Ready Serving",
        ],
        Phase.RUNNING,
    ),
    "stopped": (
        view(STOP, current(STOP, state=EXITED)),
        [
            "+Accepted Accepted",
            "+ImageBuilt Built",
            "+PortReserved PortReserved",
            "-ContainerStarted Stopped",
            "-Ready Stopped",
        ],
        Phase.STOPPED,
    ),
    "crashed": (
        view(P, current(P, state=EXITED)),
        [
            "+Accepted Accepted",
            "+ImageBuilt Built",
            "+PortReserved PortReserved",
            "-ContainerStarted ContainerExited",
            "-Ready ContainerExited",
        ],
        Phase.FAILED,
    ),
}


@pytest.mark.parametrize("row", CONDITIONS)
def test_conditions_and_phase(row: str) -> None:
    look, expected, word = CONDITIONS[row]
    seen = told(look)
    assert shown(seen.status.conditions) == expected
    assert phase(seen) is word
    assert all(c.last_transition_time == NOW and c.observed_generation == 2 for c in seen.status.conditions)


@pytest.mark.parametrize("row", TABLE)
def test_a_pass_that_sees_the_same_again_reports_nothing_new(row: str) -> None:
    look = TABLE[row][0]
    for _ in range(4):  # until it is told: probes are counted, a crash may turn into a roll-back
        seen = look.desired.model_copy(update={"playground": told(look)})
        look = View(seen, look.observed, NOW, look.policy)
    if plan(look).actions or plan(look).situation is Situation.FAILING_PROBES:
        return
    assert reported(look) == Report(status=look.status)


SILENT = {
    "Unknown": view(P, unseen=True),
    "Gone": view(playground(deleted_at=NOW)),
    "Finalizing": view(playground(deleted_at=NOW), current(P)),
    "RunningUnwanted": view(STOP, current(STOP)),
    "Obsolete": view(P, older(state=CREATED, started_at=None), image=PRESENT),
    "Removing": view(P, current(P, state=ContainerState.REMOVING)),
}


@pytest.mark.parametrize("situation", SILENT)
def test_on_the_way_the_status_is_left_as_it_is(situation: str) -> None:
    before = told(SERVING).status
    look = SILENT[situation]
    changed = look.playground.model_copy(update={"status": before})
    look = View(look.desired.model_copy(update={"playground": changed}), look.observed, NOW, look.policy)
    assert plan(look).situation == situation
    assert reported(look).status == before


def test_the_status_of_a_serving_playground() -> None:
    status = told(SERVING).status
    container = current(P)
    assert (status.container_id, status.container_name, status.image) == (container.id, "current", "app:1")
    assert status.endpoint == "http://play.example:7860"
    assert (status.ready_since, status.ready_run, status.observed_generation) == (NOW, container.run, 2)


def test_there_is_an_endpoint_only_while_something_runs_and_a_port_is_reserved() -> None:
    assert told(view(P, image=PRESENT)).status.endpoint is None
    assert told(view(P, current(P, state=EXITED))).status.endpoint is None
    assert told(view(UNPORTED, older())).status.endpoint is None
    assert told(view(playground(port=None, state="Stopped"), older(state=EXITED))).status.endpoint is None
    assert told(view(P, older(), image=PRESENT)).status.endpoint == "http://play.example:7860"


def test_events_of_a_life() -> None:
    assert reasons(reported(view(P, image=ABSENT))) == ["BuildStarted"]
    assert reasons(reported(view(P, image=PRESENT))) == ["ContainerCreated", "ContainerStarted", "Built"]
    assert reasons(reported(SERVING)) == ["Built", "Serving"]
    assert reasons(reported(view(P, current(P), older(), probe=READY))) == ["ContainerRemoved", "Built", "Serving"]
    assert reasons(reported(view(STOP, current(STOP)))) == ["ContainerStopped"]
    assert reasons(reported(view(playground(deleted_at=NOW)))) == [], "its record goes with its last event"
    assert reasons(reported(view(P, build=building("old:1")))) == ["BuildCancelled"]
    asked = playground(restart_at=NOW)
    assert "Restarting" in reasons(reported(view(asked, current(asked), probe=READY)))


def test_a_crash_says_why_with_its_last_lines() -> None:
    lines = tuple(f"line {number}" for number in range(150))
    said = reported(view(P, current(P, state=EXITED, exit_code=3), log_tail=lines))
    failure = said.status.last_failure
    assert failure is not None
    assert (failure.message, failure.exit_code, failure.oom_killed) == ("It exited with code 3.", 3, False)
    assert failure.log_tail == lines[-100:]
    assert (said.events[0].type, said.events[0].reason) == (EventType.WARNING, Reason.CONTAINER_EXITED)
    shown_lines = failure_text(failure).splitlines()
    assert shown_lines[:2] == ["It exited with code 3.", "Last log lines:"]
    assert shown_lines[2:] == [f"  line {number}" for number in range(130, 150)]


def test_a_kill_for_memory_names_the_limit() -> None:
    here = playground(resources={"memory": 64 * 1024 * 1024})
    failure = told(view(here, current(here, state=EXITED, exit_code=137, oom_killed=True))).status.last_failure
    assert failure is not None
    assert (failure.reason, failure.oom_killed) == (Reason.OUT_OF_MEMORY, True)
    assert failure.message == "It was killed for using more than its 64 MiB of memory."


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "exited with code 0"),
        (128, "exited with code 128"),
        (137, "was ended by signal 9 (exit code 137)"),
        (192, "was ended by signal 64 (exit code 192)"),
        (193, "exited with code 193"),
        (255, "exited with code 255"),
    ],
)
def test_exit_codes_that_stand_for_a_signal(code: int, text: str) -> None:
    assert exit_text(current(P, state=EXITED, exit_code=code)) == text


def test_a_start_that_took_too_long_says_what_was_probed() -> None:
    failure = told(view(P, current(P, started_at=NOW - 60), probe=NOT_READY)).status.last_failure
    assert failure is not None
    assert failure.message == (
        "It did not serve within 60 s: GET /config on port 7860 of the container never answered 200 (it answered 500)."
    )


def test_a_log_without_line_ends_does_not_fill_the_record() -> None:
    look = view(playground(), current(playground(), state=EXITED), log_tail=("x" * 1_000_000,) * 200)
    failure = reported(look).status.last_failure
    assert failure is not None
    assert len("".join(failure.log_tail)) == 100 * 2000
