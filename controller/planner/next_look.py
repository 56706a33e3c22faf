"""When a pass asks to be run again: a time, never just "again"."""

from api.resources.playground import PlaygroundStatus
from controller.domain.actions import RemoveContainer
from controller.domain.outcome import FailureKind, Outcome
from controller.domain.plan import Plan, Situation
from controller.planner.situations.record import UNKNOWN_PAUSE

NO_PORT_PAUSE = 15.0
"""For a port that somebody else gives back; one of ours that is free again wakes those that wait."""
_TOLD = {FailureKind.REFUSED, FailureKind.NAME_TAKEN, FailureKind.FAILED, FailureKind.CONFLICT}
_TAKES_ITS_TIME = {Situation.BUILD_NEEDED, Situation.FINALIZING}
"""What was done has only been begun: the engine answers that a removal is on its way just as that it is done."""
_FAILED_NOW = {Situation.BUILD_FAILED, Situation.CRASHED, Situation.IMAGE_MISSING, Situation.UNHEALTHY}


_NOT_AT_ONCE = {Situation.GONE, Situation.EXPIRED, Situation.BUILD_NEEDED}
"""Nothing is left, something else is wanted now, or what was begun takes its time."""


def goes_on(plan: Plan, outcome: Outcome) -> bool:
    """Whether the same pass looks once more: something was done, and what follows from that can be seen at once.

    Of a deletion that is so once its containers are removed; a build that is cancelled takes its time to end.
    """
    if not outcome.done or outcome.failed is not None or plan.situation in _NOT_AT_ONCE:
        return False
    return plan.situation is not Situation.FINALIZING or all(isinstance(d, RemoveContainer) for d in outcome.done)


def next_look(plan: Plan, outcome: Outcome, reported: PlaygroundStatus, now: float) -> float | None:
    """Seconds since the epoch at which to look again; `now` when something was done; None when all is settled."""
    failed = outcome.failed
    if failed is not None:
        if failed.kind is FailureKind.UNAVAILABLE:
            return now + UNKNOWN_PAUSE
        if failed.kind in {FailureKind.NO_FREE_PORT, FailureKind.PORT_HELD}:
            return now + NO_PORT_PAUSE
        if failed.kind in _TOLD:
            return reported.next_attempt_at
        return None if failed.kind is FailureKind.STALE_CLAIM else now
    if plan.situation in _TAKES_ITS_TIME:
        return plan.look_again
    if outcome.done:
        return None if plan.situation is Situation.GONE else now
    if plan.situation in _FAILED_NOW:
        return reported.next_attempt_at
    return plan.look_again
