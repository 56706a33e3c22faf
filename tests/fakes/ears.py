"""What the engine's event stream would tell, for a controller in one thread."""

from controller.loop.overview import Overview
from controller.loop.workqueue import Workqueue
from tests.fakes.clock import FakeClock
from tests.fakes.machine import FakeMachine


class Ears:
    """Hears everything that happens on the machine from now on, or, without a machine, nothing."""

    def __init__(self, machine: FakeMachine | None = None) -> None:
        self._machine = machine
        self._heard = 0 if machine is None else len(machine.events)

    def due(self, clock: FakeClock) -> list[float]:
        """When the next container ends by itself, by the monotonic clock, where one will."""
        due = None if self._machine is None else self._machine.next_end()
        return [] if due is None else [clock.monotonic() + max(0.0, due - clock.now())]

    def listen(self, overview: Overview, queue: Workqueue) -> None:
        """Have the keys looked at of which the engine tells what no pass has seen."""
        if self._machine is None:
            return
        self._machine.catch_up()
        for _, event in self._machine.events[self._heard :]:
            if overview.heard(event):
                queue.add(event.uid)
        self._heard = len(self._machine.events)
