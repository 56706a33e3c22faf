"""What the store and the controller hand each other: one key's desired state, and the report of one pass."""

from pydantic import Field

from api.resources.build import Build, BuildResult
from api.resources.event import NewEvent
from api.resources.playground import Playground, PlaygroundStatus
from api.resources.value import Value


class DesiredState(Value):
    """All that is wanted of one playground, read in one transaction."""

    playground: Playground
    open_builds: tuple[Build, ...] = ()
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    """The digests of the secrets that the spec refers to, by name; one that is not there is not set, or no set."""
    unusable_sets: dict[str, str] = Field(default_factory=dict)
    """Secrets that are set, but not as the set of variables that the spec takes them for: name to what is wrong."""
    version: int = 0
    """Of the newest change of what is wanted."""


class Report(Value):
    """What one pass has to say: written in one transaction, guarded by the claim."""

    status: PlaygroundStatus
    events: tuple[NewEvent, ...] = ()
    builds: tuple[BuildResult, ...] = ()


class Claim(Value):
    """The right to write: a lease's epoch. A write with a claim that has been taken over changes nothing."""

    holder: str
    epoch: int
