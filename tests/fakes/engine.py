"""An engine with memory: containers, images, ports and events as Docker has them, on one fake machine.

`tests/engine/test_conformance.py` holds it against real Docker. The containers behave as the image of
`tests/images/http` does, by the same variables: CRASH_AFTER_MS, NEVER_LISTEN, UNHEALTHY_AFTER_MS, START_DELAY_MS.
"""

import copy
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.container_spec import ContainerSpec
from controller.domain.garbage import ListedImage, ListedNetwork
from controller.domain.observed import ContainerState, ListedContainer, ObservedContainer, Probe, ProbeVerdict, Usage
from controller.engine.errors import (
    BuildCancelled,
    EngineRefused,
    EngineUnavailable,
    ImageBuildFailed,
    ImageMissing,
    NameConflict,
    NotFound,
    PortTaken,
)
from controller.engine.interface import EngineEvent, ImageToBuild
from controller.planner.wanted import (
    LABEL_CONTROLLER,
    LABEL_GENERATION,
    LABEL_RELEASE,
    LABEL_SPEC_HASH,
    LABEL_UID,
)
from tests.fakes.clock import FakeClock

START_SECONDS, STOP_SECONDS, CALL_SECONDS = 0.2, 0.1, 0.004
KILLED, CRASHED, START_FAILED = 137, 3, 128
FIRST_LINE = "playground-test-http started"


@dataclass
class FakeContainer:
    """One container; times in seconds since the epoch."""

    id: str
    name: str
    labels: Mapping[str, str]
    image: str
    environment: Mapping[str, str]
    host_port: int | None
    created_at: float
    state: ContainerState = ContainerState.CREATED
    started_at: float | None = None
    finished_at: float | None = None
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def is_up(self) -> bool:
        """Whether its process lives."""
        return self.state in {ContainerState.RUNNING, ContainerState.PAUSED}

    def milliseconds(self, variable: str) -> float | None:
        """What a variable says of it, in seconds; None where it is not set."""
        text = self.environment.get(variable, "")
        return int(text) / 1000.0 if text else None


@dataclass
class FakeImage:
    """One image by its reference."""

    id: str
    labels: Mapping[str, str]
    created_at: float


class FakeMachine:
    """What there is of a machine, whoever it belongs to. One clock for all."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.containers: dict[str, FakeContainer] = {}
        self.images: dict[str, FakeImage] = {}
        self.networks: dict[str, float] = {}
        self.host_ports: set[int] = set()
        """Ports that processes of the host listen on."""
        self.unseen_ports: set[int] = set()
        """More of them, that nobody sees who looks."""
        self.events: list[tuple[str, EngineEvent]] = []
        """What happened, each with the controller whose container it happened to."""
        self.refuses_to_start: dict[str, Exception] = {}
        """Images whose containers the runtime will not start, with what the engine says."""
        self.failing_builds: dict[str, Exception] = {}
        """Images whose build ends with an error."""
        self.calls = 0
        """How many requests the engine has answered."""
        self._number = 0

    def state(self) -> dict[str, object]:
        """A copy of all there is, for `restore`."""
        return copy.deepcopy({name: value for name, value in vars(self).items() if name != "clock"})

    def restore(self, state: Mapping[str, object]) -> None:
        """Be as it was then. The clock is set by whoever set it."""
        vars(self).update(copy.deepcopy(dict(state)))

    def add_image(self, reference: str, labels: Mapping[str, str] | None = None) -> str:
        """Have an image, as if it had been pulled; its id."""
        self.images[reference] = FakeImage(self._new_id("image"), labels or {}, self.clock.now())
        return self.images[reference].id

    def add(
        self,
        name: str,
        image: str,
        *,
        labels: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        host_port: int | None = None,
    ) -> FakeContainer:
        """Have a container that was created and not started, whoever made it."""
        container = FakeContainer(
            id=self._new_id(name),
            name=name,
            labels=dict(labels or {}),
            image=image,
            environment=dict(environment or {}),
            host_port=host_port,
            created_at=self.clock.now(),
        )
        self.containers[container.id] = container
        self.note(container, "create")
        return container

    def catch_up(self) -> None:
        """Let what was due to crash by now have crashed, at its time."""
        for container in self.containers.values():
            after = container.milliseconds("CRASH_AFTER_MS")
            if container.state is ContainerState.RUNNING and after is not None and container.started_at is not None:
                due = container.started_at + max(after, 0.001)
                if due <= self.clock.now():
                    self._end(container, CRASHED, due)

    def start(self, container: FakeContainer) -> None:
        """Start it, or refuse as Docker does: a refused one keeps its state. Raises PortTaken, EngineRefused."""
        if container.is_up:
            return
        refusal = self.refuses_to_start.get(container.image)
        if refusal is None and container.host_port is not None and container.host_port in self.taken_ports():
            refusal = PortTaken(f"driver failed: Bind for 127.0.0.1:{container.host_port}: port is already allocated")
        if refusal is not None:
            container.error, container.exit_code = str(refusal), container.exit_code or START_FAILED
            raise refusal
        self.clock.advance(START_SECONDS)
        container.state, container.started_at = ContainerState.RUNNING, self.clock.now()
        container.exit_code, container.oom_killed, container.error = 0, False, ""
        container.log.append(FIRST_LINE)
        self.note(container, "start")

    def stop(self, container: FakeContainer) -> None:
        """Ask its process to end, which the test image does with code 0. What is not up stays as it is."""
        if container.is_up:
            self.clock.advance(STOP_SECONDS)
            self._end(container, 0, self.clock.now())
            self.note(container, "stop")

    def kill(self, container: FakeContainer, *, oom: bool = False) -> None:
        """What the kernel, or a person, does to it."""
        if container.is_up:
            self.clock.advance(CALL_SECONDS)
            container.oom_killed = oom
            self._end(container, KILLED, self.clock.now())

    def remove(self, container: FakeContainer) -> None:
        """Kill and remove it."""
        self.kill(container)
        del self.containers[container.id]
        self.note(container, "destroy")

    def find(self, reference: str) -> FakeContainer:
        """By id, a prefix of it, or name. Raises NotFound."""
        for container in self.containers.values():
            if container.name == reference or container.id.startswith(reference):
                return container
        raise NotFound(f"No such container: {reference}")

    def taken_ports(self) -> frozenset[int]:
        """The ports of all that runs: containers of anybody and processes of the host."""
        return self.published_ports() | self.host_ports | self.unseen_ports

    def published_ports(self) -> frozenset[int]:
        """The ports of all running containers."""
        return frozenset(c.host_port for c in self.containers.values() if c.is_up and c.host_port is not None)

    def probe(self, _host: str, port: int, _path: str, _timeout: float) -> Probe:
        """What a GET on that port of the machine meets."""
        self.catch_up()
        listening = [c for c in self.containers.values() if c.state is ContainerState.RUNNING and c.host_port == port]
        if not listening:
            return Probe(ProbeVerdict.NOT_READY, "connection refused: nothing listens on the port")
        container = listening[0]
        age = self.clock.now() - (container.started_at or 0.0)
        unhealthy_after = container.milliseconds("UNHEALTHY_AFTER_MS")
        if container.environment.get("NEVER_LISTEN") or age < (container.milliseconds("START_DELAY_MS") or 0.0):
            return Probe(ProbeVerdict.NOT_READY, "the connection broke before an answer (ConnectionResetError)")
        if unhealthy_after is not None and age >= unhealthy_after:
            return Probe(ProbeVerdict.NOT_READY, "it answered 500")
        return Probe(ProbeVerdict.READY)

    def note(self, container: FakeContainer, action: str) -> None:
        """Remember that something happened to it."""
        uid, controller = (container.labels.get(label, "") for label in (LABEL_UID, LABEL_CONTROLLER))
        self.events.append((controller, EngineEvent(uid, action, self.clock.now(), container.id)))

    def _end(self, container: FakeContainer, code: int, at: float) -> None:
        container.state, container.finished_at, container.exit_code = ContainerState.EXITED, at, code
        self.note(container, "die")

    def _new_id(self, what: str) -> str:
        self._number += 1
        return f"{self._number:04x}{what.encode().hex()}".ljust(64, "0")[:64]


class FakeEngine:
    """The machine's engine, as one controller uses it."""

    def __init__(self, machine: FakeMachine, controller_id: str) -> None:
        self._machine = machine
        self._controller_id = controller_id

    def ping(self) -> None:
        self._answer()

    def listing(self) -> tuple[ListedContainer, ...]:
        """All containers with our controller's label."""
        self._answer()
        return tuple(ListedContainer(c.id, c.uid, c.state, c.spec_hash) for c in map(_observed, self._own()))

    def containers_of(self, uid: str) -> tuple[ObservedContainer, ...]:
        """Everything about the containers of one playground."""
        self._answer()
        return tuple(_observed(c) for c in self._own() if c.labels.get(LABEL_UID) == uid)

    def inspected(self, containers: Sequence[str]) -> tuple[ObservedContainer, ...]:
        """Everything about these containers, by their ids; one that is gone is not among them."""
        self._answer()
        return tuple(_observed(c) for wanted in containers for c in self._own() if c.id == wanted)

    def published_ports(self) -> frozenset[int]:
        self._answer()
        return self._machine.published_ports()

    def has_image(self, reference: str) -> bool:
        self._answer()
        return reference in self._machine.images

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
        self._machine.networks.setdefault(spec.network, self._machine.clock.now())
        if spec.image not in self._machine.images:
            raise ImageMissing(f"No such image: {spec.image}")
        labels = dict(spec.labels)
        for there in self._machine.containers.values():
            if there.name == spec.name:
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

    def _answer(self) -> None:
        self._machine.calls += 1
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
