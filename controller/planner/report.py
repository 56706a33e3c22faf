"""`report(view, plan, outcome)`: what a pass has to say, as status, events and ended builds.

Status follows from observation, never from having asked: what an action brought about is reported by the next pass,
which sees it. Where something could not be seen, nothing is said.
"""

from api.resources.agent_view import container_view
from api.resources.build import BuildResult, BuildState
from api.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, find, is_true, merge
from api.resources.desired import Report
from api.resources.event import EventType, NewEvent
from api.resources.playground import Failure, PlaygroundStatus
from controller.domain.observed import ObservedContainer
from controller.domain.outcome import FailureKind, Outcome
from controller.domain.plan import Plan, Situation
from controller.planner.events import events_of
from controller.planner.failures import ends_waits, failure_of, failure_text, failures_in_a_row, next_attempt
from controller.planner.readiness import ready_condition
from controller.planner.view import View

_SILENT = {
    Situation.UNKNOWN,
    Situation.GONE,
    Situation.FINALIZING,
    Situation.EXPIRED,
    Situation.DUPLICATED,
    Situation.OLDER_DOWN,
    Situation.RUNNING_UNWANTED,
    Situation.REMOVING,
    Situation.OBSOLETE,
}

_NOT_ACCEPTED = {Reason.ARCHIVE_REFUSED, Reason.IMAGE_NOT_ALLOWED, Reason.SECRETS_MISSING}
_WAITING_FOR_A_CHANGE = {Situation.IMAGE_NOT_ALLOWED, Situation.SECRETS_MISSING, Situation.IMAGE_BACKING_OFF}


def report(view: View, plan: Plan, outcome: Outcome) -> Report:
    """What is written at the end of a pass. Equal to what is there already when nothing happened."""
    failure = failure_of(view, plan, outcome)
    unavailable = outcome.failed is not None and outcome.failed.kind is FailureKind.UNAVAILABLE
    if (plan.situation in _SILENT and failure is None) or unavailable:
        return Report(status=view.status, events=events_of(outcome))
    status = _status(view, plan, outcome, failure)
    events = (*events_of(outcome), *_failure_events(failure), *_turning_points(view, status))
    return Report(status=status, events=events, builds=_ended_builds(view, plan, status, failure))


def _status(view: View, plan: Plan, outcome: Outcome, failure: Failure | None) -> PlaygroundStatus:
    before = view.status
    serving = plan.situation in {Situation.SERVING, Situation.REPLACED}
    container = _shown_container(view)
    seen = _conditions(view, plan, outcome, failure)
    update: dict[str, object] = {
        "observed_generation": view.generation,
        "conditions": merge(before.conditions, seen),
        "container_id": container.id if container else None,
        "container_name": container.name if container else None,
        "image": container.image if container else view.image,
        "endpoint": endpoint_of(view) if container and container.is_up else None,
        "restarts": before.restarts + _restarts(view, outcome),
        "failures": failures_in_a_row(view),
        "probe_failures": 0,
    }
    if plan.situation is Situation.FAILING_PROBES:
        update["probe_failures"] = before.probe_failures + 1
    elif plan.situation is Situation.UNHEALTHY:
        update["probe_failures"] = before.probe_failures
    if failure is not None:
        update |= {
            "last_failure": failure,
            "failures": failures_in_a_row(view) + 1,
            "next_attempt_at": next_attempt(view, failure),
        }
    elif serving or view.failure is None:
        update["next_attempt_at"] = None
    if serving and view.current is not None:
        since = view.serving_since(view.current)
        update |= {"ready_since": since, "ready_run": view.current.run}
        if before.ending_run == view.current.run:
            update["ending_run"] = None  # nobody ends it any more
        if view.now - since >= view.policy.healthy_period:
            update["failures"] = 0
    return before.model_copy(update=update)


def _shown_container(view: View) -> ObservedContainer | None:
    """The container that a reader means: the one that is up, be it the one to be replaced, else the wanted one."""
    there = [container for container in (view.current, view.previous) if container is not None]
    return next((container for container in there if container.is_up), there[0] if there else None)


def endpoint_of(view: View) -> str | None:
    """Where it is reached, once a port is reserved."""
    if view.playground.host_port is None:
        return None
    return f"http://{view.policy.advertise_host}:{view.playground.host_port}"


def _restarts(view: View, outcome: Outcome) -> int:
    """How many of the wanted container's starts in this pass were not its first."""
    current = view.current
    if current is None or current.started_at is None:
        return 0
    return sum(
        1
        for action in outcome.done
        if type(action).__name__ in {"StartContainer", "RestartContainer"}
        and getattr(action, "container", None) == current.id
    )


def _conditions(view: View, plan: Plan, outcome: Outcome, failure: Failure | None) -> tuple[Condition, ...]:
    def condition(type_: ConditionType, reason: Reason, message: str = "", *, holds: bool = False) -> Condition:
        return Condition(
            type=type_,
            status=ConditionStatus.TRUE if holds else ConditionStatus.FALSE,
            reason=reason,
            message=message,
            observed_generation=view.generation,
            last_transition_time=view.now,
        )

    seen = []
    refused = failure or (view.failure if plan.situation in _WAITING_FOR_A_CHANGE else None)
    seen.append(
        condition(ConditionType.ACCEPTED, refused.reason, refused.message)
        if refused is not None and refused.reason in _NOT_ACCEPTED
        else condition(ConditionType.ACCEPTED, Reason.ACCEPTED, holds=True)
    )
    if view.current is not None or view.observed.image == "present":
        seen.append(condition(ConditionType.IMAGE_BUILT, Reason.BUILT, f"{view.image} is there.", holds=True))
    elif failure is not None and plan.situation in {Situation.BUILD_FAILED, Situation.IMAGE_MISSING}:
        seen.append(condition(ConditionType.IMAGE_BUILT, failure.reason, failure.message))
    elif plan.situation in {Situation.BUILDING, Situation.BUILD_NEEDED, Situation.SUPERSEDED_BUILD}:
        step = view.build_in_progress.step if view.build_in_progress else ""
        seen.append(condition(ConditionType.IMAGE_BUILT, Reason.BUILDING, step or f"Building {view.image}."))
    if outcome.failed is not None and outcome.failed.kind is FailureKind.PORT_HELD:
        seen.append(condition(ConditionType.PORT_RESERVED, Reason.PORT_CONFLICT, outcome.failed.message))
    elif view.playground.host_port is not None:
        held = f"Port {view.playground.host_port}."
        seen.append(condition(ConditionType.PORT_RESERVED, Reason.PORT_RESERVED, held, holds=True))
    elif outcome.failed is not None and outcome.failed.kind is FailureKind.NO_FREE_PORT:
        seen.append(condition(ConditionType.PORT_RESERVED, Reason.NO_FREE_PORT, outcome.failed.message))
    seen.append(_container_started(view, condition(ConditionType.CONTAINER_STARTED, Reason.NOT_STARTED)))
    ready = ready_condition(view, plan, outcome, failure)
    if ready is not None:
        seen.append(condition(ConditionType.READY, ready.reason, ready.message, holds=ready.reason is Reason.SERVING))
    return tuple(seen)


def _container_started(view: View, not_started: Condition) -> Condition:
    up = next((c for c in (view.current, view.previous) if c is not None and c.is_up), None)
    if up is not None:
        return not_started.model_copy(
            update={
                "status": ConditionStatus.TRUE,
                "reason": Reason.CONTAINER_STARTED,
                "message": f"{up.name} runs.",
            }
        )
    if view.stop_wanted:
        return not_started.model_copy(update={"reason": Reason.STOPPED})
    if view.current is not None and view.current.has_ended:
        return not_started.model_copy(update={"reason": Reason.CONTAINER_EXITED})
    return not_started


def _failure_events(failure: Failure | None) -> tuple[NewEvent, ...]:
    if failure is None:
        return ()
    return (NewEvent(type=EventType.WARNING, reason=failure.reason, message=failure_text(failure)),)


def _turning_points(view: View, status: PlaygroundStatus) -> tuple[NewEvent, ...]:
    """Events for what was observed to have changed, whoever brought it about."""
    events = []
    if is_true(status.conditions, ConditionType.IMAGE_BUILT) and not is_true(
        view.status.conditions, ConditionType.IMAGE_BUILT
    ):
        built = find(status.conditions, ConditionType.IMAGE_BUILT)
        events.append(NewEvent(reason=Reason.BUILT, message=built.message if built else ""))
    if is_true(status.conditions, ConditionType.READY) and (
        not is_true(view.status.conditions, ConditionType.READY) or status.ready_run != view.status.ready_run
    ):
        events.append(NewEvent(reason=Reason.SERVING, message=f"It serves at {status.endpoint}."))
    port, port_before = (find(c, ConditionType.PORT_RESERVED) for c in (status.conditions, view.status.conditions))
    if (
        port is not None
        and port.reason in {Reason.NO_FREE_PORT, Reason.PORT_CONFLICT}
        and (port_before is None or port_before.reason is not port.reason)
    ):
        events.append(NewEvent(type=EventType.WARNING, reason=port.reason, message=port.message))
    return tuple(events)


def _ended_builds(view: View, plan: Plan, status: PlaygroundStatus, failure: Failure | None) -> tuple[BuildResult, ...]:
    """The open builds that this pass saw end. Only those that were open when it began: a later one is not answered."""
    seen = view.playground.model_copy(update={"status": status})
    results = []
    for build in view.desired.open_builds:
        told = failure or _told_failure(view, build.created_at)
        if plan.situation in {Situation.SERVING, Situation.REPLACED}:
            result = container_view(seen, restarted=build.restarted)
            results.append(BuildResult(id=build.id, state=BuildState.COMPLETED, result=result))
        elif plan.situation is Situation.STOPPED:
            text = "It was stopped before it served."
            results.append(BuildResult(id=build.id, state=BuildState.CANCELLED, error=text))
        elif plan.situation is Situation.COMPLETED and failure is None:
            text = "It ended by itself, with exit code 0, before it served."
            results.append(BuildResult(id=build.id, state=BuildState.FAILED, error=text))
        elif told is not None and ends_waits(told, status.failures):
            results.append(BuildResult(id=build.id, state=BuildState.FAILED, error=failure_text(told)))
    return tuple(results)


def _told_failure(view: View, asked_at: float) -> Failure | None:
    """A failure of this generation that is older than the last pass but younger than the request."""
    failure = view.failure
    return failure if failure is not None and failure.at >= asked_at and not view.retry_is_asked_for else None
