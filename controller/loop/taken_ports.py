"""Ports that others have: what the host listens on, looked at each time, and what the engine publishes, now and then.

To ask the engine is to have it describe all containers that run. What it publishes shows in the host's own tables too,
where it is the same host; and a port that was taken in between is refused by the engine, which is heard.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from api.clock import Clock

SEEN_FOR = 5.0
"""Seconds for which the engine's answer is taken to hold."""


@dataclass(slots=True)
class TakenPorts:
    """Safe to share between threads."""

    published: Callable[[], frozenset[int]]
    """Asks the engine. Raises EngineError."""
    listening: Callable[[], frozenset[int]]
    """Asks the host."""
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: frozenset[int] = frozenset()
    _seen_until: float = 0.0

    def __call__(self) -> frozenset[int]:
        """All that are known to be taken. Raises EngineError."""
        with self._lock:  # of many that ask at once one asks the engine, for all
            if self.clock.monotonic() >= self._seen_until:
                self._seen = self.published()
                self._seen_until = self.clock.monotonic() + SEEN_FOR
            seen = self._seen
        return seen | self.listening()
