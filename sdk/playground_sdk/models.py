"""The shapes of what the server answers.

They describe plain dictionaries: a reply is handed out as it came, keys this version does not know included.
No key is promised to be there unless the text says so; times are ISO-8601 with a final ``Z``.
"""

from typing import Any, TypedDict

__all__ = ["Build", "Condition", "Container", "EventRecord", "Page", "Usage"]


class Condition(TypedDict, total=False):
    """One fact about a playground (Accepted, ImageBuilt, PortReserved, ContainerStarted, Ready)."""

    type: str
    status: str  # "True", "False" or "Unknown"
    reason: str  # one CamelCase word
    message: str  # a sentence
    observed_generation: int
    last_transition_time: str


class Container(TypedDict, total=False):
    """A playground as the Agent's clients see it."""

    id: str | None  # the Docker container's id; as long as there is none, null or what else looks the playground up
    record_id: int
    uid: str
    name: str
    status: str  # requested building starting running unhealthy stopped failed deleting deleted
    health: str  # unknown healthy unhealthy
    image: str | None
    endpoint: str | None  # the URL to open
    host_port: int | None
    plugin_release: str
    model: int | None
    kind: str
    labels: list[str]
    metadata: dict[str, Any]
    params: dict[str, Any]
    generation: int
    message: str  # what it waits for, or what went wrong
    conditions: list[Condition]
    restarts: int
    last_error: str | None
    last_exit_code: int | None
    oom_killed: bool
    last_log_lines: list[str]
    next_attempt_at: str | None
    created_at: str
    updated_at: str
    attrs: dict[str, Any]  # only in the reply for one container
    restarted: bool  # only after a create: the same container was started again
    warnings: list[str]  # only after a create: what was taken all the same
    build_id: str  # only after a create, as the three below
    status_url: str
    sse_url: str
    ws_url: str


class Build(TypedDict, total=False):
    """The way of a create to a serving playground; ``status`` is always there."""

    id: str
    status: str  # completed, failed and cancelled are final; any other word means: ask again
    message: str  # what it waits for, as a sentence
    conditions: list[Condition]
    result: Container | None  # of a completed build
    error: str | None  # of a failed build: the reason and the last lines of the log


class EventRecord(TypedDict, total=False):
    """Something that happened to a playground, told for people."""

    type: str  # Normal or Warning
    reason: str
    message: str
    count: int
    first_seen: str
    last_seen: str


class Usage(TypedDict, total=False):
    """What a playground uses at this moment; None while no container of it runs, or where it can't be measured."""

    cpu_percent: float | None
    memory_bytes: int | None
    network_rx_bytes: int | None
    network_tx_bytes: int | None
    gpu_percent: float | None
    status: str


class Page(TypedDict):
    """One page of a list."""

    count: int
    next: str | None
    previous: str | None
    results: list[Any]
