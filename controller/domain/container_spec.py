"""What a container is made from. Two containers with the same spec hash are the same; another hash means replace."""

import hashlib
import json
from dataclasses import dataclass

_FROM_THE_FIRST = ("image", "environment", "address", "host_port", "container_port", "egress")
_LATER = ("gpus", "shm_bytes", "secrets")
"""These count only where they are used: nobody is replaced for what is new."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one container may use. Bytes, cores, processes."""

    memory: int
    cpu: float
    pids: int
    tmpfs_bytes: int


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container as it shall be; everything but `name`, `labels` and `network` goes into the hash."""

    image: str
    environment: tuple[tuple[str, str], ...]
    address: str
    """The host's address the port is published on."""
    host_port: int
    container_port: int
    limits: Limits
    egress: bool = True
    """Whether it may reach other networks."""
    name: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str, str], ...] = ()
    """(variable, the secret's name, its value's digest): the values come in when the container is made."""
    gpus: int = 0
    """Graphics processors for it alone."""
    shm_bytes: int | None = None
    """The size of /dev/shm; None for the engine's default."""
    network: str = ""
    """The bridge it is on; empty for the engine's own default. Follows from the rest."""

    @property
    def spec_hash(self) -> str:
        """12 hex digits over what the container is made from; stable between processes and versions of Python."""
        made_from: dict[str, object] = {name: getattr(self, name) for name in _FROM_THE_FIRST}
        made_from |= {name: getattr(self, name) for name in _LATER if getattr(self, name)}
        made_from |= {"limits": {name: getattr(self.limits, name) for name in Limits.__slots__}}
        made_from |= {"name": None, "labels": None, "network": None}
        text = json.dumps(made_from, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]
