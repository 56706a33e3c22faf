"""Events for people, from what was done."""

from typing import assert_never

from api.resources.conditions import Reason
from api.resources.event import EventType, NewEvent
from controller.domain.actions import (
    Action,
    CancelBuild,
    CreateContainer,
    ExpirePlayground,
    ForgetPlayground,
    QuarantineHostPort,
    RemoveContainer,
    ReserveHostPort,
    RestartContainer,
    StartBuild,
    StartContainer,
    StopContainer,
)
from controller.domain.outcome import Outcome


def events_of(outcome: Outcome) -> tuple[NewEvent, ...]:
    """One event for each action that was done and that a person would want to read of."""
    return tuple(event for event in map(event_of, outcome.done) if event is not None)


def event_of(action: Action) -> NewEvent | None:
    """The event for an action that was done."""
    match action:
        case ReserveHostPort():
            return None  # the condition tells the port; the ledger knows it only after the pass
        case QuarantineHostPort(port=port, cause=cause):
            message = f"Port {port} is left alone for a while and another one taken: {cause}"
            return NewEvent(type=EventType.WARNING, reason=Reason.PORT_QUARANTINED, message=message)
        case StartBuild(image=image, cause=cause):
            return NewEvent(reason=Reason.BUILD_STARTED, message=f"Building {image}: {cause}.")
        case CancelBuild(image=image, cause=cause):
            return NewEvent(reason=Reason.BUILD_CANCELLED, message=f"The build of {image} is ended: {cause}.")
        case CreateContainer(spec=spec, cause=cause):
            return NewEvent(reason=Reason.CONTAINER_CREATED, message=f"Created {spec.name}: {cause}.")
        case StartContainer(name=name, cause=cause):
            rolled = cause.startswith(Reason.ROLLED_BACK)
            reason = Reason.ROLLED_BACK if rolled else Reason.CONTAINER_STARTED
            return NewEvent(reason=reason, message=f"Started {name}: {cause}.")
        case RestartContainer(name=name, cause=cause):
            return NewEvent(reason=Reason.RESTARTING, message=f"Restarted {name}: {cause}.")
        case StopContainer(name=name, cause=cause):
            return NewEvent(reason=Reason.CONTAINER_STOPPED, message=f"Stopped {name}: {cause}.")
        case RemoveContainer(name=name, cause=cause):
            return NewEvent(reason=Reason.CONTAINER_REMOVED, message=f"Removed {name}: {cause}.")
        case ExpirePlayground(cause=cause):
            return NewEvent(reason=Reason.EXPIRED, message=f"It is deleted: {cause}.")
        case ForgetPlayground():
            return None  # recorded with the removal of the record: afterwards there is none to write to
        case _:
            assert_never(action)
