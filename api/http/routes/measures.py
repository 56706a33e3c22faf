"""`containers/{id}/resources/` and `containers/{id}/health/`: what the controller measures when it is asked."""

from collections.abc import Callable

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.controller_client import ControllerUnreachableError
from api.http.dependencies import Context, context
from api.http.errors import ApiError
from api.http.lookups import get_playground
from api.http.replies import JsonReply
from api.http.routing import resource
from api.resources.phase import health, phase
from api.resources.value import timestamp

_MEASURES = ("cpu_percent", "memory_bytes", "network_rx_bytes", "network_tx_bytes")
Found = dict[str, JsonValue] | None


async def read_resources(request: Request) -> Response:
    """`GET containers/{id}/resources/`: what it uses now; nulls while no container runs."""
    ctx = context(request)
    playground = await get_playground(ctx, request.path_params["id"])
    found = await _ask(ctx, ctx.deps.controller.usage, playground.metadata.uid) or {}
    view: dict[str, JsonValue] = {name: found.get(name) for name in _MEASURES}
    return JsonReply({**view, "gpu_percent": None, "status": phase(playground)})


async def read_health(request: Request) -> Response:
    """`GET containers/{id}/health/`: what a probe meets now, and what the records say."""
    ctx = context(request)
    playground = await get_playground(ctx, request.path_params["id"])
    found = await _ask(ctx, ctx.deps.controller.probe, playground.metadata.uid)
    at = found.get("at") if found else None
    failed = found is not None and not found.get("ready")
    return JsonReply(
        {
            "status": phase(playground),
            "health_state": health(playground) if found is None else "unhealthy" if failed else "healthy",
            "consecutive_failures": playground.status.probe_failures,
            "last_health_check_at": timestamp(at) if isinstance(at, float) else None,
            "last_health_error": found.get("detail") if found and failed else None,
        }
    )


async def _ask(ctx: Context, question: Callable[[str], Found], uid: str) -> Found:
    """The controller's answer. Raises ApiError(409) when it gives none."""
    try:
        return await ctx.ask_controller(question, uid)
    except ControllerUnreachableError as error:
        raise ApiError(409, f"This is measured by the controller, which does not answer. ({error})") from error


ROUTES: list[Route] = [
    *resource("/containers/{id}/resources/", GET=read_resources),
    *resource("/containers/{id}/health/", GET=read_health),
]
