"""What the engine reported at one instant. Lossless: the planner chooses, the observer only tells.

`Unknown` is a value: it could not be seen (a time-out, a 500, a broken connection). It is never the same as absent.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Unknown:
    """Could not be seen, and why."""

    why: str


class ContainerState(StrEnum):
    """The engine's own words."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class ObservedContainer:
    """One container that carries our labels. Times are seconds since the epoch."""

    id: str
    name: str
    uid: str
    spec_hash: str
    generation: int
    image: str
    state: ContainerState
    host_port: int | None
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""

    @property
    def run(self) -> str:
        """Which start of which container this is: the same text means the same process tree."""
        return f"{self.id[:12]}@{self.started_at or 0:.6f}"

    @property
    def is_up(self) -> bool:
        """Whether its process lives."""
        return self.state in {ContainerState.RUNNING, ContainerState.PAUSED, ContainerState.RESTARTING}

    @property
    def has_ended(self) -> bool:
        """Whether it ran and its process is gone."""
        return self.state in {ContainerState.EXITED, ContainerState.DEAD}


@dataclass(frozen=True, slots=True)
class ListedContainer:
    """A container of ours as the cheap list shows it."""

    id: str
    uid: str
    state: ContainerState
    spec_hash: str = ""


@dataclass(frozen=True, slots=True)
class StrangersContainer:
    """A container that is not ours, as the cheap list shows it. Nothing is ever decided by it."""

    id: str
    name: str
    image: str
    status: str
    """As the engine says it."""


def run_began(run: str) -> float:
    """When that start of that container was, in seconds since the epoch."""
    return float(run.rpartition("@")[2])


@dataclass(frozen=True, slots=True)
class Usage:
    """What a container uses at the moment; bytes since its start for the network."""

    cpu_percent: float
    """Of one core: 200 is two cores."""
    memory_bytes: int
    network_rx_bytes: int
    network_tx_bytes: int


class ImageState(StrEnum):
    """Whether the image a container shall be made from is there."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True, slots=True)
class BuildInProgress:
    """An image build that runs in this process."""

    image: str
    since: float
    step: str = ""


@dataclass(frozen=True, slots=True)
class BuildEnded:
    """The last image build of this key in this process. `error` is None when it made the image."""

    image: str
    ended_at: float
    error: str | None = None
    log_tail: tuple[str, ...] = ()
    terminal: bool = False
    """Whether trying again without a change is of no use (the archive is refused)."""
    by_engine: bool = False
    """Whether the engine answered that it could not, which says nothing about the plugin."""


class ProbeVerdict(StrEnum):
    """What the readiness or liveness probe found."""

    NOT_PROBED = "not probed"
    READY = "ready"
    NOT_READY = "not ready"


@dataclass(frozen=True, slots=True)
class Probe:
    """The probe's verdict, with what it met."""

    verdict: ProbeVerdict = ProbeVerdict.NOT_PROBED
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything seen for one key in one pass."""

    containers: tuple[ObservedContainer, ...] | Unknown
    image: ImageState | Unknown = ImageState.NOT_LOOKED_AT
    build: BuildInProgress | BuildEnded | None = None
    probe: Probe = field(default_factory=Probe)
    taken_ports: frozenset[int] | Unknown = frozenset()
    """Host ports that others listen on or publish; looked at only when a port has to be reserved."""
    heard_since: float = 0.0
    """Since when the engine has been heard without a break; infinity while it is not. Seconds since the epoch."""
    log_tail: tuple[str, ...] = ()
    """The last lines of the container that failed, when there is a new failure to tell of."""
