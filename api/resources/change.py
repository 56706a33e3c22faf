"""Changes of playgrounds, in the order in which they were committed: what a watch tells."""

from dataclasses import dataclass
from enum import StrEnum

from api.resources.event import Event
from api.resources.playground import Playground
from api.resources.value import Value


class ChangeType(StrEnum):
    """The words of a watch."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the playground as it was right after it (after a deletion: as it was last)."""

    version: int
    type: ChangeType
    playground: Playground


class Changes(Value):
    """What came after a version."""

    items: tuple[Change, ...]
    version: int
    """All that was committed up to this version is among the items, or came before."""


class EventChanges(Value):
    """Events that were recorded, or counted once more, up to a version; as `Changes`."""

    items: tuple[Event, ...]
    version: int


class Snapshot(Value):
    """All playgrounds as of one version, by ascending record id."""

    version: int
    playgrounds: tuple[Playground, ...]
