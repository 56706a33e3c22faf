"""`containers/`: playgrounds as the platform's clients know them."""

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http.body import Json, read_object
from api.http.controller_client import ControllerUnreachableError
from api.http.creates import create_playground
from api.http.dependencies import Context, context
from api.http.errors import ApiError, InvalidRequestError, Problem, one_of
from api.http.lookups import (
    being_deleted,
    find_playground,
    find_tombstone,
    get_living,
    get_playground,
    unknown,
)
from api.http.pages import check_query, filters_of, integer, page_head, page_of, page_view
from api.http.replies import JsonReply, ReadyReply, no_content, with_list
from api.http.routing import resource
from api.resources.agent_view import container_detail, container_view
from api.resources.event import Event
from api.resources.playground import DesiredRunState, Playground
from api.resources.value import timestamp

_STATES = {"running": DesiredRunState.RUNNING, "stopped": DesiredRunState.STOPPED}
_PAGE_QUERY = frozenset({"page", "page_size"})
_LIST_QUERY = _PAGE_QUERY | {"status", "plugin_release", "model", "kind", "label"}
_MAX_TAIL = 10_000
_DEFAULT_TAIL = 100
_MAX_EVENTS = 1000


async def list_playgrounds(request: Request) -> Response:
    """`GET containers/`: a page, filtered."""
    ctx, query = context(request), request.query_params
    check_query(query, _LIST_QUERY, repeated={"label"})
    number, size = page_of(query)
    if ctx.readings is not None and query.keys() <= _PAGE_QUERY:
        found = await ctx.readings.page("view", ctx.some_playgrounds, offset=(number - 1) * size, size=size)
        if found is not None:
            return ReadyReply(with_list(page_head(request, found.count, number, size), "results", found.bodies))
    page = await ctx.records(ctx.deps.store.playgrounds.list, filters_of(query), page=number, page_size=size)
    return JsonReply(page_view(request, page, number, size, container_view))


async def read_playground(request: Request) -> Response:
    """`GET containers/{id}`: everything known about it. See `Express` for those that are at hand."""
    return JsonReply(container_detail(await get_playground(context(request), request.path_params["id"])))


async def update_playground(request: Request) -> Response:
    """`PATCH containers/{id}`: `{"status": "stopped"}`, `{"status": "running"}`, or nothing."""
    ctx = context(request)
    state = _wanted_state(await read_object(request))
    playground = await get_living(ctx, request.path_params["id"])
    if state is not None:
        playground = await set_state(ctx, playground, state)
    return JsonReply(container_detail(playground))


async def set_state(ctx: Context, playground: Playground, state: DesiredRunState) -> Playground:
    """Records that it shall run or not. Raises ApiError when it was deleted meanwhile."""
    uid = playground.metadata.uid
    changed = await ctx.records(ctx.deps.store.playgrounds.set_run_state, uid, state, now=ctx.now())
    return _still_there(changed, playground)


async def delete_playground(request: Request) -> Response:
    """`DELETE containers/{id}`: asked once or again, it goes; 404 only for what never was."""
    ctx, lookup = context(request), request.path_params["id"]
    playground = await find_playground(ctx, lookup)
    if playground is not None:
        await ctx.records(ctx.deps.store.playgrounds.request_deletion, playground.metadata.uid, now=ctx.now())
    elif await find_tombstone(ctx, lookup) is None:
        raise unknown(lookup)
    return no_content()


async def restart_playground(request: Request) -> Response:
    """`POST containers/{id}/restart/`: the same container, started again."""
    ctx = context(request)
    await read_object(request)
    playground = await get_living(ctx, request.path_params["id"])
    if playground.spec.state is DesiredRunState.STOPPED:
        raise ApiError(409, f"Playground {playground.metadata.name} is stopped on purpose; start it instead.")
    uid = playground.metadata.uid
    changed = await ctx.records(ctx.deps.store.playgrounds.request_restart, uid, now=ctx.now())
    return JsonReply(container_view(_still_there(changed, playground), restarted=True))


async def list_events(request: Request) -> Response:
    """`GET containers/{id}/events/`: what happened to it, oldest first; also of one that is gone."""
    ctx, lookup = context(request), request.path_params["id"]
    check_query(request.query_params, {"limit"})
    limit = integer(request.query_params, "limit", 1, _MAX_EVENTS, _MAX_EVENTS)
    playground = await find_playground(ctx, lookup)
    tombstone = None if playground is not None else await find_tombstone(ctx, lookup)
    if playground is None and tombstone is None:
        raise unknown(lookup)
    uid = playground.metadata.uid if playground else tombstone.uid if tombstone else ""
    events = await ctx.records(ctx.deps.store.events.list, uid, limit)
    results: list[JsonValue] = [
        _event_view(event) for event in sorted(events, key=lambda event: (event.last_seen, event.id))
    ]
    return JsonReply({"count": len(results), "next": None, "previous": None, "results": results})


async def read_logs(request: Request) -> Response:
    """`GET containers/{id}/logs/?tail=N`: the last lines it printed, as text, from the controller."""
    ctx = context(request)
    check_query(request.query_params, {"tail"})
    tail = integer(request.query_params, "tail", 1, _MAX_TAIL, _DEFAULT_TAIL)
    playground = await get_playground(ctx, request.path_params["id"])
    try:
        reply = await ctx.ask_controller(ctx.deps.controller.logs, playground.metadata.uid, tail)
    except ControllerUnreachableError as error:
        sentence = (
            "The logs come from the controller, which does not answer. Is 'playground-server controller' running?"
        )
        raise ApiError(409, f"{sentence} ({error})") from error
    if reply.status != 200:
        raise ApiError(404 if reply.status == 404 else 409, reply.text)
    return PlainTextResponse(reply.text, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


def _wanted_state(body: Json) -> DesiredRunState | None:
    strangers = [name for name in body if name != "status"]
    if strangers:
        problems = [
            Problem(("body", name), "Only 'status' can be changed here; create it again to change what it is.")
            for name in strangers
        ]
        raise InvalidRequestError(*problems)
    status = body.get("status")
    if status is None:
        return None
    if not isinstance(status, str) or status not in _STATES:
        raise InvalidRequestError(
            Problem(("body", "status"), f"{one_of(sorted(_STATES))} is expected.", "enum", status)
        )
    return _STATES[status]


def _still_there(changed: Playground | None, before: Playground) -> Playground:
    if changed is None or changed.metadata.deletion_requested_at is not None:
        raise being_deleted(before)
    return changed


def _event_view(event: Event) -> dict[str, JsonValue]:
    return {
        "id": event.id,
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "count": event.count,
        "first_seen": timestamp(event.first_seen),
        "last_seen": timestamp(event.last_seen),
        "uid": event.playground_uid,
        "name": event.playground_name,
    }


ROUTES: list[Route] = [
    *resource("/containers/", GET=list_playgrounds, POST=create_playground),
    *resource("/containers/{id}/restart/", POST=restart_playground),
    *resource("/containers/{id}/events/", GET=list_events),
    *resource("/containers/{id}/logs/", GET=read_logs),
    *resource("/containers/{id}/", GET=read_playground, PATCH=update_playground, DELETE=delete_playground),
]
