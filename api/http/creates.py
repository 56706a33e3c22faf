"""A create, from its body to the reply: the body is read, the release found or uploaded, the record written."""

import structlog
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from api.archives.files import ArchiveWriter
from api.http.body import read_object
from api.http.dependencies import Context, context
from api.http.errors import ApiError, InvalidRequestError, Problem
from api.http.known_releases import known_or_fetched
from api.http.links import build_links
from api.http.multipart import is_multipart, read_form
from api.http.principals import requester_of
from api.http.replies import JsonReply
from api.http.uploads import check_archive, exchange_archive, take_back
from api.http.wanted import Create, form_values, named_release, parse_create, wanted_playground
from api.resources.agent_view import container_view
from api.resources.identity import Kind
from api.resources.images import is_allowed, refusal
from api.resources.playground import PluginSource
from api.resources.release import PluginRelease
from api.resources.wanted import Applied
from api.store import Conflict, IdentityTaken, NameTaken, QuotaExceeded, ValueRefused

_log = structlog.get_logger(__name__)


async def create_playground(request: Request) -> Response:
    """`POST containers/`: 201 with the new playground, or 200 with the one that its identity has already."""
    ctx = context(request)
    if not is_multipart(request):
        create = parse_create(await read_object(request))
        return await _record(request, ctx, create, *await _known_source(ctx, create), ())
    async with read_form(request, ctx) as form:
        create = parse_create(form_values(form.fields))
        if form.archive is None:
            return await _record(request, ctx, create, *await _known_source(ctx, create), ())
        return await _upload_and_record(request, ctx, create, form.archive)


async def _upload_and_record(request: Request, ctx: Context, create: Create, archive: ArchiveWriter) -> Response:
    if create.kind is not Kind.PLUGIN_RUNTIME:
        problem = Problem(("body", "file"), f"kind {create.kind} runs an image; it takes no archive.", "unexpected")
        raise InvalidRequestError(problem)
    checked = await ctx.disk(
        check_archive,
        archive,
        code=create.code,
        version=create.version,
        hint=create.entrypoint,
        limit=ctx.deps.settings.max_archive_bytes,
    )
    change = await exchange_archive(ctx, archive, checked)
    try:
        return await _record(request, ctx, create, checked.plugin_release, checked.source, checked.warnings)
    except (ApiError, Conflict, IdentityTaken, NameTaken, QuotaExceeded, ValueRefused):
        await take_back(ctx, change)
        raise


async def _known_source(ctx: Context, create: Create) -> tuple[str, PluginSource | None]:
    """(release, source) of a create without an archive. Raises ApiError when nobody uploaded the release."""
    plugin_release = named_release(create)
    if create.kind is not Kind.PLUGIN_RUNTIME:
        return plugin_release, None
    return plugin_release, (await wanted_release(ctx, create)).source


async def wanted_release(ctx: Context, create: Create) -> PluginRelease:
    """The release that is named, from the records or a source. Raises ApiError: 404, 409, 422, 507."""
    plugin_release = named_release(create)
    found = await known_or_fetched(ctx, plugin_release, hint=create.entrypoint)
    if found is None:
        raise unknown_release(plugin_release)
    return found


async def _record(
    request: Request,
    ctx: Context,
    create: Create,
    plugin_release: str,
    source: PluginSource | None,
    warnings: tuple[str, ...],
) -> Response:
    check_image(ctx, create.image)
    requester = requester_of(request, ctx.deps.settings)

    def answered(applied: Applied) -> tuple[Applied, Response]:
        view = _view(request, applied, (*warnings, *create.warnings))
        return applied, JsonReply(view, 201 if applied.outcome == "created" else 200)

    applied, reply = await ctx.apply(wanted_playground(create, plugin_release, source, requester), answered)
    metadata = applied.playground.metadata
    _log.info(
        "playground wanted",
        playground=metadata.name,
        uid=metadata.uid,
        release=plugin_release,
        outcome=applied.outcome,
        build=applied.build.id,
    )
    return reply


def check_image(ctx: Context, image: str | None) -> None:
    """Refuse an image that the operator does not allow. Raises InvalidRequestError."""
    allowed = ctx.deps.settings.allowed_images
    if image is not None and not is_allowed(image, allowed):
        problem = Problem(("body", "image"), refusal(image, allowed), "image_not_allowed", image)
        raise InvalidRequestError(problem)


def _view(request: Request, applied: Applied, warnings: tuple[str, ...]) -> dict[str, JsonValue]:
    """The container dict, and the build to wait for."""
    view = container_view(applied.playground, restarted=applied.build.restarted)
    if warnings:
        view["warnings"] = [*warnings]
    return view | {"build_id": applied.build.id} | build_links(request, applied.build.id)


def unknown_release(plugin_release: str) -> ApiError:
    """404: the release has to be uploaded first."""
    return ApiError(
        404,
        f"Unknown release {plugin_release!r}: upload its archive, with the create (plugin_file, which is the multipart "
        "part 'file') or before it (POST plugin_releases/).",
    )
