"""The pace of one key: who asks for the same playground again and again does not keep the workers from all others.

A few wishes are looked at as soon as they come; from then on so many a second, each pass with all that came meanwhile
(a token bucket for each key, as client-go's workqueues have one for all of them).
"""

from dataclasses import dataclass, field

from api.clock import Clock

BURST = 5.0
"""Passes for wishes that may follow each other at once."""
RATE = 2.0
"""Passes a second, from then on."""
_KNOWN = 1000
"""Keys that are kept before those are forgotten that have rested long enough."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass(frozen=True, slots=True)
class Pacing:
    """For one thread."""

    clock: Clock
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def delay(self, key: str) -> float:
        """The seconds until a wish may have its pass, which is that of the wishes that come meanwhile, too."""
        now = self.clock.monotonic()
        if len(self._buckets) >= _KNOWN:
            self._forget(now)
        bucket = self._buckets.setdefault(key, _Bucket(BURST, now))
        bucket.left, bucket.at = self._left(bucket, now), now
        if bucket.left >= 0.0:  # else a pass lies ahead, which is counted already
            bucket.left -= 1.0
        return max(0.0, -bucket.left / RATE)

    def _left(self, bucket: _Bucket, now: float) -> float:
        return min(BURST, bucket.left + (now - bucket.at) * RATE)

    def _forget(self, now: float) -> None:
        for key in [key for key, bucket in self._buckets.items() if self._left(bucket, now) >= BURST]:
            del self._buckets[key]
