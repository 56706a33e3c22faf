"""The box that ours are in, in the words of those who ask an engine for it; each peer says what it has no word for.

A bare one has none of it, and is on the engine's usual bridge. That makes a difference of its own: of a user-defined
bridge the engine gives each container a name server, for which it runs a process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.peers.raw import LIMITS
from controller.engine.connect import EngineClient
from controller.engine.networks import Networks
from controller.engine.sandbox import LOG_FILES, LOG_SIZE, USER

LOG = {"max-size": LOG_SIZE, "max-file": LOG_FILES}
TMP = "/tmp"
_TMP_OPTIONS = f"rw,noexec,nosuid,nodev,size={LIMITS.tmpfs_bytes},mode=1777"


@contextmanager
def bridge(engine: EngineClient, name: str) -> Iterator[str]:
    """A bridge as ours are on, on which containers don't reach each other; removed at the end. Yields its name."""
    networks = Networks(name)
    with networks.lock:
        networks.ensure(engine, name)
    try:
        yield name
    finally:
        networks.remove(engine, name)


def run_words(network: str) -> list[str]:
    """Options of `docker run`."""
    options = {
        "--user": USER,
        "--cap-drop": "ALL",
        "--security-opt": "no-new-privileges",
        "--tmpfs": f"{TMP}:{_TMP_OPTIONS}",
        "--memory": str(LIMITS.memory),
        "--memory-swap": str(LIMITS.memory),
        "--cpus": str(LIMITS.cpu),
        "--pids-limit": str(LIMITS.pids),
        "--log-driver": "json-file",
        "--network": network,
    }
    words = ["--read-only", "--init", *(word for option in options.items() for word in option)]
    return words + [word for name, value in LOG.items() for word in ("--log-opt", f"{name}={value}")]


def compose_keys() -> dict[str, Any]:
    """Keys of a service in a Compose file."""
    return {
        "user": USER,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "tmpfs": [f"{TMP}:{_TMP_OPTIONS}"],
        "mem_limit": LIMITS.memory,
        "memswap_limit": LIMITS.memory,
        "cpus": LIMITS.cpu,
        "pids_limit": LIMITS.pids,
        "init": True,
        "logging": {"driver": "json-file", "options": LOG},
    }


def host_arguments(network: str) -> dict[str, Any]:
    """Arguments of docker-py's `create_host_config` but the one for cores; plain values, for a file of settings."""
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "tmpfs": {TMP: _TMP_OPTIONS},
        "mem_limit": LIMITS.memory,
        "memswap_limit": LIMITS.memory,
        "pids_limit": LIMITS.pids,
        "init": True,
        "log_config": {"type": "json-file", "config": LOG},
        "network_mode": network,
    }
