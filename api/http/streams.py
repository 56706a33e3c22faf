"""A build's live messages: what changed, a heartbeat while nothing does, and an explicit end."""

from collections.abc import AsyncIterator

from pydantic import JsonValue

from api.http.admission import Admission
from api.http.dependencies import Context
from api.resources.agent_view import message
from api.resources.build import Build, BuildState
from api.resources.phase import Phase, phase
from api.resources.playground import Playground
from api.store import StoreError

HEARTBEAT = 10.0
_NOT_SEEN = "Waiting for the controller to see the request."
"""What a build waits for while the playground still is as it was before the request."""
_LOOK_AGAIN = 2.0
"""Seconds after which the record is read again although nothing woke us: a wake-up may be lost."""


async def build_messages(
    ctx: Context, admission: Admission, build_id: str, *, heartbeat: float = HEARTBEAT
) -> AsyncIterator[dict[str, JsonValue]]:
    """`{"type", "message"}`: `log` at a change, `heartbeat` after a silence, `complete` or `error` at last.

    A server that stops ends the stream without either: the build goes on, and can be asked for again. It goes on too
    when the stream ends because its token was revoked, with an `error` that says so.
    """
    async with ctx.changes.following():
        async for said in _messages(ctx, admission, build_id, heartbeat):
            yield said


async def _messages(
    ctx: Context, admission: Admission, build_id: str, heartbeat: float
) -> AsyncIterator[dict[str, JsonValue]]:
    last: str | None = None
    clock = ctx.deps.clock
    silent_since = clock.monotonic()
    while not ctx.changes.closed:
        if (refusal := await admission.refusal()) is not None:
            yield {"type": "error", "message": refusal}
            return
        try:
            found = await ctx.records(ctx.deps.store.builds.get_with_playground, build_id)
        except StoreError:  # it may answer again: the build goes on meanwhile
            await ctx.changes.wait(_LOOK_AGAIN)
            continue
        if found is None:
            yield {"type": "error", "message": f"Build {build_id} is not known any more."}
            return
        build, playground = found
        if build.state is not BuildState.PENDING:
            yield ending(build)
            return
        said = build_message(build, playground)
        if said != last:
            last, silent_since = said, clock.monotonic()
            yield {"type": "log", "message": said}
        elif clock.monotonic() - silent_since >= heartbeat:
            silent_since = clock.monotonic()
            yield {"type": "heartbeat", "message": said}
        left = heartbeat - (clock.monotonic() - silent_since)
        await ctx.changes.wait(max(0.01, min(left, _LOOK_AGAIN)))


def build_message(build: Build, playground: Playground | None) -> str:
    """One sentence on where a build is."""
    if build.state is BuildState.PENDING:
        if playground is None or phase(playground) in {Phase.RUNNING, Phase.STOPPED}:
            return _NOT_SEEN
        return message(playground)
    return str(ending(build)["message"])


def ending(build: Build) -> dict[str, JsonValue]:
    """The last message of a build that is finished."""
    match build.state:
        case BuildState.COMPLETED:
            endpoint = (build.result or {}).get("endpoint")
            return {"type": "complete", "message": f"Serving at {endpoint}." if endpoint else "Serving."}
        case BuildState.CANCELLED:
            return {"type": "error", "message": build.error or "The build was cancelled."}
        case _:
            return {"type": "error", "message": build.error or "The build failed."}
