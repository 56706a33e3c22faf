"""What a container is made from. Two containers with the same spec hash are the same; another hash means replace."""

import hashlib
import json
from dataclasses import dataclass

import orjson

_NOT_COUNTED = {"name": None, "labels": None, "network": None}
"""They have their places in the hashed text all the same: it may not change, or all containers would be replaced."""
_LATER = ("gpus", "shm_bytes", "secrets", "secret_sets", "gives_way")
"""These count only where they are used: nobody is replaced for what is new."""
_slowly = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_PLAIN_NUMBERS = (1e-4, 1e16)
"""Between these, numbers are written without an exponent, in which writers differ."""


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
    secret_sets: tuple[tuple[str, str, str], ...] = ()
    """(the secret's name, what stands before its variables' names, its value's digest); likewise."""
    gives_way: tuple[str, ...] = ()
    """Variables of `environment` that a set's go over."""
    gpus: int = 0
    """Graphics processors for it alone."""
    shm_bytes: int | None = None
    """The size of /dev/shm; None for the engine's default."""
    network: str = ""
    """The bridge it is on; empty for the engine's own default. Follows from the rest."""

    @property
    def spec_hash(self) -> str:
        """12 hex digits over what the container is made from; stable between processes and versions of Python."""
        limits = self.limits
        made_from: dict[str, object] = {
            "image": self.image,
            "environment": self.environment,
            "address": self.address,
            "host_port": self.host_port,
            "container_port": self.container_port,
            "egress": self.egress,
            "limits": {
                "memory": limits.memory,
                "cpu": limits.cpu,
                "pids": limits.pids,
                "tmpfs_bytes": limits.tmpfs_bytes,
            },
            **_NOT_COUNTED,
        }
        for name in _LATER:
            if used := getattr(self, name):
                made_from[name] = used
        return hashlib.sha256(_text_of(made_from, limits.cpu)).hexdigest()[:12]


def _text_of(made_from: dict[str, object], cpu: float) -> bytes:
    """What the standard library writes in ASCII, as it always was; by a faster writer where that writes the same."""
    try:
        text = orjson.dumps(made_from, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # half a character, or a whole number of more than 64 bits
        return _slowly(made_from).encode()
    is_same = text.isascii() and b"\x7f" not in text and _PLAIN_NUMBERS[0] <= cpu < _PLAIN_NUMBERS[1]
    return text if is_same else _slowly(made_from).encode()
