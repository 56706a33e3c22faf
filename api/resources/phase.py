"""The phase: one word for tables and for the platform's `status`.

Computed from conditions; never stored, never decided on.
"""

from enum import StrEnum

from api.resources.conditions import FAILURE_REASONS, ConditionStatus, ConditionType, Reason, find, is_true
from api.resources.playground import DesiredRunState, Playground


class Phase(StrEnum):
    """The words existing clients know."""

    REQUESTED = "requested"
    BUILDING = "building"
    STARTING = "starting"
    RUNNING = "running"
    UNHEALTHY = "unhealthy"
    STOPPED = "stopped"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"


class Health(StrEnum):
    """What the probe says."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


def phase(playground: Playground) -> Phase:
    """The one word that describes the playground best; the first that matches."""
    status = playground.status
    if playground.metadata.deletion_requested_at is not None:
        return Phase.DELETING
    ready = find(status.conditions, ConditionType.READY)
    if ready is None or ready.observed_generation < playground.metadata.generation:
        return Phase.REQUESTED
    if ready.status is ConditionStatus.TRUE:
        return Phase.RUNNING
    if ready.reason is Reason.UNHEALTHY:
        return Phase.UNHEALTHY
    if ready.reason in FAILURE_REASONS:
        return Phase.FAILED
    built = find(status.conditions, ConditionType.IMAGE_BUILT)
    started = is_true(status.conditions, ConditionType.CONTAINER_STARTED)
    if ready.reason is Reason.STOPPED and not started:
        return Phase.STOPPED
    if playground.spec.state is DesiredRunState.STOPPED:
        return Phase.RUNNING if started else Phase.STOPPED
    if built is not None and built.reason is Reason.BUILDING:
        return Phase.BUILDING
    waits_for_port = ready.reason in {Reason.NO_FREE_PORT, Reason.PORT_CONFLICT}
    if built is not None and built.status is ConditionStatus.TRUE and not waits_for_port:
        return Phase.STARTING
    return Phase.REQUESTED


def health(playground: Playground) -> Health:
    """Healthy while it serves, unhealthy when the probe says so, else unknown."""
    return health_of(phase(playground))


def health_of(word: Phase) -> Health:
    """The health of a playground in that phase."""
    if word is Phase.RUNNING:
        return Health.HEALTHY
    return Health.UNHEALTHY if word is Phase.UNHEALTHY else Health.UNKNOWN
