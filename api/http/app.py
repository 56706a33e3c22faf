"""The application: layers around routes.

AccessLayer        one log line, 500 for the unexpected
ForwardedHeaders   the address the client used, behind a trusted proxy
TokenGate          401 without a token, 403 and 429 where it is not good for that
Express            a single playground that is ready to be sent
BodyPace           408 for a body that trickles
routes             404 and 405 as JSON; every error through `errors`
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from api.http.access import AccessLayer
from api.http.auth import TokenGate
from api.http.changes import Changes
from api.http.dependencies import Context, Dependencies
from api.http.errors import ApiError, on_api_error, on_http_exception, on_store_error
from api.http.express import Express
from api.http.forwarded import ForwardedHeaders
from api.http.pace import BodyPace
from api.http.principals import Principals
from api.http.readings import Readings
from api.http.routes import builds, containers, docker_containers, health, measures, plugin_releases
from api.http.routing import RouteIndex
from api.http.shortcut import Shortcut
from api.http.v1 import table as v1
from api.http.writes import Writes
from api.metrics import HttpMetrics
from api.store import StoreError

__all__ = ["Dependencies", "create_app"]

ROUTES: tuple[BaseRoute, ...] = (
    *health.ROUTES,
    *docker_containers.ROUTES,  # before containers/{id}, which would take `docker` for a name
    *measures.ROUTES,
    *containers.ROUTES,
    *builds.ROUTES,
    *plugin_releases.ROUTES,
    *v1.ROUTES,
)

_LOOK = 2.0
"""Seconds that a wait for changes takes at most: so long it goes on when nobody waits any more."""


def create_app(deps: Dependencies) -> Starlette:
    """The HTTP API over these dependencies. It opens and closes none of them."""
    metrics = HttpMetrics(deps.store, deps.settings.port_range)
    principals = Principals(deps.store, deps.token, deps.clock, deps.settings.rate_limit)
    glance = deps.store.glance()
    readings = None if glance is None else Readings(glance)
    on_error = {
        ApiError: on_api_error,
        HTTPException: on_http_exception,
        StoreError: on_store_error,
        ClientDisconnect: _on_disconnect,
    }
    app = Starlette(
        routes=[RouteIndex(ROUTES)],
        middleware=[
            Middleware(AccessLayer, clock=deps.clock, metrics=metrics),
            Middleware(ForwardedHeaders, trusted=deps.settings.trusted_proxies),
            Middleware(TokenGate, principals=principals),
            Middleware(Express, readings=readings),
            Middleware(BodyPace),
            Middleware(Shortcut, routes=ROUTES, on_error=on_error),
        ],
        exception_handlers=on_error,
    )
    app.router.redirect_slashes = False  # 301 turns a client's POST into a GET
    changes = Changes(lambda seen, leave: deps.store.feed.wait_for_any(seen, timeout=_LOOK, stop=leave))
    group = deps.store.group_commit()
    writes = None if group is None else Writes(group, deps.store.write)
    context = Context(deps=deps, changes=changes, metrics=metrics, readings=readings, writes=writes)
    app.state.context = context
    return app


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    """Nobody is there to read it; what was received is already gone. The status is for the log."""
    return Response(status_code=400)
