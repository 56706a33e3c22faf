"""The operator's settings, as far as decisions depend on them."""

from dataclasses import dataclass

from controller.domain.container_spec import Limits


@dataclass(frozen=True, slots=True)
class Policy:
    """Fixed for the life of the process. Times in seconds."""

    controller_id: str
    """Whose containers are ours: a label on each."""
    build_fingerprint: str
    """What every image is built with (base image, recipe): part of each image's tag."""
    bind_host: str
    advertise_host: str
    limits: Limits
    ports: range = range(7860, 8861)
    """The host ports of playgrounds."""
    egress: bool = True
    """Whether playgrounds may reach other networks at all."""
    network_capacity: int = 900
    """Playgrounds on one bridge at most."""
    allowed_images: frozenset[str] = frozenset()
    """What a spec may name as its image, as globs."""
    readiness_timeout: float = 60.0
    liveness_interval: float = 15.0
    liveness_failures: int = 3
    port_quarantine: float = 300.0
    healthy_period: float = 600.0
    """This long in health and the failures are forgiven."""
