"""What was seen to be there a moment ago, and is taken to be there still: a question less for each container.

Good only for what tells by itself that it is gone: a create answers that the image is missing, a start that the network
is, and then it is forgotten here. So nobody is ever refused for what is remembered, at worst a step is done twice.
"""

import threading

from api.clock import Clock, SystemClock

SECONDS = 30.0
"""As long as what somebody else has done may go unnoticed anyway, which is until the next resync."""


class Lately:
    """Names, each with the moment when it was seen last. Safe to share between threads."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    def saw(self, name: str) -> None:
        """It is there now."""
        with self._lock:
            self._seen[name] = self._clock.monotonic()

    def __contains__(self, name: str) -> bool:
        """Whether it was there lately."""
        with self._lock:
            seen = self._seen.get(name)
            if seen is not None and self._clock.monotonic() - seen > SECONDS:
                del self._seen[name]
                seen = None
            return seen is not None

    def forget(self) -> None:
        """Something was removed, or was missing: nothing is known of any."""
        with self._lock:
            self._seen.clear()
