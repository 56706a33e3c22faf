"""A request whose path stands in a route as it is goes straight to its handler, which no search could find better.

The search through all routes, and what Starlette wraps around it and around each route, take as long as a small read.
Errors are told as they are there; what is no such request (a path with a name in it, HEAD, a wrong method) goes on.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.routing import Resource, path_below_prefix

ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]


class Shortcut:
    """Stands right before the routes. `on_error`: Starlette's exception handlers, by the error's class."""

    def __init__(
        self, app: ASGIApp, *, routes: Iterable[BaseRoute], on_error: Mapping[type[Exception], ErrorHandler]
    ) -> None:
        self.app = app
        self._on_error = on_error
        written_out = [route for route in routes if isinstance(route, Resource) and "{" not in route.path]
        self._handlers = {
            (method, route.path): handler for route in written_out for method, handler in route.handlers.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        is_http = scope["type"] == "http"
        handler = self._handlers.get((scope["method"], path_below_prefix(scope))) if is_http else None
        if handler is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            reply = await handler(request)
        except Exception as error:
            tell = next((self._on_error[kind] for kind in type(error).__mro__ if kind in self._on_error), None)
            if tell is None:
                raise
            reply = await tell(request, error)
        await reply(scope, receive, send)
