"""Watches: what changed since a version, as long as the client listens. JSON lines, or server-sent events by `Accept`.

`ADDED`, `MODIFIED`, `DELETED` with the object; `BOOKMARK` as a heartbeat, with the version to go on from; `ERROR` when
the changes since then are not known any more (410: list anew), or the token was revoked (401). Every change comes once,
in the order of its version.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from pydantic import JsonValue
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse

from api.http.admission import Admission, admission_of
from api.http.dependencies import Context, context
from api.http.errors import InvalidRequestError, Problem
from api.http.pages import integer
from api.http.v1.operations import JSON_LINES, SSE
from api.http.v1.selectors import Selector
from api.resources.change import Change, ChangeType
from api.resources.declared import manifest_view
from api.resources.manifest import API_VERSION
from api.resources.playground import Playground
from api.store import StoreError, VersionTooOld

BATCH = 500
HEARTBEAT = 10.0
_LOOK_AGAIN = 1.0
"""Seconds after which the journal is read again although nothing woke us: a wake-up may be lost."""
_MAX_SECONDS = 24 * 3600

Message = dict[str, JsonValue]
Read = Callable[[int], Awaitable[tuple[Sequence[Message], int, bool]]]
"""From a version to the messages since, the version they reach to, and whether there may be more at once."""


def wants_watch(query: Mapping[str, str]) -> bool:
    """Whether a watch is asked for. Raises InvalidRequestError for a value that is no boolean."""
    return flag(query, "watch")


def flag(query: Mapping[str, str], name: str) -> bool:
    """A `true` or `false` of the query; false where it is not there."""
    text = query.get(name, "false")
    if text not in {"true", "false"}:
        raise InvalidRequestError(Problem(("query", name), "true or false is expected.", "bool", text))
    return text == "true"


def version_of(connection: HTTPConnection) -> int | None:
    """The version to go on from: `resourceVersion`, or the last event's id that a browser sends when it reconnects."""
    text = connection.headers.get("last-event-id") or connection.query_params.get("resourceVersion")
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    message = "A version is expected, as it was in metadata.resourceVersion."
    raise InvalidRequestError(Problem(("query", "resourceVersion"), message, "version", text))


async def watch_playgrounds(request: Request, selector: Selector) -> Response:
    """`GET /v1/playgrounds?watch=true`. Without a version, it begins with all there are, and a bookmark after them."""
    ctx = context(request)
    follower = _Follower(ctx, selector)
    version = version_of(request)
    first: list[Message] = []
    if version is None:
        snapshot = await ctx.records(ctx.deps.store.journal.snapshot)
        matching = [playground for playground in snapshot.playgrounds if selector.matches(playground)]
        # By version, so that who is cut off in their midst can go on from the last one that came.
        matching.sort(key=lambda playground: playground.metadata.resource_version)
        first = [follower.added(playground) for playground in matching]
        version = snapshot.version
        first.append(bookmark("Playground", version))
    else:
        await ctx.records(ctx.deps.store.journal.since, version, limit=1)  # 410 before anything is sent
    return stream(request, "Playground", version, first, follower.read)


def stream(request: Request, kind: str, version: int, first: Sequence[Message], read: Read) -> Response:
    """The reply that goes on until the client leaves, `timeoutSeconds` are over, its token is revoked, or we stop."""
    ctx, admission = context(request), admission_of(request)
    seconds = integer(request.query_params, "timeoutSeconds", 1, _MAX_SECONDS, _MAX_SECONDS)
    as_events = SSE in request.headers.get("accept", "")

    async def body() -> AsyncIterator[bytes]:
        for message in first:
            yield _encoded(message, as_events=as_events)
        async for message in _follow(ctx, admission, kind, version, read, seconds):
            yield _encoded(message, as_events=as_events)

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(body(), media_type=SSE if as_events else JSON_LINES, headers=headers)


async def _follow(
    ctx: Context, admission: Admission, kind: str, version: int, read: Read, seconds: int
) -> AsyncIterator[Message]:
    clock = ctx.deps.clock
    ends = clock.monotonic() + seconds
    silent_since = clock.monotonic()
    async with ctx.changes.following():
        while not ctx.changes.closed and clock.monotonic() < ends:
            if (refusal := await admission.refusal()) is not None:
                yield _error(401, refusal)
                return
            try:
                messages, version, more = await read(version)
            except VersionTooOld as error:
                yield _error(410, str(error))
                return
            except StoreError:
                messages, more = (), False  # it may answer again: nothing is lost meanwhile
            for message in messages:
                yield message
            if messages:
                silent_since = clock.monotonic()
            elif clock.monotonic() - silent_since >= HEARTBEAT:
                silent_since = clock.monotonic()
                yield bookmark(kind, version)
            if not more:
                left = min(ends, silent_since + HEARTBEAT) - clock.monotonic()
                await ctx.changes.wait(max(0.01, min(left, _LOOK_AGAIN)))
    yield bookmark(kind, version)


def bookmark(kind: str, version: int) -> Message:
    """How far it is told: go on from here."""
    metadata: Message = {"resourceVersion": str(version)}
    return {"type": "BOOKMARK", "object": {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata}}


def _error(code: int, sentence: str) -> Message:
    """Why a watch ends for good."""
    return {"type": "ERROR", "object": {"kind": "Status", "code": code, "message": sentence}}


def _encoded(message: Message, *, as_events: bool) -> bytes:
    data = orjson.dumps(message)
    if not as_events:
        return data + b"\n"
    thing = message["object"]
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    number = f"id: {version}\n" if version is not None else ""
    return f"{number}event: {message['type']}\ndata: ".encode() + data + b"\n\n"


@dataclass
class _Follower:
    """One client's watch: what matches its selector, and what did before."""

    ctx: Context
    selector: Selector
    matched: dict[str, bool] = field(default_factory=dict)
    """By uid, as far as it is known here whether the playground has matched last."""

    def added(self, playground: Playground) -> Message:
        """The message for one that is there when the watch begins."""
        self.matched[playground.metadata.uid] = True
        return _message(ChangeType.ADDED, playground)

    async def read(self, version: int) -> tuple[Sequence[Message], int, bool]:
        """What came after the version."""
        changes = await self.ctx.records(self.ctx.deps.store.journal.since, version, limit=BATCH)
        told = [await self._told(change) for change in changes.items]
        return [message for message in told if message is not None], changes.version, len(changes.items) == BATCH

    async def _told(self, change: Change) -> Message | None:
        """A change as this client sees it: what begins to match was added for it, what no longer does was deleted."""
        if self.selector.is_empty:
            return _message(change.type, change.playground)
        uid = change.playground.metadata.uid
        before = self.matched.pop(uid, None)
        if before is None and change.type is not ChangeType.ADDED:
            earlier = await self.ctx.records(self.ctx.deps.store.journal.before, uid, change.version)
            # One that was there before there was a journal: say too much rather than too little.
            before = earlier is None or self.selector.matches(earlier)
        matches = change.type is not ChangeType.DELETED and self.selector.matches(change.playground)
        if change.type is not ChangeType.DELETED:
            self.matched[uid] = matches
        if matches:
            return _message(ChangeType.MODIFIED if before else ChangeType.ADDED, change.playground)
        return _message(ChangeType.DELETED, change.playground) if before else None


def _message(type_: ChangeType, playground: Playground) -> Message:
    return {"type": type_, "object": manifest_view(playground)}
