"""An engine with memory: what Docker answers, on a fake machine (`tests.fakes.machine`).

`tests/engine/test_conformance.py` holds it against real Docker.
"""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from controller.domain.container_spec import ContainerSpec
from controller.domain.garbage import ListedImage, ListedNetwork
from controller.domain.observed import ContainerState, ListedContainer, ObservedContainer, Usage
from controller.engine.errors import (
    BuildCancelled,
    EngineRefused,
    EngineUnavailable,
    ImageBuildFailed,
    ImageMissing,
    NameConflict,
    NotFound,
)
from controller.engine.interface import EngineEvent, ImageToBuild
from controller.engine.lately import Lately
from controller.planner.wanted import (
    LABEL_CONTROLLER,
    LABEL_GENERATION,
    LABEL_RELEASE,
    LABEL_SPEC_HASH,
    LABEL_UID,
)
from tests.fakes.machine import CALL_SECONDS, FakeContainer, FakeMachine


class FakeEngine:
    """The machine's engine, as one controller uses it."""

    def __init__(self, machine: FakeMachine, controller_id: str) -> None:
        self._machine = machine
        self._controller_id = controller_id
        self._images = Lately(machine.clock)

    def ping(self) -> None:
        self._answer()

    def listing(self) -> tuple[ListedContainer, ...]:
        """All containers with our controller's label."""
        self._answer()
        return tuple(ListedContainer(c.id, c.uid, c.state, c.spec_hash) for c in map(_observed, self._own()))

    def containers_of(self, uid: str) -> tuple[ObservedContainer, ...]:
        """Everything about the containers of one playground."""
        self._answer()
        found = tuple(_observed(c) for c in self._own() if c.labels.get(LABEL_UID) == uid)
        self._machine.calls += len(found)
        return found

    def inspected(self, containers: Sequence[str]) -> tuple[ObservedContainer, ...]:
        """Everything about these containers, by their ids; one that is gone is not among them."""
        self._answer(len(containers))
        return tuple(_observed(c) for wanted in containers for c in self._own() if c.id == wanted)

    def published_ports(self) -> frozenset[int]:
        self._answer()
        return self._machine.published_ports()

    def has_image(self, reference: str) -> bool:
        if reference in self._images:
            return True
        self._answer()
        is_there = reference in self._machine.images
        if is_there:
            self._images.saw(reference)
        return is_there

    def images(self) -> tuple[ListedImage, ...]:
        """All images with our controller's label."""
        self._answer()
        return tuple(
            ListedImage(image.id, (tag,), image.labels.get(LABEL_RELEASE, ""), image.created_at, self._is_used(tag))
            for tag, image in self._machine.images.items()
            if image.labels.get(LABEL_CONTROLLER) == self._controller_id
        )

    def remove_image(self, reference: str) -> None:
        """Remove an image that no container uses."""
        self._images.forget()
        self._answer()
        if self._is_used(reference):
            raise EngineRefused(f"conflict: unable to remove {reference}: a container uses it")
        self._machine.images.pop(reference, None)

    def networks(self) -> tuple[ListedNetwork, ...]:
        return tuple(ListedNetwork(name, at, in_use=False) for name, at in self._machine.networks.items())

    def remove_network(self, name: str) -> None:
        self._machine.networks.pop(name, None)

    def create(self, spec: ContainerSpec) -> str:
        """Create a container, and its network; one of ours that has its name already is adopted."""
        self._answer()
        if spec.network and spec.network not in self._machine.networks:
            self._machine.calls += 3
            self._machine.networks[spec.network] = self._machine.clock.now()
        if spec.image not in self._machine.images:
            self._images.forget()
            raise ImageMissing(f"No such image: {spec.image}")
        labels = dict(spec.labels)
        for there in self._machine.containers.values():
            if there.name == spec.name:
                self._machine.calls += 1
                if any(there.labels.get(name) != labels.get(name) for name in (LABEL_CONTROLLER, LABEL_UID)):
                    raise NameConflict(f"A container that is not ours has the name {spec.name}.")
                return there.id
        return self._machine.add(
            spec.name, spec.image, labels=labels, environment=dict(spec.environment), host_port=spec.host_port
        ).id

    def start(self, container: str) -> None:
        """Start it. Raises NotFound, PortTaken, and what the machine was told to refuse with."""
        self._answer()
        self._machine.start(self._machine.find(container))

    def restart(self, container: str, grace: int) -> None:
        """Stop it and start it again. Raises NotFound, PortTaken."""
        self._answer()
        found = self._machine.find(container)
        self._machine.stop(found)
        self._machine.start(found)
        self._machine.note(found, "restart")

    def stop(self, container: str, grace: int) -> None:
        """Stop it; success when it is gone."""
        self._answer()
        for found in self._there(container):
            self._machine.stop(found)

    def remove(self, container: str) -> None:
        """Kill and remove it; success when it is gone."""
        self._answer()
        for found in self._there(container):
            self._machine.remove(found)

    def usage(self, container: str) -> Usage:
        return Usage(1.5, 1024, 10, 20)

    def log_tail(self, container: str, lines: int) -> tuple[str, ...]:
        """The last lines it wrote."""
        self._answer()
        return tuple(self._machine.find(container).log[-lines:])

    def events(self, since: float, stop: threading.Event) -> Iterator[EngineEvent]:
        """What happened from the second of `since` on; ends broken, as a stream does whose engine goes away."""
        self._answer()
        for position in itertools.count():
            if stop.is_set():
                return
            if position >= len(self._machine.events):
                raise EngineUnavailable("The engine's event stream has ended.")
            controller, event = self._machine.events[position]
            if controller == self._controller_id and event.uid and event.at >= int(since):
                yield event

    def build(
        self,
        context: Iterable[bytes],
        image: ImageToBuild,
        *,
        cancelled: threading.Event,
        deadline: float,
        on_line: Callable[[str], None],
    ) -> str:
        """Build at once, one step for each piece of the context; fails as the machine was told."""
        self._answer()
        for number, _ in enumerate(context, start=1):
            if cancelled.is_set():
                raise BuildCancelled("The build was cancelled.")
            on_line(f"step {number}")
        failure = self._machine.failing_builds.get(image.tag)
        if failure is not None:
            raise failure
        return self._machine.add_image(image.tag, image.labels)

    def _answer(self, requests: int = 1) -> None:
        """Answer so many requests as Docker is asked for this."""
        self._machine.calls += requests
        self._machine.clock.advance(CALL_SECONDS)
        self._machine.catch_up()

    def _own(self) -> list[FakeContainer]:
        """Our containers, the newest first, as Docker lists them."""
        own = (c for c in self._machine.containers.values() if c.labels.get(LABEL_CONTROLLER) == self._controller_id)
        return sorted(own, key=lambda c: c.id, reverse=True)

    def _there(self, reference: str) -> tuple[FakeContainer, ...]:
        try:
            return (self._machine.find(reference),)
        except NotFound:
            return ()

    def _is_used(self, tag: str) -> bool:
        return any(c.image == tag for c in self._machine.containers.values())


def build_failure(reason: str = "the build failed") -> ImageBuildFailed:
    """What a failing build raises."""
    return ImageBuildFailed(reason, ("step 1", "error: no such package"))


def _observed(container: FakeContainer) -> ObservedContainer:
    ended = container.state in {ContainerState.EXITED, ContainerState.DEAD}
    return ObservedContainer(
        id=container.id,
        name=container.name,
        uid=container.labels.get(LABEL_UID, ""),
        spec_hash=container.labels.get(LABEL_SPEC_HASH, ""),
        generation=int(container.labels.get(LABEL_GENERATION) or 0),
        image=container.image,
        state=container.state,
        host_port=container.host_port,
        created_at=container.created_at,
        started_at=container.started_at,
        finished_at=container.finished_at,
        exit_code=container.exit_code if ended else None,
        oom_killed=container.oom_killed,
        error=container.error,
    )
