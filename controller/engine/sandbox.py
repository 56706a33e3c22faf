"""The box every playground runs in: what it may use, and all that it may not do."""

from typing import Any

import docker

from controller.domain.container_spec import ContainerSpec

USER = "10001:10001"
LOG_SIZE = "10m"
LOG_FILES = "3"
NO_RESOLVER = "127.0.0.1"
"""A name server that is not there: without a way out names are not resolved either, which would be one."""


def run_as() -> str:
    """The unprivileged user (uid:gid), whatever the image says."""
    return USER


def host_config(api: docker.APIClient, spec: ContainerSpec, cores: float) -> dict[str, Any]:
    """The engine's host configuration for a container.

    No capability, no new privilege, nothing writable but a sized /tmp, limits on memory (swap included), cores and
    processes, a capped log, an init that reaps, one published port on one address, and no restart by the engine: the
    reconciler is the authority on that. No namespace of the host's, no device but the
    graphics processors that its spec asks for, no volume.
    """
    limits = spec.limits
    config: dict[str, Any] = api.create_host_config(
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        read_only=True,
        tmpfs={"/tmp": f"rw,noexec,nosuid,nodev,size={limits.tmpfs_bytes},mode=1777"},  # noqa: S108 (the container's)
        mem_limit=limits.memory,
        memswap_limit=limits.memory,
        nano_cpus=int(min(limits.cpu, cores) * 1e9),
        pids_limit=limits.pids,
        init=True,
        log_config=docker.types.LogConfig(type="json-file", config={"max-size": LOG_SIZE, "max-file": LOG_FILES}),
        restart_policy={"Name": "no"},
        port_bindings={f"{spec.container_port}/tcp": (spec.address, spec.host_port)},
        network_mode=spec.network or "default",
        dns=None if spec.egress else [NO_RESOLVER],
        ipc_mode="private",
        privileged=False,
        shm_size=spec.shm_bytes,
        device_requests=_gpus(spec.gpus),
    )
    return config


def _gpus(count: int) -> list[docker.types.DeviceRequest] | None:
    """What is asked of the engine for so many graphics processors; nothing at all for none."""
    return [docker.types.DeviceRequest(count=count, capabilities=[["gpu"]])] if count else None
