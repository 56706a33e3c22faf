"""Since when the engine has been listened to without a break.

An engine that dies takes its containers with it (Docker does, without live-restore), and says of them afterwards
that they exited. That is no failure of theirs: what ended while nobody could hear of it is started again at once.

An engine that answers and will not be listened to, again and again, has not died: then nobody hears, and ends count.
"""

import math
import threading

SHORT = 5.0
"""Seconds; a stream that ends sooner has been refused."""
DEAF = 3
"""So many refusals in a row, by an engine that answers each time, are no death of it."""


class Hearing:
    """Safe to share between threads. Times are seconds since the epoch; infinity while nothing is heard."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = math.inf
        self._began: float | None = None
        self._refusals = 0

    def since(self) -> float:
        """From when on everything has been heard of."""
        with self._lock:
            return self._since

    def begins(self, now: float) -> None:
        """The engine answers, and its events are listened to from now on."""
        with self._lock:
            self._began = now
            if self._refusals < DEAF:
                self._since = now

    def ends(self, now: float) -> int:
        """The engine is not heard any more, or has not even answered; how many refusals in a row there have been."""
        with self._lock:
            refused = self._began is not None and now - self._began < SHORT
            self._refusals = self._refusals + 1 if refused else 0
            self._began = None
            if self._refusals < DEAF:
                self._since = math.inf
            return self._refusals
