"""Many routes as one: the same route is found as when each is tried in turn, only sooner."""

import pytest
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from api.http.app import ROUTES
from api.http.routing import RouteIndex

_PATHS = (
    "", "/", "//", "/containers", "/containers/", "/containers//", "/containers/x", "/containers/x/",
    "/containers/x/y/",
    "/containers/docker", "/containers/docker/", "/containers/docker/x/", "/containers/docker/x/stop/",
    "/containers/x/logs", "/containers/x/health/", "/containers/docker/x/logs/", "/builds/b/ws", "/builds/b/ws/",
    "/builds/b/events/", "/plugin_releases", "/plugin_releases/a@1", "/plugin_releases/@org/a/b/c@1/",
    "/v1/pluginreleases/@org/a@1", "/v1/pluginreleases/@org/a@1/", "/v1/pluginreleases", "/v1/playgrounds/x/log",
    "/v1/playgrounds/x/y/z", "/v1", "/v2/playgrounds", "/metrics", "/metrics/", "/livez/x", "/nothing/at/all",
    "/containers/x\n", "/conta", "/containersx/",
)  # fmt: skip


def _first(scope: Scope) -> tuple[Match, BaseRoute | None, object]:
    """What Starlette's own loop would come to."""
    partial: tuple[Match, BaseRoute | None, object] = Match.NONE, None, None
    for route in ROUTES:
        match, child = route.matches(scope)
        if match is Match.FULL:
            return match, route, child["path_params"]
        if match is Match.PARTIAL and partial[1] is None:
            partial = match, route, child["path_params"]
    return partial


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("root", ["", "/agent"])
def test_the_index_finds_what_a_look_at_each_route_finds(path: str, root: str) -> None:
    index = RouteIndex(ROUTES)
    for kind, method in [("http", "GET"), ("http", "POST"), ("http", "DELETE"), ("http", "PUT"), ("websocket", "")]:
        scope: Scope = {"type": kind, "method": method, "path": root + path, "root_path": root}
        match, route, parameters = _first(scope)
        found, child = index.matches(scope)
        assert (found, child.get("route"), child.get("path_params")) == (match, route, parameters), (kind, method)
