"""`builds/{id}/`: what a waiting client asks for, once in a while or live."""

from collections.abc import AsyncIterator

import anyio
import orjson
from pydantic import JsonValue
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.http.admission import admission_of
from api.http.dependencies import Context, context
from api.http.errors import ApiError
from api.http.links import build_links
from api.http.replies import JsonReply
from api.http.routing import resource
from api.http.streams import build_message, build_messages
from api.resources.agent_view import container_detail
from api.resources.build import Build, BuildState
from api.resources.phase import Phase, phase
from api.resources.playground import Playground
from api.resources.value import timestamp

_ON_ITS_WAY = frozenset({Phase.REQUESTED, Phase.BUILDING, Phase.STARTING})
_ENDED = 1000
_UNKNOWN = 4404


async def read_build(request: Request) -> Response:
    """`GET builds/{id}/`: `completed`, `failed` or `cancelled` in the end; until then the playground's phase."""
    found = await _find(context(request), request.path_params["id"])
    return JsonReply(build_view(request, *found))


async def cancel_build(request: Request) -> Response:
    """`DELETE builds/{id}/`: cancels one that is open. The reply is the build as it is then.

    When nobody else waits for a playground that never had a container, it is wanted stopped from then on, which ends
    the image's build; who asks for it again starts it again.
    """
    ctx, build_id = context(request), request.path_params["id"]
    build, _ = await _find(ctx, build_id)
    await ctx.records(ctx.deps.store.builds.cancel, build_id, now=ctx.now())
    if build.state is BuildState.PENDING:
        await ctx.records(ctx.deps.store.playgrounds.stop_unawaited, build.playground_uid, now=ctx.now())
    return JsonReply(build_view(request, *await _find(ctx, build_id)))


async def stream_build(request: Request) -> Response:
    """`GET builds/{id}/events/`: server-sent events, `data:` lines with JSON and nothing else."""
    ctx, build_id = context(request), request.path_params["id"]
    await _find(ctx, build_id)

    async def lines() -> AsyncIterator[bytes]:
        async for message in build_messages(ctx, admission_of(request), build_id):
            yield b"data: " + orjson.dumps(message) + b"\n\n"

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


async def socket_build(socket: WebSocket) -> None:
    """`builds/{id}/ws/`: the same messages, one JSON text each; closed with 1000 at the end."""
    ctx, build_id = context(socket), socket.path_params["id"]
    await socket.accept()
    if await ctx.records(ctx.deps.store.builds.get, build_id) is None:
        await socket.send_text(orjson.dumps({"type": "error", "message": _unknown(build_id).detail}).decode())
        await socket.close(_UNKNOWN)
        return
    async with anyio.create_task_group() as tasks:

        async def until_gone() -> None:
            """What the client sends is ignored; that it left ends the stream."""
            try:
                while True:
                    await socket.receive_text()
            except (WebSocketDisconnect, KeyError):
                tasks.cancel_scope.cancel()

        tasks.start_soon(until_gone)
        try:
            async for message in build_messages(ctx, admission_of(socket), build_id):
                await socket.send_text(orjson.dumps(message).decode())
            await socket.close(_ENDED)
        except WebSocketDisconnect:
            pass
        tasks.cancel_scope.cancel()


def build_view(connection: HTTPConnection, build: Build, playground: Playground | None) -> dict[str, JsonValue]:
    """A build as clients read it."""
    conditions: JsonValue = [] if playground is None else container_detail(playground)["conditions"]
    return {
        "id": build.id,
        "status": _status(build, playground),
        "result": build.result,
        "error": build.error,
        "message": build_message(build, playground),
        "conditions": conditions,
        "restarted": build.restarted,
        "uid": build.playground_uid,
        "name": playground.metadata.name if playground else None,
        "created_at": timestamp(build.created_at),
        "finished_at": timestamp(build.finished_at),
        **build_links(connection, build.id),
    }


def _status(build: Build, playground: Playground | None) -> str:
    """The final word of a finished build, else the phase; never a final word, or another's `failed`, of an open one."""
    if build.state is not BuildState.PENDING:
        return build.state
    word = phase(playground) if playground else Phase.REQUESTED
    return word if word in _ON_ITS_WAY else Phase.STARTING


async def _find(ctx: Context, build_id: str) -> tuple[Build, Playground | None]:
    found = None
    if "\0" not in build_id and len(build_id) <= 100:
        found = await ctx.records(ctx.deps.store.builds.get_with_playground, build_id)
    if found is None:
        raise _unknown(build_id)
    return found


def _unknown(build_id: str) -> ApiError:
    return ApiError(404, f"There is no build {build_id[:100]!r}; the reply to a create names its build.")


ROUTES: list[BaseRoute] = [
    *resource("/builds/{id}/events/", GET=stream_build),
    *resource("/builds/{id}/", GET=read_build, DELETE=cancel_build),
    WebSocketRoute("/builds/{id}/ws/", socket_build),
    WebSocketRoute("/builds/{id}/ws", socket_build),
]
