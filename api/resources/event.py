"""Events: what happened, for people. Kept apart from logs; equal ones in a row are counted, not repeated."""

from enum import StrEnum

from api.resources.conditions import Reason
from api.resources.value import Value


class EventType(StrEnum):
    """Normal, or something a person may want to look at."""

    NORMAL = "Normal"
    WARNING = "Warning"


class NewEvent(Value):
    """What shall be recorded."""

    type: EventType = EventType.NORMAL
    reason: Reason
    message: str


class Event(NewEvent):
    """What was recorded. Times are seconds since the epoch."""

    id: int
    playground_uid: str
    playground_name: str
    count: int = 1
    first_seen: float
    last_seen: float
    version: int = 0
    """Its own: no other event has it. It grows when the event is counted again."""
