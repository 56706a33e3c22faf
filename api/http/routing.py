"""One resource, all its methods, both forms of its path: with the final slash and without, and never a redirect."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]


def resource(path: str, **handlers: Handler) -> list[Route]:
    """Routes for `path`, written with its final slash: `GET=…, POST=…`. Other methods get 405."""

    async def endpoint(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    methods = sorted(handlers)
    return [Route(form, endpoint, methods=methods) for form in (path, path.rstrip("/"))]
