"""The workqueue: keys, each in it once at most, and with one worker at a time.

As in Kubernetes' client-go: a key that is added while it is being worked on goes round again when the worker is done;
keys come out in the order in which they became due.
"""

import heapq
import threading
from collections import deque

from api.clock import Clock


class Workqueue:
    """Safe to share between threads. Delays are in seconds of the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._ready: deque[str] = deque()
        self._waiting: set[str] = set()
        self._in_work: set[str] = set()
        self._again: set[str] = set()
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._closed = False
        self.adds = 0
        """How often a key was added that was not in the queue."""

    def add(self, key: str) -> None:
        """Have the key worked on as soon as a worker is free."""
        with self._changed:
            self._due.pop(key, None)
            self._put(key)

    def add_after(self, key: str, delay: float) -> None:
        """Have the key worked on in `delay` seconds, or earlier where it was due earlier already."""
        if delay <= 0:
            self.add(key)
            return
        with self._changed:
            self._schedule(key, self._clock.monotonic() + delay)

    def get(self, timeout: float | None = None) -> str | None:
        """The next key that is due; None when the queue is closed, or nothing was due within `timeout` seconds."""
        deadline = None if timeout is None else self._clock.monotonic() + timeout
        with self._changed:
            while not self._closed:
                self._release_due()
                if self._ready:
                    key = self._ready.popleft()
                    self._waiting.discard(key)
                    self._in_work.add(key)
                    return key
                now = self._clock.monotonic()
                pauses = [when - now for when in (deadline, self._next_due()) if when is not None]
                if deadline is not None and now >= deadline:
                    return None
                self._changed.wait(max(0.0, min(pauses)) if pauses else None)
            return None

    def done(self, key: str, again_after: float | None = None) -> None:
        """The worker is done with the key; it wants to see it again in so many seconds (None: only when hinted)."""
        with self._changed:
            self._in_work.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._put(key)
            elif again_after is not None and again_after <= 0:
                self._put(key)
            elif again_after is not None:
                self._schedule(key, self._clock.monotonic() + again_after)

    def close(self) -> None:
        """Let all workers go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        """How many keys are due and wait for a worker."""
        with self._changed:
            self._release_due()
            return len(self._ready)

    def _put(self, key: str) -> None:
        if key in self._in_work:
            self.adds += key not in self._again
            self._again.add(key)
        elif key not in self._waiting:
            self.adds += 1
            self._waiting.add(key)
            self._ready.append(key)
            self._changed.notify()

    def _schedule(self, key: str, when: float) -> None:
        if key in self._waiting or self._due.get(key, when + 1) <= when:
            return
        self._due[key] = when
        heapq.heappush(self._heap, (when, key))
        self._changed.notify()

    def _next_due(self) -> float | None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # superseded by an earlier time, or by an add
        return self._heap[0][0] if self._heap else None

    def _release_due(self) -> None:
        now = self._clock.monotonic()
        when = self._next_due()
        while when is not None and when <= now:
            _, key = heapq.heappop(self._heap)
            del self._due[key]
            self._put(key)
            when = self._next_due()
