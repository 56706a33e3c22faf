"""The automatable container checks of the CIS Docker Benchmark, section 5 (numbers of v1.6.0), on an inspection.

Not here, as they are not about one container's configuration: 5.1 (Swarm mode), 5.7 (no sshd runs: there is none in the
image), 5.23 and 5.24 (exec), 5.28 (fresh images). 5.27 (health) is the reconciler's own probe, so that the engine
restarts nothing by itself.
"""

from collections.abc import Callable
from typing import Any

Inspected = dict[str, Any]

SENSITIVE = ("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sys", "/usr", "/var")


def _host(found: Inspected) -> dict[str, Any]:
    config: dict[str, Any] = found["HostConfig"]
    return config


def _bindings(found: Inspected) -> list[dict[str, str]]:
    return [binding for bound in (_host(found)["PortBindings"] or {}).values() for binding in bound]


def _security(found: Inspected) -> list[str]:
    return list(_host(found)["SecurityOpt"] or ())


def _restart(found: Inspected) -> tuple[str, int]:
    policy = _host(found)["RestartPolicy"]
    return policy["Name"], policy["MaximumRetryCount"]


def _networks(found: Inspected) -> set[str]:
    return set(found["NetworkSettings"]["Networks"])


CHECKS: dict[str, Callable[[Inspected], bool]] = {
    "4.1 a user of its own": lambda c: c["Config"]["User"].split(":")[0] not in {"", "0", "root"},
    "5.2 AppArmor is not off": lambda c: c["AppArmorProfile"] != "unconfined",
    "5.3 SELinux is not off": lambda c: "label=disable" not in _security(c),
    "5.4 capabilities": lambda c: _host(c)["CapDrop"] == ["ALL"] and not _host(c)["CapAdd"],
    "5.5 not privileged": lambda c: not _host(c)["Privileged"],
    "5.6 no host folders": lambda c: (
        not _host(c)["Binds"] and not any(mount["Source"].startswith(SENSITIVE) for mount in c["Mounts"])
    ),
    "5.8 no privileged ports": lambda c: all(int(binding["HostPort"]) >= 1024 for binding in _bindings(c)),
    "5.9 one port only": lambda c: len(_bindings(c)) == 1 and not _host(c)["PublishAllPorts"],
    "5.10 not the host's network": lambda c: _host(c)["NetworkMode"] != "host",
    "5.11 memory": lambda c: 0 < _host(c)["Memory"] == _host(c)["MemorySwap"],
    "5.12 CPU": lambda c: _host(c)["NanoCpus"] > 0,
    "5.13 read-only root": lambda c: bool(_host(c)["ReadonlyRootfs"]),
    "5.14 one address": lambda c: all(binding["HostIp"] not in {"", "0.0.0.0", "::"} for binding in _bindings(c)),
    "5.15 no restarts": lambda c: _restart(c) in {("no", 0), ("", 0)},
    "5.16 not the host's processes": lambda c: _host(c)["PidMode"] == "",
    "5.17 not the host's IPC": lambda c: _host(c)["IpcMode"] == "private",
    "5.18 no devices": lambda c: not _host(c)["Devices"] and not _host(c)["DeviceRequests"],
    "5.19 no ulimits beyond the engine's": lambda c: not _host(c)["Ulimits"],
    "5.20 no shared mounts": lambda c: all(mount.get("Propagation") != "shared" for mount in c["Mounts"]),
    "5.21 not the host's UTS": lambda c: _host(c)["UTSMode"] == "",
    "5.22 seccomp": lambda c: not any(option.startswith("seccomp") for option in _security(c)),
    "5.25 the engine's cgroup": lambda c: _host(c)["CgroupParent"] == "",
    "5.26 no new privileges": lambda c: "no-new-privileges" in _security(c),
    "5.29 pids": lambda c: 0 < (_host(c)["PidsLimit"] or 0) <= 4096,
    "5.30 not docker0": lambda c: _host(c)["NetworkMode"].startswith("playground-") and "bridge" not in _networks(c),
    "5.31 not the host's users": lambda c: _host(c)["UsernsMode"] == "",
    "5.32 no engine socket": lambda c: not any("docker.sock" in mount["Source"] for mount in c["Mounts"]),
}


def violations(found: Inspected) -> list[str]:
    """The checks that a container does not pass."""
    return [name for name, holds in CHECKS.items() if not holds(found)]
