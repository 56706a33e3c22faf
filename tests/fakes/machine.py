"""The machine behind the fake engine: containers, images, ports and events, whoever they belong to.

The containers behave as the image of `tests/images/http` does, by the same variables: CRASH_AFTER_MS, NEVER_LISTEN,
UNHEALTHY_AFTER_MS, START_DELAY_MS. With OOM set, they end as one that needs too much memory does.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.domain.observed import ContainerState, Probe, ProbeVerdict
from controller.engine.errors import (
    NotFound,
    PortTaken,
)
from controller.engine.interface import EngineEvent
from controller.planner.wanted import (
    LABEL_CONTROLLER,
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
            due = _ends_at(container)
            if due is not None and due <= self.clock.now() and container.environment.get("OOM"):
                self.kill(container, oom=True)
            elif due is not None and due <= self.clock.now():
                self._end(container, CRASHED, due)

    def next_end(self) -> float | None:
        """When the next one ends by itself; None where none will."""
        return min((due for c in self.containers.values() if (due := _ends_at(c)) is not None), default=None)

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
            if oom:
                self.note(container, "oom")
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


def _ends_at(container: FakeContainer) -> float | None:
    """When it will end by itself, where it runs and will."""
    after = container.milliseconds("CRASH_AFTER_MS")
    if container.state is not ContainerState.RUNNING or after is None or container.started_at is None:
        return None
    return container.started_at + max(after, 0.001)
