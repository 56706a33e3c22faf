"""What a client asks for, and what became of it when it was recorded."""

from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from api.resources.build import Build
from api.resources.playground import Playground, PlaygroundSpec
from api.resources.token import Requester


@dataclass(frozen=True, slots=True)
class WantedPlayground:
    """A request for a playground: created, configured or restarted, as its identity is known or not."""

    spec: PlaygroundSpec
    name: str | None = None
    """The name of a new playground; None makes one from the identity. One that lives keeps the name it has."""
    labels: dict[str, str] | None = None
    """None leaves those of a living playground as they are."""
    annotations: dict[str, JsonValue] | None = None
    """None leaves those of a living playground as they are."""
    backend_container_id: str | None = None
    """None leaves that of a living playground as it is."""
    requester: Requester | None = None
    """Who asks."""
    partial: bool = False
    """Whether the client cannot speak of all there is: a living playground then keeps what was declared of it beside
    (resources, time to start, restart policy, host port, time to live)."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The record after the request, and the build that its client may wait for."""

    playground: Playground
    build: Build
    outcome: Literal["created", "configured", "restarted"]
    """`configured`: a new generation of a known playground; `restarted`: nothing new, start it again."""
