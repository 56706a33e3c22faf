"""The shapes of what ``/v1`` answers: plain dictionaries, as they came, keys this version does not know included.

What stands under a key without a default is there; times are ISO-8601 with a final ``Z``.
"""

from typing import Any, Literal, NotRequired, TypedDict

__all__ = [
    "Metadata",
    "Playground",
    "PlaygroundStatus",
    "ReleaseRecord",
    "ResourceCondition",
    "ResourceEvent",
    "ResourceFailure",
]


class Metadata(TypedDict):
    """Who it is, and how often it changed."""

    name: str
    uid: str
    generation: int  # counts changes of the spec
    resourceVersion: str  # grows with every change of anything
    creationTimestamp: str
    labels: NotRequired[dict[str, str]]
    annotations: NotRequired[dict[str, Any]]
    deletionTimestamp: NotRequired[str]


class ResourceCondition(TypedDict):
    """One fact: Accepted, ImageBuilt, PortReserved, ContainerStarted, Ready."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str  # one CamelCase word
    message: str  # a sentence
    observedGeneration: int
    lastTransitionTime: str


class ResourceFailure(TypedDict):
    """The last time it went wrong."""

    reason: str
    message: str
    time: str
    exitCode: NotRequired[int]
    oomKilled: NotRequired[bool]
    logTail: NotRequired[list[str]]


class PlaygroundStatus(TypedDict):
    """What the controller saw."""

    phase: str  # requested building starting running unhealthy stopped failed deleting deleted
    conditions: list[ResourceCondition]
    observedGeneration: int
    restarts: int
    failures: int  # in a row
    message: NotRequired[str]
    endpoint: NotRequired[str]  # the URL to open
    hostPort: NotRequired[int]
    containerId: NotRequired[str]
    image: NotRequired[str]
    archive: NotRequired[str]  # the digest of the plugin's content
    lastFailure: NotRequired[ResourceFailure]
    nextAttemptAt: NotRequired[str]
    expiresAt: NotRequired[str]


class Playground(TypedDict):
    """A playground: what is wanted, and what was seen."""

    apiVersion: str
    kind: str
    metadata: Metadata
    spec: dict[str, Any]
    status: PlaygroundStatus


class ResourceEvent(TypedDict, total=False):
    """Something that happened to a playground, told for people."""

    metadata: dict[str, Any]  # name, and the resourceVersion to go on from
    type: str  # Normal or Warning
    reason: str
    message: str
    count: int
    firstTimestamp: str
    lastTimestamp: str
    involvedObject: dict[str, Any]


class ReleaseRecord(TypedDict, total=False):
    """A plugin release the server keeps."""

    apiVersion: str
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any]  # code, version, title, archive (the digest), size, entrypoint
    warnings: list[str]  # only after an upload
