"""The Ready condition: one sentence for each situation, so that a waiting person knows what is being waited for."""

from typing import NamedTuple

from api.resources.conditions import Reason
from api.resources.playground import Failure
from controller.domain.outcome import FailureKind, Outcome
from controller.domain.plan import Plan, Situation
from controller.planner.failures import ends_waits, failures_in_a_row
from controller.planner.view import View

_NO_PORT = {FailureKind.NO_FREE_PORT: Reason.NO_FREE_PORT, FailureKind.PORT_HELD: Reason.PORT_CONFLICT}


_WAITING = {
    Situation.BACKING_OFF,
    Situation.IMAGE_BACKING_OFF,
    Situation.IMAGE_NOT_ALLOWED,
    Situation.SECRETS_MISSING,
}


class Saying(NamedTuple):
    """Why it is or is not ready."""

    reason: Reason
    message: str


def ready_condition(view: View, plan: Plan, outcome: Outcome, failure: Failure | None) -> Saying | None:
    """What to say about readiness; None to leave what was said."""
    if plan.situation in {Situation.SERVING, Situation.REPLACED}:
        return Saying(Reason.SERVING, "")
    if failure is not None:
        told = ends_waits(failure, failures_in_a_row(view) + 1)
        return Saying(failure.reason if told else Reason.STARTING, failure.message)
    if outcome.failed is not None and outcome.failed.kind in _NO_PORT:
        return Saying(_NO_PORT[outcome.failed.kind], outcome.failed.message)
    probe = f"GET {view.spec.readiness.path}"
    match plan.situation:
        case Situation.STARTING:
            return Saying(Reason.STARTING, f"The container runs; waiting for {probe} to answer 200.")
        case Situation.RESTART_WANTED:
            return Saying(Reason.RESTARTING, "The container is being restarted.")
        case Situation.STOPPED:
            return Saying(Reason.STOPPED, "Stopped, as wanted.")
        case Situation.COMPLETED:
            return Saying(Reason.STOPPED, f"It ended with exit code 0; restart policy {view.spec.restart_policy}.")
        case Situation.PORT_NEEDED:
            return Saying(Reason.PENDING, "A port is being reserved.")
        case Situation.BUILDING | Situation.BUILD_NEEDED | Situation.SUPERSEDED_BUILD:
            step = view.build_in_progress.step if view.build_in_progress else ""
            return Saying(Reason.BUILDING, f"The image is being built{': ' + step if step else '.'}")
        case Situation.OUTDATED:
            return Saying(Reason.REPLACING, "A container of the new spec takes the old one's place.")
        case Situation.MISSING | Situation.NOT_STARTED:
            return Saying(Reason.STARTING, "The container is being started.")
        case Situation.ROLLED_BACK:
            return _rolled_back(view)
        case waiting if (
            waiting in _WAITING and view.failure is not None and ends_waits(view.failure, view.status.failures)
        ):
            return Saying(view.failure.reason, view.failure.message)
        case _:
            return None


def _rolled_back(view: View) -> Saying | None:
    if view.previous is None or view.failure is None:
        return None
    back = "serves again" if view.previous.is_up else "has been put back and ended; it is started again"
    old = f"generation {view.previous.generation} {back}"
    return Saying(Reason.ROLLED_BACK, f"Generation {view.generation} has failed and {old}: {view.failure.message}")
