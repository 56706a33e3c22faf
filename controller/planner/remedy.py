"""What follows at once from an action's failure, before the next look."""

from controller.domain.actions import Action, QuarantineHostPort, RemoveContainer, RestartContainer, StartContainer
from controller.domain.outcome import FailureKind, Outcome
from controller.planner.view import View


def remedy(view: View, outcome: Outcome) -> tuple[Action, ...]:
    """The actions that mend a failure; empty for most, which only need another look.

    A port that the engine refuses although the ledger gave it out is held by a stranger whom nobody saw: it is
    quarantined, and the next pass reserves another one. A container whose network somebody took away can never start
    again: it is removed, and the next pass makes it anew.
    """
    failed = outcome.failed
    if failed is not None and failed.kind is FailureKind.NETWORK_GONE:
        if isinstance(failed.action, StartContainer | RestartContainer):
            return (RemoveContainer(failed.action.container, failed.action.name, "its network is gone"),)
        return ()
    if failed is None or failed.kind is not FailureKind.PORT_TAKEN or view.playground.host_port is None:
        return ()
    until = view.now + view.policy.port_quarantine
    cause = f"the engine refused it: {failed.message}"
    return (QuarantineHostPort(view.playground.host_port, until, cause),)
