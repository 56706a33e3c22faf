"""`/v1/events` and a playground's own: what happened, for people; read once, or watched."""

from collections.abc import Sequence

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from api.http.dependencies import Context, context
from api.http.pages import integer
from api.http.replies import JsonReply
from api.http.v1.playgrounds import unknown
from api.http.v1.watch import BATCH, Message, stream, version_of, wants_watch
from api.resources.event import Event
from api.resources.manifest import API_VERSION
from api.resources.value import timestamp

MAX_EVENTS = 1000


async def list_events(request: Request) -> Response:
    """`GET /v1/events`: the newest of all playgrounds, those that are gone too."""
    return await _answer(request, None)


async def list_playground_events(request: Request) -> Response:
    """`GET /v1/playgrounds/{name}/events`: its own; also of one that was deleted a while ago."""
    ctx, name = context(request), request.path_params["name"]
    return await _answer(request, await uid_of(ctx, name))


async def uid_of(ctx: Context, name: str) -> str:
    """The uid of the playground of that name, or of the last one that had it. Raises ApiError(404)."""
    if len(name) <= 63 and "\0" not in name:
        found = await ctx.records(ctx.deps.store.declared.get, name)
        if found is not None:
            return found.metadata.uid
        tombstone = await ctx.records(ctx.deps.store.playgrounds.tombstone, name)
        if tombstone is not None and tombstone.name == name:
            return tombstone.uid
    raise unknown(name)


async def _answer(request: Request, uid: str | None) -> Response:
    ctx = context(request)
    journal = ctx.deps.store.journal
    limit = integer(request.query_params, "limit", 1, MAX_EVENTS, MAX_EVENTS)
    version = version_of(request)
    if wants_watch(request.query_params):
        uids = None if uid is None else (uid,)
        first: list[Message] = []
        if version is None:
            found = await ctx.records(ctx.deps.store.events.snapshot, uid, limit)
            version = found.version
            # By version, so that who is cut off in their midst can go on from the last one that came.
            first = [_message(event) for event in sorted(found.items, key=lambda event: event.version)]
        else:
            await ctx.records(journal.events_since, version, limit=1, uids=uids)  # 410 before anything is sent

        async def read(after: int) -> tuple[Sequence[Message], int, bool]:
            changes = await ctx.records(journal.events_since, after, limit=BATCH, uids=uids)
            return [_message(event) for event in changes.items], changes.version, len(changes.items) == BATCH

        return stream(request, "Event", version, first, read)
    listed = await ctx.records(ctx.deps.store.events.snapshot, uid, limit)
    items: list[JsonValue] = [event_view(event) for event in listed.items]
    metadata: Message = {"resourceVersion": str(listed.version)}
    return JsonReply({"apiVersion": API_VERSION, "kind": "EventList", "metadata": metadata, "items": items})


def event_view(event: Event) -> Message:
    """The wire form of an event."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Event",
        "metadata": {"name": f"{event.playground_name}.{event.id}", "resourceVersion": str(event.version)},
        "involvedObject": {"kind": "Playground", "name": event.playground_name, "uid": event.playground_uid},
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "count": event.count,
        "firstTimestamp": timestamp(event.first_seen),
        "lastTimestamp": timestamp(event.last_seen),
    }


def _message(event: Event) -> Message:
    return {"type": "ADDED" if event.count == 1 else "MODIFIED", "object": event_view(event)}
