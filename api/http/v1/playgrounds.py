"""`/v1/playgrounds`: applied, patched, read, listed, restarted and deleted by name."""

import base64
import binascii
from dataclasses import replace

import orjson
import structlog
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from api.http.dependencies import Context, context
from api.http.errors import ApiError, InvalidRequestError, Problem
from api.http.pages import integer
from api.http.principals import requester_of
from api.http.replies import JsonReply, ReadyReply, with_list
from api.http.v1.bodies import at, manifest_of, precondition_of, read_document
from api.http.v1.dry_run import dry_run_reply
from api.http.v1.plugins import resolve
from api.http.v1.selectors import selector_of
from api.http.v1.watch import wants_watch, watch_playgrounds
from api.resources.declared import keeping, manifest_view, named_only
from api.resources.documents import Document
from api.resources.manifest import API_VERSION, PlaygroundManifest
from api.resources.playground import DesiredRunState, Playground
from api.resources.wanted import WantedPlayground
from api.store import Conflict
from api.store.declared import Declaration

DEFAULT_LIMIT, MAX_LIMIT = 500, 5000
_PATCH_ATTEMPTS = 5
_LONGEST_NAME = 63

_log = structlog.get_logger(__name__)


async def list_playgrounds(request: Request) -> Response:
    """`GET /v1/playgrounds`: all that match, as of one moment, however many pages it takes; or a watch."""
    ctx, query = context(request), request.query_params
    selector = selector_of(query)
    if wants_watch(query):
        return await watch_playgrounds(request, selector)
    version, after = _continued(query.get("continue"))
    limit = integer(query, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT)
    if selector.is_empty and ctx.readings is not None:
        found = await ctx.readings.page_after(
            "manifest", ctx.some_playgrounds, after=after, size=limit, version=version
        )
        if found is not None:
            ready = _list_head(found.version, found.remaining, found.last_id)
            return ReadyReply(with_list(ready, "items", found.bodies))
    snapshot = await ctx.records(ctx.deps.store.journal.snapshot, version)
    matching = [
        playground
        for playground in snapshot.playgrounds
        if playground.metadata.id > after and selector.matches(playground)
    ]
    page = matching[:limit]
    head = _list_head(snapshot.version, len(matching) - len(page), page[-1].metadata.id if page else 0)
    items: list[JsonValue] = [manifest_view(playground) for playground in page]
    return JsonReply(head | {"items": items})


def _list_head(version: int, remaining: int, last_id: int) -> dict[str, JsonValue]:
    """A list without its items: which version it shows, and how to go on where some remain."""
    metadata: dict[str, JsonValue] = {"resourceVersion": str(version)}
    if remaining:
        metadata |= {"continue": _token(version, last_id), "remainingItemCount": remaining}
    return {"apiVersion": API_VERSION, "kind": "PlaygroundList", "metadata": metadata}


async def read_playground(request: Request) -> Response:
    """`GET /v1/playgrounds/{name}`. See `Express` for those that are at hand."""
    return _reply(await find(context(request), request.path_params["name"]))


async def put_playground(request: Request) -> Response:
    """`PUT /v1/playgrounds/{name}`: apply. What is as the document says already is left as it is."""
    ctx, name, dry_run = context(request), request.path_params["name"], wants_dry_run(request)
    document = await read_document(request)
    manifest = manifest_of(document, name)
    wanted = await _complete(request, manifest, document, await resolve(ctx, manifest, document))
    declaration = await ctx.records(
        ctx.deps.store.declared.apply, wanted, precondition_of(request, manifest), now=ctx.now(), dry_run=dry_run
    )
    return await _applied(ctx, declaration, dry_run=dry_run)


async def patch_playground(request: Request) -> Response:
    """`PATCH /v1/playgrounds/{name}`: a JSON merge patch (RFC 7396) of what `GET` shows."""
    ctx, name, dry_run = context(request), request.path_params["name"], wants_dry_run(request)
    patch = await read_document(request)
    if not isinstance(patch.value, dict):
        raise at(patch, (), "a mapping is expected")
    for attempt in range(_PATCH_ATTEMPTS):
        found = await find(ctx, name)
        if found.metadata.deletion_requested_at is not None:
            raise ApiError(409, f"Playground {name} is being deleted; apply it whole to create it again.")
        view = manifest_view(found)
        merged = merge(view, patch.value)
        document = Document(merged, 1, patch.positions)
        manifest = manifest_of(document, name)
        demand = precondition_of(request, manifest)
        wanted = await _complete(request, manifest, document, await resolve(ctx, manifest, document, kept=found))
        try:
            declaration = await ctx.records(
                ctx.deps.store.declared.apply, wanted, demand, now=ctx.now(), dry_run=dry_run
            )
        except Conflict:
            # The view that was patched names its version: somebody else wrote in between, and it is patched anew.
            names_version = "resourceVersion" in _mapping(patch.value.get("metadata"))
            if names_version or attempt == _PATCH_ATTEMPTS - 1:
                raise
            continue
        return await _applied(ctx, declaration, dry_run=dry_run)
    raise AssertionError("the last attempt returns or raises")


async def delete_playground(request: Request) -> Response:
    """`DELETE /v1/playgrounds/{name}`: it goes; until it is gone, the reply shows when that was asked for."""
    ctx, name, dry_run = context(request), request.path_params["name"], wants_dry_run(request)
    before = await find(ctx, name)
    deleted = await ctx.records(
        ctx.deps.store.declared.delete, name, precondition_of(request), now=ctx.now(), dry_run=dry_run
    )
    if deleted is None:
        raise unknown(name)
    if dry_run:
        update = {"deletion_requested_at": deleted.metadata.deletion_requested_at or ctx.now()}
        after = deleted.model_copy(update={"metadata": deleted.metadata.model_copy(update=update)})
        return await dry_run_reply(ctx, "deleted", after)
    if before.metadata.deletion_requested_at is None:
        _log.info("playground deletion wanted", playground=name, uid=deleted.metadata.uid)
    return _reply(deleted)


async def restart_playground(request: Request) -> Response:
    """`POST /v1/playgrounds/{name}/restart`: the same container, started again."""
    ctx, name = context(request), request.path_params["name"]
    found = await find(ctx, name)
    if found.metadata.deletion_requested_at is not None:
        raise ApiError(409, f"Playground {name} is being deleted.")
    if found.spec.state is DesiredRunState.STOPPED:
        raise ApiError(409, f"Playground {name} is stopped on purpose; want its state Running instead.")
    changed = await ctx.records(ctx.deps.store.playgrounds.request_restart, found.metadata.uid, now=ctx.now())
    if changed is None:
        raise unknown(name)
    return _reply(changed)


async def find(ctx: Context, name: str) -> Playground:
    """The playground of that name. Raises ApiError(404)."""
    found = await ctx.records(ctx.deps.store.declared.get, name) if len(name) <= _LONGEST_NAME else None
    if found is None:
        raise unknown(name)
    return found


def unknown(name: str) -> ApiError:
    """404 by name."""
    return ApiError(404, f"There is no playground {name[:80]!r}. GET /v1/playgrounds lists those there are.")


def wants_dry_run(request: Request) -> bool:
    """Whether `dryRun=All` is asked for."""
    given = request.query_params.get("dryRun")
    if given not in {None, "All"}:
        raise InvalidRequestError(Problem(("query", "dryRun"), "All is expected, or nothing.", "enum", given))
    return given is not None


def merge(target: JsonValue, patch: JsonValue) -> JsonValue:
    """RFC 7396: mappings are merged, `null` takes away, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(_mapping(target))
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


async def _applied(ctx: Context, declaration: Declaration, *, dry_run: bool) -> Response:
    after, outcome = declaration.playground, declaration.outcome
    if dry_run:
        return await dry_run_reply(ctx, outcome, after)
    if outcome != "unchanged":
        metadata = after.metadata
        _log.info(
            "playground declared",
            playground=metadata.name,
            uid=metadata.uid,
            outcome=outcome,
            generation=metadata.generation,
        )
    return _reply(after, 201 if outcome == "created" else 200, {"Playground-Result": outcome})


async def _complete(
    request: Request, manifest: PlaygroundManifest, document: Document, wanted: WantedPlayground
) -> WantedPlayground:
    """The same with who asks, and with the values that variables keep. Raises InvalidRequestError."""
    ctx, names = context(request), named_only(manifest)
    wanted = replace(wanted, requester=requester_of(request, ctx.deps.settings))
    if not names:
        return wanted
    before = await ctx.records(ctx.deps.store.declared.get, manifest.metadata.name)
    try:
        return keeping(wanted, names, before.spec if before else wanted.spec)
    except KeyError as error:
        message = f"{error.args[0]} has no value to keep: give it a value, or a secretRef"
        raise at(document, ("spec", "env"), message) from None


def _reply(playground: Playground, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    tag = {"ETag": f'"{playground.metadata.resource_version}"'}
    return JsonReply(manifest_view(playground), status, headers=tag | (headers or {}))


def _token(version: int, after: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([version, after])).decode()


def _continued(token: str | None) -> tuple[int | None, int]:
    """(version, id of the last item of the page before) of a `continue` token."""
    if token is None:
        return None, 0
    try:
        found = orjson.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError):
        found = None
    match found:
        case [int(version), int(after)] if 0 <= version < 2**62 and 0 <= after < 2**62:
            return version, after
        case _:
            message = "Give it as it was in the page before, metadata.continue."
            raise InvalidRequestError(Problem(("query", "continue"), message, "token", token))
