"""The lease: one controller at a time may write, and every write carries the epoch that proves it."""

import threading
from collections.abc import Callable

import structlog

from api.clock import Clock
from api.resources.desired import Claim
from api.store import CONTROLLER_LEASE, Store, StoreError

log = structlog.get_logger()


class Leader:
    """Holds the lease, or waits for it. `claim()` is None whenever holding it is not certain."""

    def __init__(self, store: Store, holder: str, ttl: float, clock: Clock) -> None:
        self._store = store
        self._holder = holder
        self._ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()
        self._claim: Claim | None = None
        self._valid_until = 0.0

    def claim(self) -> Claim | None:
        """The right to write now, or None."""
        with self._lock:
            return self._claim if self._clock.monotonic() < self._valid_until else None

    def holds(self, claim: Claim) -> bool:
        """Whether that claim is the one held now."""
        return self.claim() == claim

    def attempt(self) -> bool:
        """Acquire the lease or renew it. Returns whether it is certain now and was not before this call."""
        began = self._clock.monotonic()
        try:
            claim = self._store.leases.acquire(CONTROLLER_LEASE, self._holder, ttl=self._ttl, now=self._clock.now())
        except StoreError as error:
            log.warning("lease not renewed", error=str(error))
            return False
        with self._lock:
            certain = claim == self._claim and self._clock.monotonic() < self._valid_until
            gained = claim is not None and not certain
            lost = claim is None and self._claim is not None
            self._claim = claim
            self._valid_until = began + self._ttl if claim else 0.0
        if gained and claim is not None:
            log.info("leading", holder=claim.holder, epoch=claim.epoch)
        elif lost:
            log.warning("lease lost: another controller leads")
        return gained

    def resign(self) -> None:
        """Give the lease back, so that the next controller need not wait for its end."""
        with self._lock:
            claim, self._claim, self._valid_until = self._claim, None, 0.0
        if claim is not None:
            try:
                self._store.leases.release(claim, CONTROLLER_LEASE)
            except StoreError as error:
                log.warning("lease not given back", error=str(error))

    def run(
        self, stop: threading.Event, on_gain: Callable[[], None], before_end: Callable[[], None] = lambda: None
    ) -> None:
        """Keep at it until `stop`; calls `on_gain` each time the lease was gained, `before_end` before it goes back."""
        while not stop.is_set():
            if self.attempt():
                on_gain()
            stop.wait(self._ttl / 3.0)
        try:
            before_end()
        finally:
            self.resign()
