"""Where the main thread's time goes, by the standard library alone.

Every millisecond the kernel interrupts the thread, which notes the part of the code that it is in. What has to end
before Python can look (a statement of SQLite, a call of the system) is counted for where it was called.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

Place = tuple[str, str]
"""A file, and a function in it."""

_EVERY_S = 0.001


@contextmanager
def sampling(part_of: Callable[[Sequence[Place]], str | None]) -> Iterator[Counter[str]]:
    """Count, until the block ends, how often the thread was seen in each part of the code.

    Args:
        part_of: what a stack, innermost first, is busy with; None is not counted. Pure.
    """
    seen: Counter[str] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        part = part_of(list(_places(frame)))
        if part is not None:
            seen[part] += 1

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _EVERY_S, _EVERY_S)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _places(frame: FrameType | None) -> Iterator[Place]:
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_code.co_name
        frame = frame.f_back
