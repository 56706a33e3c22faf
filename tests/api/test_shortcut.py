"""A request whose path stands in a route gets the same reply on the short way as through all routes."""

import pytest
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from api.http.app import ROUTES, create_app
from api.http.errors import ApiError
from api.http.routing import Resource
from api.http.shortcut import Shortcut
from api.store import StoreUnavailable
from tests.api.conftest import TOKEN, Api
from tests.store.builders import apply

_SENT: tuple[tuple[str, str, JsonValue], ...] = (
    ("GET", "/containers/", None),
    ("GET", "/containers", None),
    ("GET", "/containers/?page_size=0", None),
    ("GET", "/containers/?nothing=1", None),
    ("HEAD", "/containers/", None),
    ("PUT", "/containers/", None),
    ("POST", "/containers/", {"plugin_release": 5}),
    ("POST", "/containers/", {"plugin_release": "absent@1"}),
    ("POST", "/containers/docker/", {"plugin_release": "absent@1"}),
    ("GET", "/plugin_releases/", None),
    ("GET", "/v1/playgrounds", None),
    ("GET", "/health", None),
    ("GET", "/nothing/", None),
)


@pytest.mark.parametrize("prefix", ["", "/agent"])
def test_both_ways_give_the_same_reply(
    api: Api, client: TestClient, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(api.store, labels={"team": "vision"})
    headers = {"X-Forwarded-Prefix": prefix} if prefix else {}
    short = [client.request(method, prefix + path, json=body, headers=headers) for method, path, body in _SENT]
    monkeypatch.setattr(Shortcut, "__init__", _without_routes)
    caller = ("127.0.0.1", 50000)
    with TestClient(create_app(api.deps), headers={"Authorization": TOKEN}, client=caller) as long_way:
        long = [long_way.request(method, prefix + path, json=body, headers=headers) for method, path, body in _SENT]
    for (method, path, _), one, other in zip(_SENT, short, long, strict=True):
        assert (one.status_code, one.content) == (other.status_code, other.content), (method, path)
        assert sorted(one.headers.items()) == sorted(other.headers.items()), (method, path)
    assert {reply.status_code for reply in short} >= {200, 404, 405, 422}


def _without_routes(self: Shortcut, app: object, **_: object) -> None:
    self.app, self._on_error, self._handlers = app, {}, {}  # type: ignore[assignment]  # nothing is on the short way


@pytest.mark.parametrize(
    ("error", "status"),
    [(ApiError(409, "no"), 409), (StoreUnavailable("no"), 500), (ZeroDivisionError(), 500)],
)
def test_errors_are_told_as_the_routes_tell_them(
    api: Api, error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_request: Request) -> Response:
        raise error

    [route] = [each for each in ROUTES if isinstance(each, Resource) and each.path == "/containers/"]
    monkeypatch.setattr(route, "handlers", {"GET": fail})
    with TestClient(create_app(api.deps), headers={"Authorization": TOKEN}, raise_server_exceptions=False) as client:
        assert client.get("/containers/").status_code == status
