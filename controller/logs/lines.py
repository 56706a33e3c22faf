"""A line of a container's log, and where lines come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as the engine noted it. `at` is in nanoseconds since the epoch."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """Which lines: after `after` and not after `until` (nanoseconds since the epoch), the last `tail` of them."""

    after: int = 0
    until: int | None = None
    tail: int | None = None


class ContainerLogs(Protocol):
    """What can read a container's log."""

    def lines(self, container: str, span: Span, *, follow: bool = False) -> Iterator[LogLine | None]:
        """Its lines; following, also those to come until it ends, and None whenever there were none for a while.

        Raises EngineError: NotFound when there is no such container.
        """
        ...
