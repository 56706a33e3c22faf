"""One look at a key: what is wanted and what was seen, with the facts the situations ask for derived once."""

import math
from dataclasses import dataclass
from functools import cached_property

from api.resources.conditions import Reason
from api.resources.declared import expires_at
from api.resources.desired import DesiredState
from api.resources.images import is_allowed
from api.resources.playground import (
    DesiredRunState,
    Failure,
    Playground,
    PlaygroundSpec,
    PlaygroundStatus,
    RestartPolicy,
)
from controller.domain.container_spec import ContainerSpec
from controller.domain.observed import (
    BuildEnded,
    BuildInProgress,
    ContainerState,
    ImageState,
    Observed,
    ObservedContainer,
    ProbeVerdict,
    Unknown,
)
from controller.planner.backoff import LONGEST
from controller.planner.policy import Policy
from controller.planner.wanted import image_reference, named, unnamed_container

GIVES_UP = frozenset({Reason.TIMED_OUT, Reason.CONTAINER_EXITED, Reason.OUT_OF_MEMORY})
"""Failures of the container itself, for which an older one is put back."""

CLOCK_TOLERANCE = 2.0
"""Seconds by which a time may lie ahead; one that lies further ahead is from before the clock was set back."""


@dataclass(frozen=True)
class View:
    """The input of every decision."""

    desired: DesiredState
    observed: Observed
    now: float
    policy: Policy

    @property
    def playground(self) -> Playground:
        """The resource."""
        return self.desired.playground

    @property
    def spec(self) -> PlaygroundSpec:
        """What is wanted."""
        return self.desired.playground.spec

    @property
    def status(self) -> PlaygroundStatus:
        """What the last pass reported."""
        return self.desired.playground.status

    @property
    def generation(self) -> int:
        """The generation that is wanted."""
        return self.desired.playground.metadata.generation

    @property
    def readiness_timeout(self) -> float:
        """Seconds from a container's start to its first success."""
        return self.spec.readiness.timeout or self.policy.readiness_timeout

    @property
    def deleting(self) -> bool:
        """Whether deletion was asked for."""
        return self.desired.playground.metadata.deletion_requested_at is not None

    @property
    def expires_at(self) -> float | None:
        """When its time to live is over; None for never, and for one that is being deleted already."""
        return None if self.deleting else expires_at(self.playground)

    @property
    def needs_port(self) -> bool:
        """Whether a port has to be reserved: none is, or another one than the spec's."""
        port, required = self.playground.host_port, self.spec.wanted_port
        return port is None or required not in {None, port}

    @property
    def stop_wanted(self) -> bool:
        """Whether no container shall run."""
        return self.spec.state is DesiredRunState.STOPPED

    @cached_property
    def image(self) -> str:
        """The reference of the wanted image."""
        return image_reference(self.spec, self.policy)

    @property
    def missing_secrets(self) -> tuple[str, ...]:
        """Secrets that the spec refers to and that are not set, or not as it takes them, by name."""
        return tuple(sorted(self.spec.secret_names - self.desired.secrets.keys())) if self.spec.has_secrets else ()

    @property
    def image_is_allowed(self) -> bool:
        """Whether the operator lets the spec name that image; one that is built from a plugin always may be."""
        return self.spec.image is None or is_allowed(self.spec.image, self.policy.allowed_images)

    @cached_property
    def wanted(self) -> ContainerSpec | None:
        """The wanted container, or None while no port is reserved."""
        if self._unnamed is None or self.wanted_hash is None:
            return None
        return named(self._unnamed, self.wanted_hash, self.playground, self.policy)

    @cached_property
    def _unnamed(self) -> ContainerSpec | None:
        return unnamed_container(self.playground, self.policy, self.desired.secrets)

    @cached_property
    def wanted_hash(self) -> str | None:
        """The wanted container's spec hash, as its label says it; None while no port is reserved."""
        return self._unnamed.spec_hash if self._unnamed else None

    @cached_property
    def containers(self) -> tuple[ObservedContainer, ...]:
        """All of this key's containers, the best to keep first: up before down, then the newest; ties by id."""
        if isinstance(self.observed.containers, Unknown):
            return ()
        return tuple(sorted(self.observed.containers, key=lambda c: (not c.is_up, -c.created_at, c.id)))

    @cached_property
    def current(self) -> ObservedContainer | None:
        """The container that is as wanted."""
        if self.wanted_hash is None:
            return None
        return next((c for c in self.containers if c.spec_hash == self.wanted_hash), None)

    @cached_property
    def previous(self) -> ObservedContainer | None:
        """The container of an older spec that is kept until the wanted one serves: the one that served last, if any."""
        others = [
            c for c in self.containers if c.spec_hash != self.wanted_hash and c.state is not ContainerState.REMOVING
        ]
        served = (c for c in others if self.has_served(c))
        return next(served, others[0] if others else None)

    @cached_property
    def surplus(self) -> tuple[ObservedContainer, ...]:
        """Containers of this key beside those two: left over from a crash or made by somebody's hand."""
        kept = {c.id for c in (self.current, self.previous) if c is not None}
        return tuple(c for c in self.containers if c.id not in kept and c.state is not ContainerState.REMOVING)

    @property
    def can_roll_back(self) -> bool:
        """Whether the older container could serve again on the reserved port."""
        previous = self.previous
        return (
            previous is not None and previous.started_at is not None and previous.host_port == self.playground.host_port
        )

    @property
    def is_given_up(self) -> bool:
        """Whether the wanted container ran, did not serve, and an older one can serve in its place.

        An engine that failed, or a name that was taken, says nothing about the new spec.
        """
        return self.failure is not None and self.failure.reason in GIVES_UP and self.can_roll_back

    @property
    def build_in_progress(self) -> BuildInProgress | None:
        """The running image build, of whatever image."""
        return self.observed.build if isinstance(self.observed.build, BuildInProgress) else None

    @property
    def build_failure(self) -> BuildEnded | None:
        """The ended build of the wanted image, when it failed and that has not been reported yet."""
        build = self.observed.build
        if not isinstance(build, BuildEnded) or build.error is None or build.image != self.image:
            return None
        return build if build.ended_at > self.last_asked_at and self.is_news(build_incident(build)) else None

    @property
    def image_is_absent(self) -> bool:
        """Whether the engine said that the wanted image is not there."""
        return self.observed.image is ImageState.ABSENT

    @property
    def failure(self) -> Failure | None:
        """The last failure, if it was this generation's."""
        last = self.status.last_failure
        return last if last is not None and last.generation == self.generation else None

    @property
    def restart_requested_at(self) -> float:
        """When somebody last asked for a restart; 0 for never."""
        return self._past(self.playground.metadata.restart_requested_at)

    @property
    def last_asked_at(self) -> float:
        """When somebody last asked for something: this generation, or a restart."""
        return max(self._past(self.playground.metadata.spec_changed_at), self.restart_requested_at)

    @property
    def retry_is_asked_for(self) -> bool:
        """Whether a restart was asked for after the failure: then nobody waits for the back-off."""
        return self.failure is not None and self.restart_requested_at > self.failure.at

    @property
    def has_recovered(self) -> bool:
        """Whether it has served since the failure: what happens from then on is another failure."""
        return self.failure is not None and self._past(self.status.ready_since) > self.failure.at

    @property
    def only_a_change_helps(self) -> bool:
        """Whether trying again without a change is of no use: the content is refused, or it shall end once only."""
        failure, current = self.failure, self.current
        if failure is None:
            return False
        ended = current is not None and current.has_ended and failure.incident == current.run
        return failure.reason is Reason.ARCHIVE_REFUSED or (ended and self.spec.restart_policy is RestartPolicy.NEVER)

    @property
    def is_backing_off(self) -> bool:
        """Whether the next attempt is still to be waited for (for ever, when only a change can help)."""
        if self.failure is None or self.retry_is_asked_for or self.has_recovered:
            return False
        if self.status.next_attempt_at is None:
            return self.only_a_change_helps
        return self.now < self.status.next_attempt_at <= self.now + LONGEST + CLOCK_TOLERANCE

    @property
    def is_ready(self) -> bool:
        """Whether the probe met a serving playground."""
        return self.observed.probe.verdict is ProbeVerdict.READY

    def is_news(self, incident: str) -> bool:
        """Whether that incident has not been reported for this generation yet, or it has served in between."""
        return self.failure is None or self.failure.incident != incident or self.has_recovered

    def has_served(self, container: ObservedContainer) -> bool:
        """Whether this start of the container has been ready before."""
        return self.status.ready_run == container.run

    def container_has_served(self, container: ObservedContainer) -> bool:
        """Whether any start of the container has been ready before."""
        return self.status.ready_run is not None and self.status.ready_run.startswith(f"{container.id[:12]}@")

    def serving_since(self, container: ObservedContainer) -> float:
        """Since when it has served without a failure, as it serves now: health counts from a recovery on."""
        since = self.status.ready_since if self.has_served(container) else None
        if since is None or (self.failure is not None and since <= self.failure.at):
            return self.now
        return since

    def ended_with_the_engine(self, container: ObservedContainer) -> bool:
        """Whether it may have ended because its engine did: nobody has heard the engine since before that."""
        heard_since = self.observed.heard_since
        return math.isinf(heard_since) or (container.finished_at or 0.0) <= self._past(heard_since)

    def ended_on_its_own(self, container: ObservedContainer) -> bool:
        """Whether it ended after all that was last asked for: earlier ends are history, or were our own doing.

        So was the end of a run that is older than a request to restart it, whenever it came, and of one that we set
        out to end.
        """
        if container.run == self.status.ending_run:
            return False
        if (container.started_at or 0.0) <= self.restart_requested_at:
            return False
        told_at = self._past(self.failure.at) if self.failure is not None else 0.0
        ended_at = container.finished_at or 0.0
        return ended_at > self.last_asked_at and ended_at >= told_at and self.is_news(container.run)

    def _past(self, moment: float | None) -> float:
        """The moment, or 0 (long ago) for none and for one that is yet to come: then the clock was set back since.

        Nothing that happens from then on is later than such a moment, and whatever waits for that would wait, or be
        done over and over, until the clock has caught up.
        """
        return moment if moment is not None and moment <= self.now + CLOCK_TOLERANCE else 0.0


def build_incident(build: BuildEnded) -> str:
    """The incident's text for a failed build."""
    return f"build@{build.ended_at:.6f}"
