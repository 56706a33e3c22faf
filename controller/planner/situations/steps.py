"""Steps that several situations share."""

from api.resources.conditions import Reason
from controller.domain.actions import CancelBuild, StartContainer, StopContainer
from controller.domain.observed import ObservedContainer
from controller.planner.view import View

RETURN_PAUSE = 30.0
"""Between the end of an older container that was put back and its next start."""


def cancel_build(view: View, cause: str) -> tuple[CancelBuild, ...]:
    """End the build that runs, whatever image it makes."""
    build = view.build_in_progress
    return (CancelBuild(build.image, cause),) if build else ()


def stop_previous(view: View) -> tuple[StopContainer, ...]:
    """Stop the older container right before the new one starts: the port can only be one's."""
    previous: ObservedContainer | None = view.previous
    if previous is None or not previous.is_up:
        return ()
    return (StopContainer(previous.id, previous.name, f"generation {view.generation} takes its place"),)


def roll_back(view: View) -> tuple[StartContainer, ...]:
    """Start the older container again, where that can be done."""
    if view.previous is None or view.previous.is_up or not view.can_roll_back:
        return ()
    cause = f"{Reason.ROLLED_BACK}: generation {view.generation} has failed"
    return (StartContainer(view.previous.id, view.previous.name, cause),)
