"""Who may ask: one token, raw or behind a scheme, compared in constant time.

A middleware and not a check per route, so that a new route is closed until it is named in `PUBLIC`.
"""

import hashlib
import hmac
import re

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.errors import ApiError, error_reply

PUBLIC = frozenset({"/health", "/livez", "/readyz", "/openapi.json"})
"""Paths that answer without a token (a load balancer and a person in trouble have none)."""

_SCHEME = re.compile(r"(?:bearer|token)\s+", re.IGNORECASE)


class TokenGate:
    """Lets a request through when it carries the token as `<token>`, `Bearer <token>` or `Token <token>`."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self.app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] not in {"http", "websocket"} or _path(scope) in PUBLIC:
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(HTTPConnection(scope).headers.get("authorization"))
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            error = ApiError(401, refusal, headers={"WWW-Authenticate": "Bearer"})
            await error_reply(HTTPConnection(scope), error)(scope, receive, send)

    def _refusal(self, header: str | None) -> str | None:
        if not header or not header.strip():
            return "A token is needed: send it as 'Authorization: <token>' or 'Authorization: Bearer <token>'."
        given = header.strip()
        bare = _SCHEME.sub("", given, count=1) if _SCHEME.match(given) else given
        if hmac.compare_digest(bare.encode("latin-1", "replace"), self._token):
            return None
        return "The token in the Authorization header is not this server's token."


def _path(scope: Scope) -> str:
    """The path below the proxy's prefix, without a final slash."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).rstrip("/")


def fingerprint(header: str | None) -> str | None:
    """Eight hex digits that tell one caller's token from another's in a log, and give nothing of it away."""
    if not header:
        return None
    return hashlib.sha256(_SCHEME.sub("", header.strip(), count=1).encode()).hexdigest()[:8]
