"""`/v1/pluginreleases`: the releases that playgrounds can be made from; uploads are streamed to disk."""

from pydantic import JsonValue
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from api.archives.files import ArchiveWriter
from api.http.dependencies import Context, context
from api.http.errors import ApiError, InvalidRequestError, Problem, archive_errors
from api.http.multipart import is_multipart, read_form
from api.http.pages import integer
from api.http.replies import JsonReply
from api.http.uploads import check_archive, keep_archive
from api.http.wanted import form_values, parse_create
from api.resources.manifest import API_VERSION
from api.resources.release import PluginRelease
from api.resources.value import timestamp
from api.store import ReleaseInUse

ZIP_TYPES = frozenset({b"application/zip", b"application/octet-stream"})
DEFAULT_LIMIT, MAX_LIMIT = 500, 1000
_WRITE_AT_ONCE = 1024 * 1024


async def list_releases(request: Request) -> Response:
    """`GET /v1/pluginreleases`."""
    ctx, query = context(request), request.query_params
    limit = integer(query, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT)
    number = integer(query, "continue", 1, 999_999_999, 1)
    page = await ctx.records(ctx.deps.store.releases.list, page=number, page_size=limit)
    version = await ctx.records(ctx.deps.store.journal.version)
    metadata: dict[str, JsonValue] = {"resourceVersion": str(version)}
    left = page.count - number * limit
    if left > 0:
        metadata |= {"continue": str(number + 1), "remainingItemCount": left}
    items: list[JsonValue] = [release_view(release) for release in page.items]
    return JsonReply({"apiVersion": API_VERSION, "kind": "PluginReleaseList", "metadata": metadata, "items": items})


async def read_release(request: Request) -> Response:
    """`GET /v1/pluginreleases/{release}`."""
    return JsonReply(release_view(await _find(context(request), request.path_params["release"])))


async def upload_release(request: Request) -> Response:
    """`POST /v1/pluginreleases`: the archive, as the body itself or as the part `file` of a form."""
    ctx = context(request)
    if is_multipart(request):
        async with read_form(request, ctx) as form:
            create = parse_create(form_values(form.fields))
            if form.archive is None:
                message = "The archive is missing: send it as the part 'file', or as the body itself."
                raise InvalidRequestError(Problem(("body", "file"), message, "missing"))
            return await _keep(ctx, form.archive, create.code, create.version)
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind not in ZIP_TYPES:
        raise ApiError(415, "An archive is sent as application/zip, or as the part 'file' of multipart/form-data.")
    return await _upload(request, ctx)


async def delete_release(request: Request) -> Response:
    """`DELETE /v1/pluginreleases/{release}`: forgets it; the reply shows what it was."""
    ctx = context(request)
    release = await _find(ctx, request.path_params["release"])
    try:
        await ctx.records(ctx.deps.store.releases.delete, release.id)
    except ReleaseInUse as error:
        raise ApiError(409, str(error), extra={"playgrounds": [*error.names]}) from error
    return JsonReply(release_view(release))


async def _upload(request: Request, ctx: Context) -> Response:
    limit = ctx.deps.settings.max_archive_bytes
    with archive_errors("archive"):
        writer = await ctx.disk(ctx.deps.archives.receive, limit)
    try:
        pending = bytearray()
        with archive_errors("archive"):
            async for chunk in request.stream():
                pending += chunk
                if len(pending) >= _WRITE_AT_ONCE:
                    await ctx.disk(writer.write, bytes(pending))
                    pending.clear()
            await ctx.disk(writer.write, bytes(pending))
        return await _keep(ctx, writer, None, None)
    finally:
        writer.abort()


async def _keep(ctx: Context, writer: ArchiveWriter, code: str | None, version: str | None) -> Response:
    """Checks and records an upload; 201 for a release that is new, 200 for one whose content was replaced."""
    limit = ctx.deps.settings.max_archive_bytes
    checked = await ctx.disk(check_archive, writer, code=code, version=version, hint=None, limit=limit)
    known = await ctx.records(ctx.deps.store.releases.get, checked.plugin_release)
    release = await keep_archive(ctx, writer, checked)
    view = release_view(release)
    if checked.warnings:
        view["warnings"] = [*checked.warnings]
    return JsonReply(view, 201 if known is None else 200)


async def _find(ctx: Context, name: str) -> PluginRelease:
    plain = name.rstrip("/")
    known = None
    if 0 < len(plain) <= 300 and "@" in plain:
        known = await ctx.records(ctx.deps.store.releases.get, plain)
    if known is None:
        raise ApiError(404, f"There is no plugin release {plain[:80]!r}. GET /v1/pluginreleases lists those there are.")
    return known


def release_view(release: PluginRelease) -> dict[str, JsonValue]:
    """The wire form; of the plugin's environment only the names, as values may be secrets."""
    return {
        "apiVersion": API_VERSION,
        "kind": "PluginRelease",
        "metadata": {
            "name": release.plugin_release,
            "creationTimestamp": timestamp(release.created_at),
            "updateTimestamp": timestamp(release.updated_at),
        },
        "spec": {
            "code": release.code,
            "version": release.version,
            "title": release.name,
            "archive": release.source.digest,
            "size": release.size,
            "entrypoint": release.source.entrypoint,
            "envNames": [*sorted(release.source.env)],
        },
    }
