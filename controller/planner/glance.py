"""A glance: from a list of all containers, is a playground as it was reported last? Then no pass has to look at it.

The list tells less than an inspection. What it does not tell is presumed to be as the status says, so a glance may only
ever answer "as before" or "only a pass can tell". `tests/properties` holds it to that.
"""

from api.resources.conditions import ConditionType, Reason, find
from api.resources.desired import DesiredState
from controller.domain.observed import ContainerState, ListedContainer, Observed, run_began
from controller.domain.plan import Plan, Situation
from controller.planner.policy import Policy
from controller.planner.report import endpoint_of
from controller.planner.situations.container import serves
from controller.planner.view import View
from controller.planner.wanted import wanted_hash

_DOWN = frozenset({ContainerState.CREATED, ContainerState.EXITED, ContainerState.DEAD})
_UNSEEN = Observed(containers=())


def glance(desired: DesiredState, listed: tuple[ListedContainer, ...], now: float, policy: Policy) -> Plan | None:
    """The plan of the pass that would find nothing to do and nothing to say; None where only a pass can tell.

    A page that serves is presumed to do so: who takes the plan asks the page as its `watch` says.
    """
    playground = desired.playground
    status, metadata = playground.status, playground.metadata
    ready = find(status.conditions, ConditionType.READY)
    if ready is None or metadata.deletion_requested_at is not None or desired.open_builds or status.probe_failures:
        return None
    if status.observed_generation != metadata.generation or len(listed) > 1:
        return None
    if (listed[0].id if listed else None) != status.container_id:
        return None
    view = View(desired, _UNSEEN, now, policy)
    if view.expires_at is not None and view.expires_at <= now:
        return None
    if view.failure is None and (status.failures or status.next_attempt_at is not None):
        return None
    if ready.reason is Reason.STOPPED and view.stop_wanted:
        return _stopped(view, listed)
    if ready.reason is Reason.SERVING and listed and not view.stop_wanted:
        return _serving(view, listed[0])
    return None


def _stopped(view: View, listed: tuple[ListedContainer, ...]) -> Plan | None:
    """It is down, and told so."""
    status = view.status
    if status.endpoint is not None or any(container.state not in _DOWN for container in listed):
        return None
    return Plan(Situation.STOPPED) if listed or status.image == view.image else None


def _serving(view: View, listed: ListedContainer) -> Plan | None:
    """It is up, as it is wanted, and told so; what it was started as is told by the run that has served."""
    status, run = view.status, view.status.ready_run
    if listed.state is not ContainerState.RUNNING or run is None or not run.startswith(f"{listed.id[:12]}@"):
        return None
    if view.needs_port or not view.image_is_allowed or view.missing_secrets:
        return None
    if listed.spec_hash != wanted_hash(view.playground, view.policy, view.desired.secrets):
        return None
    if status.ending_run == run or status.next_attempt_at is not None or status.endpoint != endpoint_of(view):
        return None
    began = run_began(run)
    if view.restart_requested_at > began or status.ready_since is None:
        return None
    if view.failure is not None and status.ready_since <= view.failure.at:
        return None
    found = serves(view, since=status.ready_since, began=began)
    return None if status.failures and found.look_again is None else found
