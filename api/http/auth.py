"""Who may ask: a token, raw or behind a scheme, and what it is good for.

A middleware and not a check per route, so that a new route is closed until it is named in `PUBLIC`: reading needs a
token of scope `read`, everything else one of scope `write`, and what is named in `ADMIN_ONLY` one of scope `admin`.
"""

import hashlib
import re

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.admission import Admission
from api.http.errors import ApiError, error_reply
from api.http.principals import Principal, Principals
from api.resources.token import Scope as TokenScope
from api.store import StoreError

PUBLIC = frozenset({"/health", "/livez", "/readyz", "/openapi.json"})
"""Paths that answer without a token (a load balancer and a person in trouble have none)."""
ADMIN_ONLY = ((frozenset({"DELETE"}), "/plugin_releases/"), (frozenset({"DELETE"}), "/v1/pluginreleases/"))
"""(methods, beginning of the path): what others build on is not one client's to take away."""

_CONNECTIONS = frozenset({"http", "websocket"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_SCHEME = re.compile(r"(?:bearer|token)\s+", re.IGNORECASE)
_LOOKUPS = 4
_LONGEST = 1000


class TokenGate:
    """Lets a request through when it carries a token as `<token>`, `Bearer <token>` or `Token <token>`."""

    def __init__(self, app: ASGIApp, *, principals: Principals) -> None:
        self.app = app
        self._principals = principals
        self._threads = CapacityLimiter(_LOOKUPS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] not in _CONNECTIONS or _path(scope) in PUBLIC:
            await self.app(scope, receive, send)
            return
        try:
            scope["principal"], scope["admission"] = await self._admitted(scope)
        except ApiError as refusal:
            await _refuse(refusal, scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _admitted(self, scope: Scope) -> tuple[Principal, Admission]:
        """Who asks, when they may. Raises ApiError: 401, 403, 429."""
        secret = _secret(_authorization(scope))
        principal = self._principals.known(secret)
        if principal is None:
            try:
                principal = await anyio.to_thread.run_sync(self._principals.identify, secret, limiter=self._threads)
            except StoreError as error:
                raise ApiError(500, "The records of tokens can't be read now; the server's log says why.") from error
        if principal is None:
            raise _unauthorized("The token in the Authorization header is not known here, or was revoked.")
        needed = _needed(scope)
        if not principal.scope.covers(needed):
            raise ApiError(
                403,
                f"The token {principal.name!r} has the scope '{principal.scope}', and this needs '{needed}'. The "
                f"operator makes another with `playground-server token create NAME --scope {needed}`.",
            )
        if not self._principals.may_ask_now(principal):
            raise ApiError(429, f"The token {principal.name!r} asks too often: wait a second, and ask less often.")
        return principal, Admission(self._principals, self._threads, secret, principal)


async def _refuse(refusal: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.detail[:120]})
    else:
        await error_reply(HTTPConnection(scope), refusal)(scope, receive, send)


def _authorization(scope: Scope) -> str | None:
    """The header; the first one where there are several, as `HTTPConnection.headers` has it."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), None)


def _secret(header: str | None) -> str:
    """The token itself. Raises ApiError(401) when there is none."""
    if not header or not header.strip():
        raise _unauthorized("A token is needed: send 'Authorization: <token>' or 'Authorization: Bearer <token>'.")
    given = header.strip()[:_LONGEST]
    return _SCHEME.sub("", given, count=1) if _SCHEME.match(given) else given


def _unauthorized(sentence: str) -> ApiError:
    return ApiError(401, sentence, headers={"WWW-Authenticate": "Bearer"})


def _needed(scope: Scope) -> TokenScope:
    if scope["type"] == "websocket" or scope["method"] in _READS:
        return TokenScope.READ
    path = f"{_path(scope)}/"
    if any(scope["method"] in methods and path.startswith(beginning) for methods, beginning in ADMIN_ONLY):
        return TokenScope.ADMIN
    return TokenScope.WRITE


def _path(scope: Scope) -> str:
    """The path below the proxy's prefix, without a final slash."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).rstrip("/")


def fingerprint(header: str | None) -> str | None:
    """Eight hex digits that tell one caller's token from another's in a log, and give nothing of it away."""
    if not header:
        return None
    return hashlib.sha256(_SCHEME.sub("", header.strip(), count=1).encode()).hexdigest()[:8]
