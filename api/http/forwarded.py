"""Behind a reverse proxy: the address that the client used, from the headers of a proxy that is trusted.

A proxy at `https://host/agent/` that passes on `/containers/` (or `/agent/containers/`, both work) sends
`X-Forwarded-Proto: https`, `X-Forwarded-Host: host` and `X-Forwarded-Prefix: /agent`. Absolute addresses in replies
(`next`, `status_url` …) are then right for the client. Without these headers they follow the `Host` header.
"""

import re

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_CONNECTIONS = frozenset({"http", "websocket"})
_SECURE = {"http": False, "https": True, "ws": False, "wss": True}


class ForwardedHeaders:
    """Rewrites scheme, host and root path when the peer is one of `trusted` addresses; else leaves all as it is."""

    def __init__(self, app: ASGIApp, *, trusted: frozenset[str]) -> None:
        self.app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        peer = scope.get("client")
        is_trusted = scope["type"] in _CONNECTIONS and peer is not None and peer[0] in self._trusted
        if is_trusted and any(name.startswith(b"x-forwarded-") for name, _ in scope["headers"]):
            scope = _rewritten(scope)
        await self.app(scope, receive, send)


def _rewritten(scope: Scope) -> Scope:
    headers = HTTPConnection(scope).headers
    changed: Scope = dict(scope)
    secure = _SECURE.get(_first(headers.get("x-forwarded-proto")).lower())
    if secure is not None:
        plain = "ws" if scope["type"] == "websocket" else "http"
        changed["scheme"] = f"{plain}s" if secure else plain
    host = _first(headers.get("x-forwarded-host"))
    if _HOST.fullmatch(host):
        kept = [(name, value) for name, value in scope["headers"] if name != b"host"]
        changed["headers"] = [*kept, (b"host", host.encode())]
    prefix = _first(headers.get("x-forwarded-prefix")).rstrip("/")
    if _PREFIX.fullmatch(prefix):
        path: str = scope["path"]
        changed["root_path"] = prefix
        changed["path"] = path if path.startswith(f"{prefix}/") else prefix + path
    return changed


def _first(header: str | None) -> str:
    """The first of several proxies' entries: the one nearest to the client."""
    return (header or "").partition(",")[0].strip()
