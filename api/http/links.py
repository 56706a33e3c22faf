"""Absolute addresses in replies, as the client reaches us: its own host, scheme and path prefix."""

from functools import lru_cache
from urllib.parse import urlencode

from pydantic import JsonValue
from starlette.requests import HTTPConnection


def base_url(connection: HTTPConnection) -> str:
    """Scheme, host and prefix, without a final slash."""
    scope = connection.scope
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    server = scope.get("server")
    return _base_url(scope["scheme"], host, tuple(server) if server else None, scope.get("root_path", ""))


@lru_cache(maxsize=256)
def _base_url(scheme: str, host: bytes | None, server: tuple[str, int | None] | None, root_path: str) -> str:
    """As Starlette makes it: which takes longer than all else of a reply, and is nearly always the same."""
    headers = [] if host is None else [(b"host", host)]
    scope = {
        "type": "http",
        "scheme": scheme,
        "server": server,
        "root_path": root_path,
        "path": "/",
        "headers": headers,
    }
    return str(HTTPConnection(scope).base_url).rstrip("/")


def build_links(connection: HTTPConnection, build_id: str) -> dict[str, JsonValue]:
    """Where a build is looked at: once, and live as server-sent events or over a WebSocket."""
    base = f"{base_url(connection)}/builds/{build_id}/"
    return {"status_url": base, "sse_url": f"{base}events/", "ws_url": f"ws{base.removeprefix('http')}ws/"}


def page_url(connection: HTTPConnection, query: list[tuple[str, str]]) -> str:
    """The address that was asked for, with another query: the path as the client wrote it, final slash or not."""
    path = connection.url.path.removeprefix(str(connection.scope.get("root_path", "")))
    return f"{base_url(connection)}{path}?{urlencode(query)}"
