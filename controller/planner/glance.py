"""A glance: from a list of all containers, is a playground as it was reported last? Then no pass has to look at it.

The list tells less than an inspection. What it does not tell is presumed to be as the status says, so a glance may only
ever answer "as before" or "only a pass can tell". `tests/properties` holds it to that.
"""

from api.resources.conditions import ConditionType, Reason, find
from api.resources.desired import DesiredState
from controller.domain.observed import (
    ContainerState,
    ListedContainer,
    Observed,
    ObservedContainer,
    Probe,
    ProbeVerdict,
    run_began,
)
from controller.domain.plan import Plan, Situation
from controller.planner.planner import plan
from controller.planner.policy import Policy
from controller.planner.report import endpoint_of
from controller.planner.view import View

_SERVES = Probe(ProbeVerdict.READY)
_ENDS = {Situation.SERVING: Reason.SERVING, Situation.STOPPED: Reason.STOPPED}
"""Situations that a glance can tell, and what Ready says in them."""


def glance(desired: DesiredState, listed: tuple[ListedContainer, ...], now: float, policy: Policy) -> Plan | None:
    """The plan of the pass that would find nothing to do and nothing to say; None where only a pass can tell.

    A page that serves is presumed to do so: who takes the plan asks the page as its `watch` says.
    """
    status = desired.playground.status
    ready = find(status.conditions, ConditionType.READY)
    if ready is None or ready.reason not in _ENDS.values() or desired.open_builds:
        return None
    if desired.playground.metadata.deletion_requested_at is not None:
        return None
    if [container.id for container in listed] != ([status.container_id] if status.container_id else []):
        return None
    presumed = tuple(_presumed(desired, container) for container in listed)
    view = View(desired, Observed(containers=presumed, probe=_SERVES), now, policy)
    found = plan(view)
    if found.actions or _ENDS.get(found.situation) is not ready.reason or not _is_told(view, found):
        return None
    return found


def _presumed(desired: DesiredState, listed: ListedContainer) -> ObservedContainer:
    """The container as it would be seen if it is as it was reported last."""
    playground, status = desired.playground, desired.playground.status
    of_this = status.ready_run is not None and status.ready_run.startswith(f"{listed.id[:12]}@")
    return ObservedContainer(
        id=listed.id,
        name=status.container_name or "",
        uid=listed.uid,
        spec_hash=listed.spec_hash,
        generation=playground.metadata.generation,
        image=status.image or "",
        state=listed.state,
        host_port=playground.host_port,
        created_at=0.0,
        started_at=run_began(status.ready_run) if of_this and status.ready_run else None,
        finished_at=None,
    )


def _is_told(view: View, found: Plan) -> bool:
    """Whether the status says already what a report of that plan would."""
    status, current = view.status, view.current
    if status.observed_generation != view.generation or status.probe_failures:
        return False
    if view.failure is None and (status.failures or status.next_attempt_at is not None):
        return False
    if found.situation is Situation.STOPPED:
        return status.endpoint is None and (bool(view.containers) or status.image == view.image)
    assert current is not None
    return (
        current.state is ContainerState.RUNNING
        and view.has_served(current)
        and view.serving_since(current) == status.ready_since
        and (not status.failures or found.look_again is not None)
        and status.next_attempt_at is None
        and status.ending_run != current.run
        and status.endpoint == endpoint_of(view)
    )
