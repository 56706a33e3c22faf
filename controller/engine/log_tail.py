"""The end of a build's log, in which what was said on stderr is not pushed out by what was said on stdout.

BuildKit reads a step's stdout and its stderr by two readers, so the order in which their lines arrive is not the one in
which they were written: the cause of a failure, written last and on stderr, may arrive before hundreds of lines that
were written before it on stdout. A tail that counts lines only would lose just the line for which it is kept.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

LOG_TAIL_LINES = 100
ERROR_LINES = 20


@dataclass(frozen=True)
class LogLine:
    """A line of a build's log. ``is_error`` when it came from stderr or says that a step has failed."""

    text: str
    is_error: bool = False


class LogTail:
    """The last ``limit`` lines; among them, whatever came after, the last ``errors`` lines of stderr (or fewer).

    The lines keep the order in which they arrived. At most ``limit + errors`` of them are in memory.
    """

    def __init__(self, limit: int = LOG_TAIL_LINES, errors: int = ERROR_LINES) -> None:
        """Raises ValueError unless ``0 <= errors <= limit``."""
        if not 0 <= errors <= limit:
            raise ValueError(
                f"A tail of {limit} lines cannot keep {errors} of stderr: name a number from 0 to {limit}."
            )
        self._limit = limit
        self._latest: deque[tuple[int, str]] = deque(maxlen=limit)
        self._errors: deque[tuple[int, str]] = deque(maxlen=errors)
        self._count = 0

    def add(self, line: LogLine) -> None:
        """Take in the line that has just arrived."""
        self._count += 1
        entry = (self._count, line.text)
        self._latest.append(entry)
        if line.is_error:
            self._errors.append(entry)

    def __iter__(self) -> Iterator[str]:
        """The lines' texts, the oldest first: as many as there are, up to the limit."""
        others = [entry for entry in self._latest if entry not in self._errors]
        room = self._limit - len(self._errors)
        return iter([text for _, text in sorted([*self._errors, *others[max(0, len(others) - room) :]])])
