"""The outcome: how far the executor got, and what stopped it."""

from dataclasses import dataclass
from enum import StrEnum

from controller.domain.actions import Action


class FailureKind(StrEnum):
    """What an action failed of, as far as what to do next depends on it."""

    UNAVAILABLE = "unavailable"
    """Could not be seen to succeed or to fail: observe again."""
    FAILED = "failed"
    """The engine answered that it could not: try again with back-off, and say so when it goes on."""
    CONFLICT = "conflict"
    """The engine's state is not what the plan saw: observe again now."""
    NAME_TAKEN = "name taken"
    """A container that is not ours has our name."""
    PORT_TAKEN = "port taken"
    NO_FREE_PORT = "no free port"
    PORT_HELD = "port held"
    """The one port that is wanted belongs to somebody else."""
    NETWORK_GONE = "network gone"
    """The container's network is gone, and with it the container's way to start."""
    REFUSED = "refused"
    """The engine will not do it; trying again soon is of little use."""
    STALE_CLAIM = "stale claim"
    """Somebody else leads now: stop."""


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """The action that failed; those after it were not tried."""

    action: Action
    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, in order, and the failure that ended it, if any."""

    done: tuple[Action, ...] = ()
    failed: ActionFailed | None = None
    port: int | None = None
    """The host port that was reserved, if one was."""
    container: str | None = None
    """The id of the container that was created, if one was."""
