"""In place of the prober: pages are asked one by one, when the clock gets there."""

from controller.domain.observed import ProbeVerdict
from controller.domain.watch import Watch
from tests.fakes.clock import FakeClock
from tests.fakes.machine import FakeMachine

PAGE_PAUSES = {ProbeVerdict.READY: 0.1, ProbeVerdict.NOT_READY: 15.0}
"""Seconds between two looks at a page that starts, and at one that serves."""


class Pages:
    """What is asked of which page, and when next (`due`, of the monotonic clock)."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._watches: dict[str, Watch] = {}
        self.due: dict[str, float] = {}

    def watch(self, uid: str, watch: Watch, *, spread: bool = False) -> None:
        """Ask this from now on."""
        self._watches[uid] = watch
        self.due[uid] = self._clock.monotonic() + PAGE_PAUSES[watch.until]

    def forget(self, uid: str) -> None:
        """Ask nothing any more."""
        self._watches.pop(uid, None)
        self.due.pop(uid, None)

    def ask(self, machine: FakeMachine) -> list[str]:
        """The keys whose pages answer now as was waited for."""
        answered = []
        for uid, due in list(self.due.items()):
            watch = self._watches[uid]
            if due > self._clock.monotonic() + 1e-6:  # the clock has no more digits
                continue
            if machine.probe("127.0.0.1", watch.port, watch.path, 2.0).verdict is watch.until:
                self.forget(uid)
                answered.append(uid)
            else:
                self.due[uid] = self._clock.monotonic() + PAGE_PAUSES[watch.until]
        return answered
