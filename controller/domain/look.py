"""A look: what a pass saw of a playground's containers, kept so that the next pass need not ask for the same again."""

from dataclasses import dataclass, replace

from api.resources.desired import DesiredState
from controller.domain.observed import ContainerState, ListedContainer, ObservedContainer

LONGEST = 60.0
"""Seconds for which it may be used: a restart of which nobody has heard shows in no list."""
OF_AN_END = frozenset({"kill", "die", "stop", "destroy"})
"""What the engine calls the things that end a container, or come with its end."""
_LASTS = frozenset({ContainerState.CREATED, ContainerState.RUNNING, ContainerState.EXITED})
"""States that stay until something happens that the engine tells of. The others are on their way to another one."""


@dataclass(frozen=True, slots=True)
class Look:
    """Good only as long as the same is wanted: whoever asks for something else is answered by a new look.

    But for a deletion: what was there is removed by it, and the record goes when a list shows that nothing is left.
    """

    version: int
    """Of the desired side, when this was seen."""
    containers: tuple[ObservedContainer, ...]
    at: float
    """When they were asked for, in seconds of the monotonic clock."""
    is_fresh: bool = True
    """Whether nothing has been heard of them since. Else there are the same ones, and each has to be inspected."""

    @property
    def lasts(self) -> bool:
        """Whether it may be kept at all."""
        return all(container.state in _LASTS for container in self.containers)

    @property
    def ids(self) -> tuple[str, ...]:
        """The containers, by their ids."""
        return tuple(container.id for container in self.containers)

    def serves(self, desired: DesiredState, now: float) -> bool:
        """Whether it may stand for a look made now. That nothing is left of what is deleted is never taken from it."""
        if desired.playground.metadata.deletion_requested_at is not None:
            return bool(self.containers)
        return self.version == desired.version and now - self.at <= LONGEST

    def doubted(self) -> "Look":
        """What is left of it when something may have happened to its containers."""
        return replace(self, is_fresh=False)

    def knows(self, container: str, action: str, at: float) -> bool:
        """Whether that event is no news to who has looked.

        What is not there has ended, what has ended is not ended by that, and what was before its run is past. The
        engine tells of things in their order: of a start after the look it tells before the next end.
        """
        seen = next((c for c in self.containers if c.id == container), None)
        if seen is None:
            return action in OF_AN_END
        if not self.is_fresh:
            return False
        if seen.has_ended and action in OF_AN_END - {"destroy"}:
            return True
        return at <= ((seen.finished_at if seen.has_ended else seen.started_at) or 0.0)

    def agrees(self, listed: tuple[ListedContainer, ...]) -> bool:
        """Whether a list of all containers shows the same ones, each in the same state."""
        return {(c.id, c.state) for c in self.containers} == {(c.id, c.state) for c in listed}
