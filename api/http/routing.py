"""Routes: one resource with all its methods and both forms of its path; many routes, found quickly by their shape."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple

from starlette.datastructures import URLPath
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]


class Resource(Route):
    """A route with a handler for each method."""

    def __init__(self, path: str, handlers: Mapping[str, Handler]) -> None:
        async def endpoint(request: Request) -> Response:
            return await handlers["GET" if request.method == "HEAD" else request.method](request)

        super().__init__(path, endpoint, methods=sorted(handlers))
        self.handlers = handlers


def resource(path: str, **handlers: Handler) -> list[Route]:
    """Routes for `path`, written with its final slash: `GET=…, POST=…`. Other methods get 405.

    Both forms of the path are there, with the final slash and without, and never a redirect.
    """
    return [Resource(form, handlers) for form in (path, path.rstrip("/"))]


class _Shape(NamedTuple):
    """What can be told of a path without a regular expression: its first part, its slashes, and its last one."""

    first: str
    slashes: int
    ends_with_slash: bool


def _shape(path: str) -> _Shape:
    end = path.find("/", 1)
    return _Shape(path[1:end] if end > 0 else path[1:], path.count("/"), path.endswith("/"))


class RouteIndex(BaseRoute):
    """Routes as one. Starlette tries one after the other; this tries those that the path's shape lets in, in order.

    The first part of each route's path must be written out. A `{name:path}` takes any number of slashes.
    """

    def __init__(self, routes: Iterable[Route | WebSocketRoute | BaseRoute]) -> None:
        known = [(route, route.path) for route in routes if isinstance(route, Route | WebSocketRoute)]
        shapes = [(route, _shape(path), ":path}" in path) for route, path in known]
        assert not any("{" in shape.first for _, shape, _ in shapes), "a route's path begins with a word"
        self._by_shape: Mapping[_Shape, list[BaseRoute]] = {
            wanted: [
                route
                for route, shape, greedy in shapes
                if shape == wanted or (greedy and shape.first == wanted.first and shape.slashes <= wanted.slashes)
            ]
            for _, wanted, _ in shapes
        }
        self._greedy: Mapping[str, list[BaseRoute]] = {
            first: [route for route, shape, greedy in shapes if greedy and shape.first == first]
            for first in {shape.first for _, shape, _ in shapes}
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route that fits whole, else the first that fits but for its method."""
        path = path_below_prefix(scope)
        shape = _shape(path)
        partial: tuple[Match, Scope] = Match.NONE, {}
        for route in self._by_shape.get(shape) or self._greedy.get(shape.first) or ():
            match, child = route.matches(scope)
            if match is Match.FULL:
                child["route"] = route
                return match, child
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = match, {**child, "route": route}
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leaves it to the route that was found."""
        route: BaseRoute = scope["route"]
        await route.handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """Addresses are made in `links`, and nowhere from a route's name."""
        raise NoMatchFound(name, path_params)


def path_below_prefix(scope: Scope) -> str:
    """The path below the proxy's prefix, as Starlette's routes see it."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in {"", "/"}:
        return path[len(root) :]
    return path
