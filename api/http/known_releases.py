"""A release by its name: one that is known, else fetched from a configured source and known from then on."""

import structlog

from api.http.dependencies import Context
from api.http.errors import ApiError, archive_errors
from api.http.sources import ReleaseSources, SourceError
from api.http.uploads import check_archive, keep_archive
from api.resources.identity import split_release
from api.resources.release import PluginRelease

_log = structlog.get_logger(__name__)


async def known_or_fetched(ctx: Context, plugin_release: str, *, hint: str | None = None) -> PluginRelease | None:
    """The release; None when nobody has it.

    Args:
        ctx: the context.
        plugin_release: `code@version`.
        hint: an entry point, for a plugin whose config names none.

    Raises:
        ApiError: 409 when a source fails, 422 for what it has, 507 for a full disk.
    """
    known = ctx.readings.release(plugin_release) if ctx.readings is not None else None
    if known is None:
        known = await ctx.records(ctx.deps.store.releases.get, plugin_release)
    sources = ReleaseSources(ctx.deps.settings, ctx.deps.clock)
    code, version = split_release(plugin_release)
    if known is not None or not sources.any or not code or version is None:
        return known
    limit = ctx.deps.settings.max_archive_bytes
    with archive_errors("plugin_release"):
        writer = await ctx.disk(ctx.deps.archives.receive, limit)
        with writer:
            try:
                if not await ctx.disk(sources.fetch, code, version, writer):
                    return None
            except SourceError as error:
                raise ApiError(409, str(error)) from error
            checked = await ctx.disk(check_archive, writer, code=code, version=version, hint=hint, limit=limit)
            _log.info("release fetched", release=plugin_release, digest=checked.source.digest)
            return await keep_archive(ctx, writer, checked)
