"""What a pass reports when an action failed, which waiting builds it ends, and when the next look is."""

from collections.abc import Iterable

import pytest

from api.resources.build import BuildState
from api.resources.conditions import Condition, ConditionType, Reason, find, is_true
from api.resources.desired import Report
from api.resources.event import EventType
from api.resources.phase import Phase, phase
from controller.domain.observed import ContainerState
from controller.domain.outcome import FailureKind, Outcome
from controller.domain.watch import Watch
from controller.planner import View, next_look, plan, remedy
from controller.planner.events import event_of
from tests.planner.worlds import (
    ABSENT,
    NOT_READY,
    NOW,
    PORT,
    PRESENT,
    READY,
    UNSEEN,
    after,
    all_done,
    building,
    built,
    current,
    failed,
    open_build,
    playground,
    reported,
    stopped_at,
    view,
)

EXITED = ContainerState.EXITED
P = playground()
SERVING = view(P, current(P), probe=READY)
NEVER = playground(restart_policy="Never")
ON_FAILURE = playground(restart_policy="OnFailure")
STOP = playground(state="Stopped")
UNPORTED = playground(port=None)


def shown(conditions: Iterable[Condition]) -> list[str]:
    """`+Type Reason` for what holds, `-Type Reason` for what does not."""
    return [f"{'+' if is_true([c], c.type) else '-'}{c.type} {c.reason}" for c in conditions]


def reasons(said: Report) -> list[str]:
    return [event.reason.value for event in said.events]


BUILDS: dict[str, tuple[View, Outcome | None, BuildState | None, str]] = {
    "serving": (SERVING, None, BuildState.COMPLETED, ""),
    "starting": (view(P, current(P), probe=NOT_READY), None, None, ""),
    "stopped": (view(STOP), None, BuildState.CANCELLED, "It was stopped before it served."),
    "crashed": (view(P, current(P, state=EXITED)), None, BuildState.FAILED, "It exited with code 1."),
    "build failed": (
        view(P, image=ABSENT, build=built(P, "pip failed")),
        None,
        BuildState.FAILED,
        "The image could not be built: pip failed\nLast log lines:\n  Collecting nonsense\n  ERROR: no such package",
    ),
    "ended with 0": (
        view(ON_FAILURE, current(ON_FAILURE, state=EXITED, exit_code=0)),
        None,
        BuildState.FAILED,
        "It ended by itself, with exit code 0, before it served.",
    ),
    "ended with 1 under Never": (
        view(NEVER, current(NEVER, state=EXITED)),
        None,
        BuildState.FAILED,
        "It exited with code 1.",
    ),
    "told in an earlier pass": (
        view(playground(status=after(failed(current(P).run))), current(P, state=EXITED)),
        None,
        BuildState.FAILED,
        "It exited with code 1.",
    ),
    "told before it was asked for": (
        view(playground(status=after(failed(current(P).run, at=NOW - 101))), current(P, state=EXITED)),
        None,
        None,
        "",
    ),
    "the engine failed once": (
        view(P, image=PRESENT),
        stopped_at(plan(view(P, image=PRESENT)), FailureKind.FAILED, "500"),
        None,
        "",
    ),
    "the engine failed for the third time": (
        view(playground(status=after(failed("a"), failures=2, next_in=0.0)), image=PRESENT),
        stopped_at(plan(view(P, image=PRESENT)), FailureKind.FAILED, "500"),
        BuildState.FAILED,
        "500",
    ),
    "serving after the engine had failed once": (
        view(playground(status=after(failed("a", reason="EngineFailed"))), current(P), probe=READY),
        None,
        BuildState.COMPLETED,
        "",
    ),
    "unseen": (view(P, unseen=True), None, None, ""),
}


@pytest.mark.parametrize("row", BUILDS)
def test_builds_end_with_what_they_wait_for(row: str) -> None:
    look, outcome, state, error = BUILDS[row]
    look = View(look.desired.model_copy(update={"open_builds": (open_build(),)}), look.observed, NOW, look.policy)
    builds = reported(look, outcome).builds
    assert [(build.id, build.state) for build in builds] == ([("build-1", state)] if state else [])
    assert [build.error or "" for build in builds] == ([error] if state else [])


def test_a_completed_build_has_the_container_as_the_client_gets_it() -> None:
    look = view(P, current(P), probe=READY, open_builds=(open_build(restarted=True),))
    (build,) = reported(look).builds
    result = build.result or {}
    assert (result["id"], result["status"], result["restarted"]) == (current(P).id, "running", True)
    assert result["endpoint"] == "http://play.example:7860"
    assert all(not build.result for build in reported(view(P, unseen=True, open_builds=(open_build(),))).builds)


OUTCOMES: dict[FailureKind, tuple[str | None, float | None]] = {
    FailureKind.UNAVAILABLE: (None, 1.0),
    FailureKind.CONFLICT: ("Starting", -1.0),
    FailureKind.NAME_TAKEN: ("ForeignContainer", -1.0),
    FailureKind.PORT_TAKEN: ("Starting", 0.0),
    FailureKind.NO_FREE_PORT: ("NoFreePort", 15.0),
    FailureKind.PORT_HELD: ("PortConflict", 15.0),
    FailureKind.NETWORK_GONE: ("Starting", 0.0),
    FailureKind.REFUSED: ("EngineRefused", -1.0),
    FailureKind.FAILED: ("Starting", -1.0),
    FailureKind.STALE_CLAIM: ("Starting", None),
}


@pytest.mark.parametrize("kind", FailureKind)
def test_each_way_in_which_an_action_fails(kind: FailureKind) -> None:
    """What Ready says, and when to look again (-1: with back-off)."""
    look = view(P, image=PRESENT)
    outcome = stopped_at(plan(look), kind, "because")
    said = reported(look, outcome)
    ready = find(said.status.conditions, ConditionType.READY)
    reason, pause = OUTCOMES[kind]
    assert (ready.reason if ready else None) == reason
    again = next_look(plan(look), outcome, said.status, NOW)
    if pause == -1.0:
        assert again == said.status.next_attempt_at
        assert again is not None
        assert 1.0 <= again - NOW <= 1.2
        told = "EngineFailed" if reason == "Starting" else reason
        assert (said.status.failures, reasons(said)) == (1, [told, "Built"])
    else:
        assert again == (None if pause is None else NOW + pause)
        assert said.status.failures == 0
    assert [str(action) for action in remedy(look, outcome)] == (
        ["QuarantineHostPort 7860, the engine refused it: because"] if kind is FailureKind.PORT_TAKEN else []
    )


def test_no_free_port_is_told_once() -> None:
    look = view(UNPORTED)
    outcome = stopped_at(plan(look), FailureKind.NO_FREE_PORT, "none is left")
    first = reported(look, outcome)
    assert shown(first.status.conditions)[1:] == [
        "-PortReserved NoFreePort",
        "-ContainerStarted NotStarted",
        "-Ready NoFreePort",
    ]
    assert reasons(first) == ["NoFreePort"]
    again = view(UNPORTED.model_copy(update={"status": first.status}))
    assert reported(again, outcome).events == ()
    waiting = UNPORTED.model_copy(update={"status": first.status})
    assert phase(waiting) is Phase.REQUESTED


def test_the_next_look_follows_what_was_done() -> None:
    missing = plan(view(P, image=PRESENT))
    assert next_look(missing, all_done(missing), P.status, NOW) == NOW
    gone = plan(view(playground(deleted_at=NOW)))
    assert next_look(gone, all_done(gone), P.status, NOW) is None
    needed = plan(view(P, image=ABSENT))
    assert next_look(needed, all_done(needed), P.status, NOW) == NOW + 2.0
    serving = plan(SERVING)
    assert next_look(serving, Outcome(), P.status, NOW) is None
    young = plan(view(P, current(P, started_at=NOW - 3)))
    assert next_look(young, Outcome(), P.status, NOW) == NOW + 57.0, "when the time to serve is over"
    crashed = plan(view(P, current(P, state=EXITED)))
    assert next_look(crashed, Outcome(), after(failed("x"), next_in=7.0), NOW) == NOW + 7.0


def test_what_is_asked_meanwhile() -> None:
    """A page that serves until it fails, one that starts until it serves, and no other."""
    here = playground(readiness={"path": "/ready"})
    assert plan(view(here, current(here), probe=READY)).watch == Watch(PORT, "/ready", NOT_READY.verdict, NOW - 50)
    assert plan(view(P, current(P))).watch == Watch(PORT, "/config", READY.verdict, NOW - 50)
    assert plan(view(P, current(P, state=EXITED))).watch is None
    served = playground(status=after(failed("older run"), next_in=None, ready_run=current(P).run))
    assert plan(view(served, current(P), probe=NOT_READY)).watch is None, "a pass each second counts the failures"


def test_a_failure_is_forgiven_at_a_pass() -> None:
    """Nothing else would bring one about, while all is well."""
    run, failure = current(P).run, failed("x", at=NOW - 40)
    counts = playground(status=after(failure, next_in=None, ready_since=NOW - 30, ready_run=run))
    assert plan(view(counts, current(P), probe=READY)).look_again == NOW + 570.0
    forgiven = playground(status=after(failure, next_in=None, ready_since=NOW - 30, ready_run=run, failures=0))
    assert plan(view(forgiven, current(P), probe=READY)).look_again is None


def test_what_was_not_seen_says_nothing_and_the_quarantine_is_an_event() -> None:
    look = view(P, image=UNSEEN)
    assert reported(look) == Report(status=P.status)
    port_taken = remedy(view(P), stopped_at(plan(view(P, image=PRESENT)), FailureKind.PORT_TAKEN, "busy"))
    event = event_of(port_taken[0])
    assert event is not None
    assert (event.type, event.reason) == (EventType.WARNING, Reason.PORT_QUARANTINED)


def test_a_build_is_asked_about_less_and_less() -> None:
    """The pool tells its end at once; until then only its progress is news."""
    build, pauses = building(P), []
    for age in (0.0, 20.0, 50.0, 1000.0):
        now = build.since + age
        pauses.append((plan(view(P, image=ABSENT, build=build, now=now)).look_again or 0.0) - now)
    assert pauses == pytest.approx([2.0, 2.0, 5.0, 10.0])


def test_a_container_that_will_not_go_is_asked_about_less_and_less() -> None:
    """The engine answers that its removal is on its way, which counts as done, and there it is again."""
    pauses = []
    for asked in (0.0, 1.0, 20.0, 100.0, 10_000.0):
        doomed = playground(deleted_at=NOW - asked)
        finalizing = plan(view(doomed, current(doomed)))
        pauses.append((next_look(finalizing, all_done(finalizing), doomed.status, NOW) or NOW) - NOW)
    assert pauses == pytest.approx([1.0, 1.0, 2.0, 10.0, 30.0])
