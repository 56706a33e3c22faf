"""The plan: the situation that was recognised, what follows from it, and when to look again."""

from dataclasses import dataclass
from enum import StrEnum

from controller.domain.actions import Action
from controller.domain.watch import Watch


class Situation(StrEnum):
    """The named cases, in the order in which they are tried; `controller.planner.situations` says what each means."""

    UNKNOWN = "Unknown"
    GONE = "Gone"
    FINALIZING = "Finalizing"
    EXPIRED = "Expired"
    DUPLICATED = "Duplicated"
    RUNNING_UNWANTED = "RunningUnwanted"
    STOPPED = "Stopped"
    IMAGE_NOT_ALLOWED = "ImageNotAllowed"
    SECRETS_MISSING = "SecretsMissing"
    PORT_NEEDED = "PortNeeded"
    SUPERSEDED_BUILD = "SupersededBuild"
    OLDER_DOWN = "OlderDown"
    BUILDING = "Building"
    BUILD_FAILED = "BuildFailed"
    IMAGE_BACKING_OFF = "ImageBackingOff"
    IMAGE_MISSING = "ImageMissing"
    BUILD_NEEDED = "BuildNeeded"
    OBSOLETE = "Obsolete"
    RESTART_WANTED = "RestartWanted"
    REPLACED = "Replaced"
    SERVING = "Serving"
    STARTING = "Starting"
    FAILING_PROBES = "FailingProbes"
    UNHEALTHY = "Unhealthy"
    START_TIMED_OUT = "StartTimedOut"
    REMOVING = "Removing"
    CRASHED = "Crashed"
    COMPLETED = "Completed"
    ROLLED_BACK = "RolledBack"
    BACKING_OFF = "BackingOff"
    OUTDATED = "Outdated"
    MISSING = "Missing"
    NOT_STARTED = "NotStarted"
    ORPHANED = "Orphaned"
    """Of a key without a record: not in the table."""


_SETTLED = frozenset(
    {
        Situation.SERVING,
        Situation.STOPPED,
        Situation.COMPLETED,
        Situation.IMAGE_NOT_ALLOWED,
        Situation.SECRETS_MISSING,
    }
)
_FREES_PORT = frozenset({Situation.GONE})


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass shall do. No actions, `look_again` or `watch` means: settled until a hint or the resync."""

    situation: Situation
    actions: tuple[Action, ...] = ()
    look_again: float | None = None
    """When to look again though nothing was done, in seconds since the epoch."""
    watch: Watch | None = None
    """What to ask meanwhile, and which answer makes it worth looking earlier."""

    @property
    def is_settled(self) -> bool:
        """Whether the situation is an end: what is, is what is wanted."""
        return self.situation in _SETTLED

    @property
    def frees_port(self) -> bool:
        """Whether a port is free for others once the actions are done."""
        return self.situation in _FREES_PORT

    def __str__(self) -> str:
        """One stable line for the situation and one for each action."""
        lines = [f"[{number}] {action}" for number, action in enumerate(self.actions, start=1)]
        return "\n".join([self.situation.value, *lines])
