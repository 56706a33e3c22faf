"""Since when the engine has been listened to without a break.

An engine that dies takes its containers with it (Docker does, without live-restore), and says of them afterwards
that they exited. That is no failure of theirs: what ended while nobody could hear of it is started again at once.
"""

import math
import threading


class Hearing:
    """Safe to share between threads. Times are seconds since the epoch; infinity while nothing is heard."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = math.inf

    def since(self) -> float:
        """From when on everything has been heard of."""
        with self._lock:
            return self._since

    def begins(self, now: float) -> None:
        """The engine answers, and its events are listened to from now on."""
        with self._lock:
            self._since = now

    def ends(self) -> None:
        """The engine is not heard any more."""
        with self._lock:
            self._since = math.inf
