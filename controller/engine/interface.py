"""What the controller asks of an engine. Docker stands behind it today; the fake engine of the tests does too.

Every method has a deadline and raises the errors of `controller.engine.errors`. Asking for what is already so is
success: a start of what runs, a stop of what has ended, a removal of what is gone.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.domain.container_spec import ContainerSpec
from controller.domain.garbage import ListedImage, ListedNetwork
from controller.domain.observed import ListedContainer, ObservedContainer, Usage


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something happened to a container of ours. A hint: the list is the truth."""

    uid: str
    action: str
    at: float
    """Seconds since the epoch, by the engine's clock."""
    container: str = ""
    """The container's id."""


@dataclass(frozen=True, slots=True)
class ImageToBuild:
    """The image's name, its labels, and the network of its build (None: the engine's default)."""

    tag: str
    labels: Mapping[str, str]
    network: str | None = None


class Engine(Protocol):
    """What runs containers."""

    def ping(self) -> None:
        """Answer, or raise EngineUnavailable."""
        ...

    def listing(self) -> tuple[ListedContainer, ...]:
        """All containers with our controller's label, in one call."""
        ...

    def containers_of(self, uid: str) -> tuple[ObservedContainer, ...]:
        """Everything about the containers of one playground."""
        ...

    def inspected(self, containers: Sequence[str]) -> tuple[ObservedContainer, ...]:
        """Everything about these containers, by their ids; one that is gone is not among them."""
        ...

    def published_ports(self) -> frozenset[int]:
        """The host ports of all running containers, whoever they belong to."""
        ...

    def has_image(self, reference: str) -> bool:
        """Whether the image is on this engine."""
        ...

    def images(self) -> tuple[ListedImage, ...]:
        """All images with our controller's label, and whether they are in use."""
        ...

    def remove_image(self, reference: str) -> None:
        """Remove an image that no container uses. Raises EngineRefused when one does."""
        ...

    def networks(self) -> tuple[ListedNetwork, ...]:
        """All networks with our controller's label, and whether they are in use."""
        ...

    def remove_network(self, name: str) -> None:
        """Remove a network of ours that no container uses. Raises EngineRefused when one does."""
        ...

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id. Raises NameConflict, ImageMissing, EngineRefused."""
        ...

    def start(self, container: str) -> None:
        """Start it. Raises NotFound, NetworkGone, PortTaken, EngineRefused."""
        ...

    def restart(self, container: str, grace: int) -> None:
        """Stop it within `grace` seconds and start it again. Raises NotFound, PortTaken, EngineRefused."""
        ...

    def stop(self, container: str, grace: int) -> None:
        """Stop it within `grace` seconds, by force if it has to be."""
        ...

    def remove(self, container: str) -> None:
        """Kill and remove it."""
        ...

    def usage(self, container: str) -> Usage:
        """What it uses; takes a second or two, as a rate needs two looks. Raises NotFound."""
        ...

    def log_tail(self, container: str, lines: int) -> tuple[str, ...]:
        """The last lines it wrote. Raises NotFound."""
        ...

    def events(self, since: float, stop: threading.Event) -> Iterator[EngineEvent]:
        """What happens to our containers from `since` on, until `stop` is set or the stream breaks."""
        ...

    def build(
        self,
        context: Iterable[bytes],
        image: ImageToBuild,
        *,
        cancelled: threading.Event,
        deadline: float,
        on_line: Callable[[str], None],
    ) -> str:
        """Build an image from a tar and return its id. Raises ImageBuildFailed, BuildCancelled, BuildTimedOut."""
        ...
