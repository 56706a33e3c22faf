"""A build: the handle a waiting client holds from its request until the playground serves."""

from enum import StrEnum

from pydantic import JsonValue

from api.resources.value import Value


class BuildState(StrEnum):
    """`pending` until it ended in one of the other three words, which clients wait for."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Build(Value):
    """One request to make a playground serve. `completed` means it serves, not only that an image is there."""

    id: str
    playground_uid: str
    generation: int
    restarted: bool = False
    """Whether the request met a container that was there already."""
    state: BuildState = BuildState.PENDING
    result: dict[str, JsonValue] | None = None
    """The container as the client gets it, when completed."""
    error: str | None = None
    created_at: float
    finished_at: float | None = None
    created_by: str | None = None
    """The name of the token that asked for it."""


class BuildResult(Value):
    """How an open build ended."""

    id: str
    state: BuildState
    result: dict[str, JsonValue] | None = None
    error: str | None = None
