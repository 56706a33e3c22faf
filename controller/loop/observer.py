"""The observer: everything one pass needs to know, and no call for what it does not.

What to look at is derived from the same view the planner decides on; what could not be seen becomes Unknown.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from api.clock import Clock
from api.resources.desired import DesiredState
from controller.builds.pool import BuildPool
from controller.domain.look import Look
from controller.domain.observed import ImageState, Observed, ObservedContainer, Probe, ProbeVerdict, Unknown
from controller.engine.errors import EngineError
from controller.engine.interface import Engine
from controller.planner import Policy, View
from controller.planner.failures import LOG_LINES_KEPT

PROBE_TIMEOUT = 2.0
QUICK_PROBE_TIMEOUT, JUST_STARTED = 0.2, 1.0
"""Seconds. Who has just been started is asked in passing: a pass that waits for its answer keeps others from being
started, and the prober waits for it anyway."""
ProbeOnce = Callable[[str, int, str, float], Probe]


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads only. Safe to share between threads."""

    engine: Engine
    builds: BuildPool
    policy: Policy
    clock: Clock
    probe: ProbeOnce
    taken_ports: Callable[[], frozenset[int]]
    """Ports that others have, on the engine or on its host. Raises EngineError."""
    probe_host: str
    heard_since: Callable[[], float] = lambda: 0.0

    def observe(self, desired: DesiredState, look: Look | None = None) -> Observed:
        """What is, as far as it matters for what is wanted; `look` is what was seen last, where that is still known."""
        is_deaf = math.isinf(self.heard_since())
        if look is not None and not is_deaf and look.serves(desired, self.clock.monotonic()):
            return self._observe_again(desired, look)
        try:
            containers = self.engine.containers_of(desired.playground.metadata.uid)
        except EngineError as error:
            return Observed(containers=Unknown(str(error)))
        return self.look_further(desired, containers)

    def _observe_again(self, desired: DesiredState, look: Look) -> Observed:
        """The containers are those of the look; they are inspected where something happened to them since.

        So they are when a page that has served fails for the first time: it may be gone with its container.
        """
        if not look.is_fresh:
            return self.observe_these(desired, look.ids)
        observed = self.look_further(desired, look.containers)
        is_first = observed.probe.verdict is ProbeVerdict.NOT_READY and not desired.playground.status.probe_failures
        view = View(desired, observed, self.clock.now(), self.policy)
        if not is_first or view.current is None or not view.has_served(view.current):
            return observed
        return self.observe_these(desired, look.ids)

    def observe_these(self, desired: DesiredState, containers: Sequence[str]) -> Observed:
        """The same where its containers are known, by their ids: they need not be looked for."""
        try:
            return self.look_further(desired, self.engine.inspected(containers))
        except EngineError as error:
            return Observed(containers=Unknown(str(error)))

    def look_further(self, desired: DesiredState, containers: tuple[ObservedContainer, ...]) -> Observed:
        """What else matters, when these are its containers."""
        uid = desired.playground.metadata.uid
        observed = Observed(containers=containers, build=self.builds.look(uid), heard_since=self.heard_since())
        view = View(desired, observed, self.clock.now(), self.policy)
        if view.deleting or view.stop_wanted:
            return observed
        if view.needs_port:
            return replace(observed, taken_ports=self._taken_ports())
        if view.current is None:
            building = view.build_in_progress
            is_being_built = building is not None and building.image == view.image
            return replace(observed, image=ImageState.ABSENT if is_being_built else self._image(view.image))
        return self._look_into(view, view.current)

    def _look_into(self, view: View, current: ObservedContainer) -> Observed:
        observed = view.observed
        if current.is_up and view.playground.host_port is not None:
            path = view.spec.readiness.path
            up_for = self.clock.now() - (current.started_at or 0.0)
            timeout = QUICK_PROBE_TIMEOUT if 0.0 <= up_for < JUST_STARTED else PROBE_TIMEOUT
            probe = self.probe(self.probe_host, view.playground.host_port, path, timeout)
            observed = replace(observed, probe=probe)
            if probe.verdict is ProbeVerdict.NOT_READY and self._may_be_given_up(view, current):
                observed = replace(observed, log_tail=self._log_tail(current))
        elif current.has_ended and view.ended_on_its_own(current):
            observed = replace(observed, log_tail=self._log_tail(current))
        return observed

    def _may_be_given_up(self, view: View, current: ObservedContainer) -> bool:
        """Whether this failed probe may be the last one of this run: then the log's end is wanted."""
        if not view.is_news(current.run):
            return False
        if not view.has_served(current):
            return self.clock.now() - (current.started_at or 0.0) >= view.readiness_timeout
        return view.status.probe_failures + 1 >= self.policy.liveness_failures

    def _image(self, reference: str) -> ImageState | Unknown:
        try:
            return ImageState.PRESENT if self.engine.has_image(reference) else ImageState.ABSENT
        except EngineError as error:
            return Unknown(str(error))

    def _taken_ports(self) -> frozenset[int] | Unknown:
        try:
            return self.taken_ports()
        except EngineError as error:
            return Unknown(str(error))

    def _log_tail(self, container: ObservedContainer) -> tuple[str, ...]:
        """The last lines, or none: a log that cannot be read must not hide the failure itself."""
        try:
            return self.engine.log_tail(container.id, LOG_LINES_KEPT)
        except EngineError:
            return ()
