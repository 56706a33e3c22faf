"""Conditions: what the controller observed of a playground, in words that programs and people can both use.

The types and their meaning follow the Kubernetes API conventions: a condition is an observation and not a state
machine, absent means unknown, reason is one CamelCase word, and `last_transition_time` moves with `status` only.
"""

from collections.abc import Iterable
from enum import StrEnum

from api.resources.value import Value


class ConditionType(StrEnum):
    """What is being said something about."""

    ACCEPTED = "Accepted"
    IMAGE_BUILT = "ImageBuilt"
    PORT_RESERVED = "PortReserved"
    CONTAINER_STARTED = "ContainerStarted"
    READY = "Ready"


class ConditionStatus(StrEnum):
    """True, False, or Unknown when it could not be seen."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why a condition has its status; also the reasons of events."""

    ACCEPTED = "Accepted"
    ARCHIVE_REFUSED = "ArchiveRefused"
    BUILD_CANCELLED = "BuildCancelled"
    BUILD_FAILED = "BuildFailed"
    BUILD_STARTED = "BuildStarted"
    BUILDING = "Building"
    BUILT = "Built"
    CONTAINER_CREATED = "ContainerCreated"
    CONTAINER_EXITED = "ContainerExited"
    CONTAINER_REMOVED = "ContainerRemoved"
    CONTAINER_STARTED = "ContainerStarted"
    CONTAINER_STOPPED = "ContainerStopped"
    DELETED = "Deleted"
    ENGINE_FAILED = "EngineFailed"
    ENGINE_REFUSED = "EngineRefused"
    EXPIRED = "Expired"
    FOREIGN_CONTAINER = "ForeignContainer"
    IMAGE_MISSING = "ImageMissing"
    IMAGE_NOT_ALLOWED = "ImageNotAllowed"
    NO_FREE_PORT = "NoFreePort"
    NOT_STARTED = "NotStarted"
    OUT_OF_MEMORY = "OutOfMemory"
    PENDING = "Pending"
    PORT_CONFLICT = "PortConflict"
    PORT_QUARANTINED = "PortQuarantined"
    PORT_RESERVED = "PortReserved"
    REPLACING = "Replacing"
    RESTARTING = "Restarting"
    ROLLED_BACK = "RolledBack"
    SECRETS_MISSING = "SecretsMissing"
    SERVING = "Serving"
    STARTING = "Starting"
    STOPPED = "Stopped"
    TIMED_OUT = "ReadinessTimedOut"
    UNHEALTHY = "Unhealthy"


FAILURE_REASONS = frozenset(
    {
        Reason.ARCHIVE_REFUSED,
        Reason.BUILD_FAILED,
        Reason.CONTAINER_EXITED,
        Reason.ENGINE_FAILED,
        Reason.ENGINE_REFUSED,
        Reason.FOREIGN_CONTAINER,
        Reason.IMAGE_MISSING,
        Reason.IMAGE_NOT_ALLOWED,
        Reason.OUT_OF_MEMORY,
        Reason.ROLLED_BACK,
        Reason.SECRETS_MISSING,
        Reason.TIMED_OUT,
    }
)
"""Reasons of `Ready=False` that mean: it has failed (and may be tried again later), not: it is on its way."""


class Condition(Value):
    """One observation. Times are seconds since the epoch."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str = ""
    observed_generation: int = 0
    last_transition_time: float = 0.0


def find(conditions: Iterable[Condition], wanted: ConditionType) -> Condition | None:
    """The condition of that type, or None: unknown."""
    for condition in conditions:
        if condition.type is wanted:
            return condition
    return None


def is_true(conditions: Iterable[Condition], wanted: ConditionType) -> bool:
    """Whether that condition is there and True."""
    condition = find(conditions, wanted)
    return condition is not None and condition.status is ConditionStatus.TRUE


def merge(before: tuple[Condition, ...], seen: Iterable[Condition]) -> tuple[Condition, ...]:
    """`before` with the newly seen conditions in it, in the order of `ConditionType`.

    A condition whose status did not change keeps its transition time; one that was not looked at stays as it was.
    """
    merged = {condition.type: condition for condition in before}
    for condition in seen:
        previous = merged.get(condition.type)
        if previous is not None and previous.status is condition.status:
            merged[condition.type] = condition.model_copy(
                update={"last_transition_time": previous.last_transition_time}
            )
        else:
            merged[condition.type] = condition
    return tuple(merged[type_] for type_ in ConditionType if type_ in merged)
