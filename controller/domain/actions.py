"""The actions: a closed union of small frozen values, each with its cause.

A `match` over `Action` ends in `assert_never`, so that a new action breaks type-checking wherever it is not handled.
`str(action)` is one stable line: tests compare it, a dry run prints it, the log says it.
"""

from dataclasses import dataclass
from typing import TypeAlias

from controller.domain.container_spec import ContainerSpec


@dataclass(frozen=True, slots=True)
class ReserveHostPort:
    """Take a port from the ledger, before the container exists."""

    avoid: frozenset[int]
    cause: str
    prefer: int | None = None
    """The port a container of this playground has already, if any."""
    required: int | None = None
    """The one port that will do, if the spec names one."""

    def __str__(self) -> str:
        return f"ReserveHostPort, {self.cause}"


@dataclass(frozen=True, slots=True)
class QuarantineHostPort:
    """Give the reserved port up and keep everybody off it until then."""

    port: int
    until: float
    cause: str

    def __str__(self) -> str:
        return f"QuarantineHostPort {self.port}, {self.cause}"


@dataclass(frozen=True, slots=True)
class StartBuild:
    """Begin to build the image in the build pool; the pass does not wait for it."""

    image: str
    digest: str
    generation: int
    cause: str

    def __str__(self) -> str:
        return f"StartBuild {self.image}, {self.cause}"


@dataclass(frozen=True, slots=True)
class CancelBuild:
    """End the running build of this key."""

    image: str
    cause: str

    def __str__(self) -> str:
        return f"CancelBuild {self.image}, {self.cause}"


@dataclass(frozen=True, slots=True)
class CreateContainer:
    """Create a container, not started yet."""

    spec: ContainerSpec
    cause: str

    def __str__(self) -> str:
        return f"CreateContainer {self.spec.name}, {self.cause}"


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Start a container that is there, by id or name."""

    container: str
    name: str
    cause: str

    def __str__(self) -> str:
        return f"StartContainer {self.name}, {self.cause}"


@dataclass(frozen=True, slots=True)
class RestartContainer:
    """Stop and start the same container in place."""

    container: str
    name: str
    cause: str

    def __str__(self) -> str:
        return f"RestartContainer {self.name}, {self.cause}"


@dataclass(frozen=True, slots=True)
class StopContainer:
    """Stop a container; its port reservation and its files stay."""

    container: str
    name: str
    cause: str

    def __str__(self) -> str:
        return f"StopContainer {self.name}, {self.cause}"


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Kill and remove a container of ours."""

    container: str
    name: str
    cause: str

    def __str__(self) -> str:
        return f"RemoveContainer {self.name}, {self.cause}"


@dataclass(frozen=True, slots=True)
class ExpirePlayground:
    """Ask for the deletion of a playground whose time to live is over."""

    cause: str

    def __str__(self) -> str:
        return f"ExpirePlayground, {self.cause}"


@dataclass(frozen=True, slots=True)
class ForgetPlayground:
    """Free the port and remove the record. Only ever planned when an observation says that no container is left."""

    cause: str

    def __str__(self) -> str:
        return f"ForgetPlayground, {self.cause}"


Action: TypeAlias = (
    ReserveHostPort
    | QuarantineHostPort
    | StartBuild
    | CancelBuild
    | CreateContainer
    | StartContainer
    | RestartContainer
    | StopContainer
    | RemoveContainer
    | ExpirePlayground
    | ForgetPlayground
)
