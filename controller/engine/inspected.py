"""From the engine's inspection of a container to what we observed."""

from datetime import datetime
from typing import Any

from api.resources.secret import sensitive_values
from controller.domain.observed import ContainerState, ObservedContainer, Usage

NEVER = "0001-01-01"


def observed_container(inspected: dict[str, Any]) -> ObservedContainer:
    """The typed observation; all times in seconds since the epoch."""
    state, labels = inspected["State"], inspected["Config"]["Labels"] or {}
    status = ContainerState(state["Status"])
    return ObservedContainer(
        id=inspected["Id"],
        name=inspected["Name"].lstrip("/"),
        uid=labels.get("playground.uid", ""),
        spec_hash=labels.get("playground.spec-hash", ""),
        generation=_number(labels.get("playground.generation", "")),
        image=inspected["Config"]["Image"],
        state=status,
        host_port=_host_port(inspected["HostConfig"].get("PortBindings") or {}),
        created_at=seconds(inspected["Created"]) or 0.0,
        started_at=seconds(state["StartedAt"]),
        finished_at=seconds(state["FinishedAt"]),
        exit_code=state["ExitCode"] if status in {ContainerState.EXITED, ContainerState.DEAD} else None,
        oom_killed=bool(state["OOMKilled"]),
        error=state.get("Error", ""),
    )


def observed_usage(stats: dict[str, Any]) -> Usage:
    """The engine's statistics, two looks in one; of a container that does not run all is nothing.

    Memory is without the cache of files that the kernel can take back at once, as `docker stats` counts it.
    """
    now, before = stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}
    used = now.get("cpu_usage", {}).get("total_usage", 0) - before.get("cpu_usage", {}).get("total_usage", 0)
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    memory = stats.get("memory_stats") or {}
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    networks = (stats.get("networks") or {}).values()
    return Usage(
        cpu_percent=round(100.0 * used / passed * now.get("online_cpus", 1), 2) if used > 0 and passed > 0 else 0.0,
        memory_bytes=max(0, memory.get("usage", 0) - cache),
        network_rx_bytes=sum(network["rx_bytes"] for network in networks),
        network_tx_bytes=sum(network["tx_bytes"] for network in networks),
    )


def hidden_values(inspected: dict[str, Any]) -> tuple[str, ...]:
    """The values of a container's environment that must not be shown: by its label, and by the variables' names."""
    config = inspected["Config"]
    environment = dict(variable.partition("=")[::2] for variable in config["Env"] or ())
    return sensitive_values(environment, (config["Labels"] or {}).get("playground.secret-envs", "").split(","))


def seconds(text: str) -> float | None:
    """An RFC 3339 time with up to nine digits of a second, as the engine writes it; None for its zero time."""
    if not text or text.startswith(NEVER):
        return None
    whole, dot, rest = text.partition(".")
    if not dot:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    digits = rest.rstrip("Z").split("+")[0].split("-")[0]
    zone = rest[len(digits) :].replace("Z", "+00:00")
    return datetime.fromisoformat(whole + zone).timestamp() + float(f"0.{digits}")


def _host_port(bindings: dict[str, Any]) -> int | None:
    for bound in bindings.values():
        for binding in bound or []:
            if binding.get("HostPort"):
                return int(binding["HostPort"])
    return None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
