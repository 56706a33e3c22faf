"""`health/`: always 200 and open to all; the body says how it is."""

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.controller_client import ControllerUnreachableError
from api.http.dependencies import Context, context
from api.http.replies import JsonReply
from api.http.routing import resource
from api.resources.value import timestamp
from api.store import CONTROLLER_LEASE, StoreError

_NO_CONTROLLER = (
    "No controller is running: what is asked for is recorded, and waits. Start 'playground-server controller'."
)
_UNKNOWN: dict[str, JsonValue] = {"status": "unknown"}


async def read_health(request: Request) -> Response:
    """`GET health/`: `ok` when what is asked for will be done, `degraded` with the reasons when not."""
    ctx = context(request)
    database, controller, reasons = await _records(ctx)
    engine = dict(_UNKNOWN)
    if controller["status"] == "ok":
        engine = await _engine(ctx, reasons)
    return JsonReply(
        {
            "status": "degraded" if reasons else "ok",
            "reasons": [*reasons],
            "database": database,
            "controller": controller,
            "engine": engine,
        }
    )


async def _records(ctx: Context) -> tuple[dict[str, JsonValue], dict[str, JsonValue], list[str]]:
    """(database, controller, reasons) from the records."""
    try:
        lease = await ctx.records(ctx.deps.store.leases.holder, CONTROLLER_LEASE)
    except StoreError:
        return {"status": "unavailable"}, dict(_UNKNOWN), ["The database does not answer; the server's log says why."]
    now = ctx.now()
    if lease is None or lease.expires_at <= now:
        gone: dict[str, JsonValue] = {"status": "absent", "holder": None, "last_seen_until": None}
        if lease is not None:
            gone["last_seen_until"] = timestamp(lease.expires_at)
        return {"status": "ok"}, gone, [_NO_CONTROLLER]
    controller: dict[str, JsonValue] = {
        "status": "ok",
        "holder": lease.holder,
        # A lease is renewed for its whole time to live, so what is gone of that is its age.
        "age_seconds": round(max(0.0, ctx.deps.settings.lease_ttl - (lease.expires_at - now)), 1),
        "expires_at": timestamp(lease.expires_at),
    }
    return {"status": "ok"}, controller, []


async def _engine(ctx: Context, reasons: list[str]) -> dict[str, JsonValue]:
    """The engine as the controller sees it; adds to `reasons` when it is not well."""
    try:
        said = await ctx.ask_controller(ctx.deps.controller.health)
    except ControllerUnreachableError:
        return dict(_UNKNOWN)
    engine = said.get("engine")
    state: dict[str, JsonValue] = dict(engine) if isinstance(engine, dict) else dict(_UNKNOWN)
    if state.get("status") not in {"ok", "unknown"}:
        reasons.append(str(state.get("message") or "The container engine does not answer the controller."))
    return state


ROUTES: list[Route] = resource("/health/", GET=read_health)
