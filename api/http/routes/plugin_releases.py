"""`plugin_releases/`: the releases that playgrounds can be made from."""

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.body import read_object
from api.http.creates import wanted_release
from api.http.dependencies import Context, context
from api.http.errors import ApiError, InvalidRequestError, Problem
from api.http.lookups import is_number
from api.http.multipart import Form, is_multipart, read_form
from api.http.pages import check_query, page_of, page_view
from api.http.replies import JsonReply, no_content
from api.http.routing import resource
from api.http.uploads import check_archive, keep_archive
from api.http.wanted import form_values, parse_create
from api.resources.release import PluginRelease
from api.resources.value import timestamp
from api.store import ReleaseInUse

_LONGEST = 300


async def list_releases(request: Request) -> Response:
    """`GET plugin_releases/`: a page."""
    ctx, query = context(request), request.query_params
    check_query(query, {"page", "page_size"})
    number, size = page_of(query)
    page = await ctx.records(ctx.deps.store.releases.list, page=number, page_size=size)
    return JsonReply(page_view(request, page, number, size, release_view))


async def create_release(request: Request) -> Response:
    """`POST plugin_releases/`: 201 with an archive, 200 for one that is known or a source has, else 404."""
    ctx = context(request)
    if is_multipart(request):
        async with read_form(request, ctx) as form:
            return await _upload(ctx, form)
    create = parse_create(await read_object(request))
    return JsonReply(release_detail(await wanted_release(ctx, create)))


async def read_release(request: Request) -> Response:
    """`GET plugin_releases/{lookup}`: one, by its number or `code@version`."""
    return JsonReply(release_detail(await _get(context(request), request.path_params["lookup"])))


async def delete_release(request: Request) -> Response:
    """`DELETE plugin_releases/{lookup}`: forgets it; 409 names the playgrounds that use it."""
    ctx = context(request)
    release = await _get(ctx, request.path_params["lookup"])
    try:
        await ctx.records(ctx.deps.store.releases.delete, release.id)
    except ReleaseInUse as error:
        raise ApiError(409, str(error), extra={"playgrounds": [*error.names]}) from error
    return no_content()


async def _upload(ctx: Context, form: Form) -> Response:
    create = parse_create(form_values(form.fields))
    if form.archive is None:
        raise InvalidRequestError(
            Problem(("body", "file"), "The archive is missing: send it as the part 'file'.", "missing")
        )
    checked = await ctx.disk(
        check_archive,
        form.archive,
        code=create.code,
        version=create.version,
        hint=create.entrypoint,
        limit=ctx.deps.settings.max_archive_bytes,
    )
    release = await keep_archive(ctx, form.archive, checked)
    warnings: dict[str, JsonValue] = {"warnings": [*checked.warnings]} if checked.warnings else {}
    return JsonReply(release_detail(release) | warnings, 201)


async def _get(ctx: Context, lookup: str) -> PluginRelease:
    name = lookup.rstrip("/")
    known: PluginRelease | None = None
    if 0 < len(name) <= _LONGEST and "\0" not in name:
        known = await ctx.records(ctx.deps.store.releases.get, int(name) if is_number(name) else name)
    if known is None:
        raise ApiError(
            404,
            f"There is no plugin release {name[:80]!r}: neither a number nor code@version. "
            "GET plugin_releases/ lists those there are.",
        )
    return known


def release_view(release: PluginRelease) -> dict[str, JsonValue]:
    """A list's item."""
    return {
        "id": release.id,
        "plugin": release.code,
        "version": release.version,
        "plugin_release": release.plugin_release,
        "name": release.name,
        "digest": release.source.digest,
        "size": release.size,
        "created_at": timestamp(release.created_at),
        "updated_at": timestamp(release.updated_at),
    }


def release_detail(release: PluginRelease) -> dict[str, JsonValue]:
    """One release with what its config.yaml says; of its environment only the names, as values may be secrets."""
    env = release.config.get("env")
    names: list[JsonValue] = [*sorted(env)] if isinstance(env, dict) else []
    return release_view(release) | {
        "entrypoint": release.source.entrypoint,
        "config": {**{key: value for key, value in release.config.items() if key != "env"}, "env_names": names},
    }


ROUTES: list[Route] = [
    *resource("/plugin_releases/", GET=list_releases, POST=create_release),
    # A code may hold anything, a slash too: the lookup is the rest of the path.
    *resource("/plugin_releases/{lookup:path}", GET=read_release, DELETE=delete_release)[:1],
]
