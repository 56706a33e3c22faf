"""The client: one object for all calls of a server."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from playground_sdk._clock import Clock, SystemClock
from playground_sdk.containers import ContainerClientMixin
from playground_sdk.declarative import Playgrounds
from playground_sdk.docker_containers import DockerContainerClientMixin
from playground_sdk.http import DEFAULT_TIMEOUT, Credentials, Transport
from playground_sdk.plugin_store import PluginStore
from playground_sdk.releases import PluginReleaseClientMixin

__all__ = ["AgentClient"]

Timeout = float | tuple[float, float] | Mapping[str, float]


class AgentClient(ContainerClientMixin, DockerContainerClientMixin, PluginReleaseClientMixin):
    """Speaks to a playground server, or to any server that keeps the Agent's contract.

    Both spellings do the same: ``AgentClient(host="http://127.0.0.1:8000", token="…")`` and
    ``AgentClient("http://127.0.0.1:8000", "…")``. The address may carry a path prefix.

    Args:
        base_url: the server's address (or ``host``).
        agent_token: the server's token (or ``token``).
        user_token: sent along as ``SYNAPSE-User``.
        tenant: sent along as ``SYNAPSE-Tenant``.
        timeout: seconds for one request: one number, ``(connect, read)`` or a mapping with these keys; 3 and 10.
        clock: what it waits with; tests pass their own.

    Raises:
        TypeError: address or token was given in both spellings.
        ValueError: there is no address, or it is no http(s) URL.
    """

    def __init__(
        self,
        base_url: str | None = None,
        agent_token: str | None = None,
        *,
        host: str | None = None,
        token: str | None = None,
        user_token: str | None = None,
        tenant: str | None = None,
        timeout: Timeout | None = None,
        clock: Clock | None = None,
    ) -> None:
        address = _either(base_url, host, "base_url", "host")
        if not address:
            raise ValueError("Which server? Give its address, such as host='http://127.0.0.1:8000'.")
        credentials = Credentials(_either(agent_token, token, "agent_token", "token"), user_token, tenant)
        self._clock = clock or SystemClock()
        self._transport = Transport(address, credentials, timeout=_timeouts(timeout), clock=self._clock)

    @property
    def playgrounds(self) -> Playgrounds:
        """The playgrounds as resources: apply, diff, get, list, watch, wait, logs, events."""
        return Playgrounds(self._transport, self._clock)

    @property
    def plugins(self) -> PluginStore:
        """The plugins that the server keeps: push, find, list."""
        return PluginStore(self._transport, self._clock)

    @property
    def base_url(self) -> str:
        """The server's address, without a final slash."""
        return self._transport.base_url

    def health_check(self) -> dict[str, Any]:
        """How the server is; it answers also when it is not well, and says so in ``status``."""
        return self._object("GET", "health/")

    def api_version(self) -> str:
        """Which resources the server speaks of, ``playground/v1``; raises NotFoundError where it knows none."""
        info = self._object("GET", "openapi.json").get("info")
        return f"playground/{info.get('version') if isinstance(info, dict) else None}"

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AgentClient({self.base_url!r})"


def _either(one: str | None, other: str | None, one_name: str, other_name: str) -> str | None:
    """The one that was given."""
    if one is not None and other is not None:
        raise TypeError(f"{one_name} and {other_name} are two names for one thing: give one of them.")
    return other if one is None else one


def _timeouts(timeout: Timeout | None) -> tuple[float, float]:
    """(connect, read) in seconds from any of the accepted forms."""
    connect, read = DEFAULT_TIMEOUT
    if timeout is None:
        return connect, read
    if isinstance(timeout, Mapping):
        return float(timeout.get("connect", connect)), float(timeout.get("read", read))
    if isinstance(timeout, tuple):
        return float(timeout[0]), float(timeout[1])
    return float(timeout), float(timeout)
