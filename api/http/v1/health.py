"""`/livez`, `/readyz`, `/metrics`, and `/openapi.json`."""

from prometheus_client import generate_latest
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from api.http.dependencies import context
from api.http.replies import JsonReply
from api.metrics import CONTENT_TYPE
from api.store import StoreError


async def read_livez(_request: Request) -> Response:
    """`GET /livez`: the process answers."""
    return JsonReply({"status": "ok"})


async def read_readyz(request: Request) -> Response:
    """`GET /readyz`: 200 when the records can be read, else 500 (never 503, which clients of the Agent repeat)."""
    ctx = context(request)
    try:
        await ctx.records(ctx.deps.store.check_schema)
    except StoreError as error:
        body: dict[str, JsonValue] = {"status": "unavailable", "reason": str(error)}
        return JsonReply(body, 500)
    return JsonReply({"status": "ok"})


async def read_metrics(request: Request) -> Response:
    """`GET /metrics`: for Prometheus."""
    ctx = context(request)
    text = await ctx.records(generate_latest, ctx.metrics.registry)
    return Response(text, media_type=CONTENT_TYPE)
