"""Containers with our labels whose record is gone: a create whose reply was lost while its playground was deleted."""

from controller.domain.actions import RemoveContainer
from controller.domain.observed import ContainerState, ObservedContainer
from controller.domain.plan import Plan, Situation

GRACE = 60.0


def orphans(containers: tuple[ObservedContainer, ...], now: float) -> Plan:
    """Remove those older than the grace period (seconds); look again when the next one gets there."""
    there = [c for c in containers if c.state is not ContainerState.REMOVING]
    cause = f"its playground is gone and it is older than {GRACE:g} s"
    old = tuple(RemoveContainer(c.id, c.name, cause) for c in there if now - c.created_at >= GRACE)
    young = [c.created_at + GRACE for c in there if now - c.created_at < GRACE]
    return Plan(Situation.ORPHANED, old, look_again=min(young, default=None))
