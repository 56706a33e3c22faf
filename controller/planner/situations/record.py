"""What the record alone decides: what cannot be seen, deletion, duplicates, stopping, what is not allowed, the port."""

from api.resources.quantities import format_duration
from controller.domain.actions import (
    Action,
    ExpirePlayground,
    ForgetPlayground,
    RemoveContainer,
    ReserveHostPort,
    StopContainer,
)
from controller.domain.observed import ContainerState, Unknown
from controller.domain.plan import Plan, Situation
from controller.planner.situations.steps import cancel_build
from controller.planner.view import View

UNKNOWN_PAUSE = 1.0
REMOVING_PAUSE = 1.0
"""The engine says when it is gone; this is for when nobody heard it."""
LONGEST_REMOVING_PAUSE = 30.0
REMOVING_SHARE = 0.1
"""Of the time since deletion was asked for: what the engine can't get rid of is looked at less and less."""


def unknown(view: View) -> Plan | None:
    """Something that the decision needs could not be seen: do nothing, look again."""
    seen = (view.observed.containers, view.observed.image, view.observed.taken_ports)
    if any(isinstance(part, Unknown) for part in seen):
        return Plan(Situation.UNKNOWN, look_again=view.now + UNKNOWN_PAUSE)
    return None


def gone(view: View) -> Plan | None:
    """Deletion was asked for and nothing is left: the row goes last."""
    if view.deleting and not view.containers and view.build_in_progress is None:
        return Plan(Situation.GONE, (ForgetPlayground("deletion was asked for and no container is left"),))
    return None


def finalizing(view: View) -> Plan | None:
    """Deletion was asked for and there is still something of it."""
    if not view.deleting:
        return None
    cause = "deletion was asked for"
    cancel = cancel_build(view, cause)
    removals = tuple(
        RemoveContainer(c.id, c.name, cause) for c in view.containers if c.state is not ContainerState.REMOVING
    )
    waited = view.now - (view.playground.metadata.deletion_requested_at or view.now)
    pause = min(LONGEST_REMOVING_PAUSE, max(REMOVING_PAUSE, REMOVING_SHARE * waited))
    return Plan(Situation.FINALIZING, (*cancel, *removals), look_again=view.now + pause)


def expired(view: View) -> Plan | None:
    """Its time to live is over: ask for its deletion, as a person would."""
    if view.expires_at is None or view.expires_at > view.now:
        return None
    cause = f"its time to live, {format_duration(view.spec.ttl or 0)} after its last change, is over"
    return Plan(Situation.EXPIRED, (ExpirePlayground(cause),))


def duplicated(view: View) -> Plan | None:
    """More containers carry this key than the wanted one and the one it replaces."""
    if not view.surplus:
        return None
    cause = "another container of this playground is kept"
    return Plan(Situation.DUPLICATED, tuple(RemoveContainer(c.id, c.name, cause) for c in view.surplus))


def running_unwanted(view: View) -> Plan | None:
    """It shall be stopped and something of it is up."""
    if not view.stop_wanted:
        return None
    stops = tuple(StopContainer(c.id, c.name, "it is wanted stopped") for c in view.containers if c.is_up)
    actions: tuple[Action, ...] = (*cancel_build(view, "it is wanted stopped"), *stops)
    return Plan(Situation.RUNNING_UNWANTED, actions) if actions else None


def stopped(view: View) -> Plan | None:
    """It shall be stopped, and is."""
    return Plan(Situation.STOPPED) if view.stop_wanted else None


def image_not_allowed(view: View) -> Plan | None:
    """The spec names an image that the operator does not allow (any more): nothing of it may run."""
    if view.image_is_allowed:
        return None
    stops = tuple(StopContainer(c.id, c.name, "its image is not allowed") for c in view.containers if c.is_up)
    return Plan(Situation.IMAGE_NOT_ALLOWED, stops)


def secrets_missing(view: View) -> Plan | None:
    """A secret that the spec refers to is not set, or is no set of variables: what runs is left alone."""
    return Plan(Situation.SECRETS_MISSING) if view.missing_secrets else None


def port_needed(view: View) -> Plan | None:
    """No port is reserved yet: before the container exists, so that no two ever get the same."""
    if not view.needs_port:
        return None
    assert not isinstance(view.observed.taken_ports, Unknown)
    required = view.spec.wanted_port
    if required is not None:
        avoid = view.observed.taken_ports - {c.host_port for c in view.containers if c.is_up}
        return Plan(Situation.PORT_NEEDED, (ReserveHostPort(avoid, f"port {required} is wanted", required=required),))
    prefer = view.previous.host_port if view.previous else None
    cause = "no port is reserved yet" if prefer is None else f"the container that is there has port {prefer}"
    return Plan(Situation.PORT_NEEDED, (ReserveHostPort(view.observed.taken_ports, cause, prefer=prefer),))
