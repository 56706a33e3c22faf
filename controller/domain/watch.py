"""What is asked of a page between two passes: the cheap half of a look. Only another answer is worth a whole one."""

from dataclasses import dataclass

from controller.domain.observed import ProbeVerdict


@dataclass(frozen=True, slots=True)
class Watch:
    """Ask `GET path` on the reserved port over and over, until the answer is this one."""

    port: int
    path: str
    until: ProbeVerdict
    """READY for one that starts, NOT_READY for one that serves."""
    since: float
    """When the container started, in seconds since the epoch: a young one is asked more often."""
