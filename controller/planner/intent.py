"""What is written before anything is done: a run that we end must never be taken for one that ended by itself."""

from api.resources.playground import PlaygroundStatus
from controller.domain.actions import RestartContainer, StopContainer
from controller.domain.plan import Plan
from controller.planner.view import View


def intent(view: View, plan: Plan) -> PlaygroundStatus:
    """The status to write before the plan is carried out; mostly the one that is there.

    A crash right after a stop, a restart whose second half never came, a stop that was taken back while it lasted: the
    next pass only sees that the container has ended, and has to know whose doing it was.
    """
    current = view.current
    if current is None or not current.is_up:
        return view.status
    ends = any(
        isinstance(action, StopContainer | RestartContainer) and action.container == current.id
        for action in plan.actions
    )
    return view.status.model_copy(update={"ending_run": current.run}) if ends else view.status
