"""From what a document names to the plugin's content: a release, a digest, or an image that is there."""

from api.archives.config import read_config
from api.archives.entrypoint import resolve_entrypoint
from api.archives.errors import ArchiveError, ArchiveNotFound
from api.http.dependencies import Context
from api.http.known_releases import known_or_fetched
from api.http.v1.bodies import at
from api.resources.declared import image_release, wanted_of
from api.resources.documents import Document
from api.resources.images import is_allowed, refusal
from api.resources.manifest import PlaygroundManifest
from api.resources.playground import Playground, PluginSource
from api.resources.wanted import WantedPlayground

_PLUGIN = ("spec", "plugin")


async def resolve(
    ctx: Context, manifest: PlaygroundManifest, document: Document, kept: Playground | None = None
) -> WantedPlayground:
    """What the store is asked for.

    Args:
        ctx: the context.
        manifest: the playground that is declared.
        document: where it stands, for messages.
        kept: the playground whose content stays as it was resolved, where the document names the same release.

    Raises:
        InvalidRequestError: an unknown release or content, an image or a port that the operator does not allow.
        ApiError: 409 when a source of releases fails, 507 for a full disk.
    """
    settings, spec = ctx.deps.settings, manifest.spec
    if spec.port is not None and spec.port.host is not None and spec.port.host not in settings.port_range:
        ports = settings.port_range
        message = f"{spec.port.host} lies outside of this server's range, {ports[0]}-{ports[-1]}"
        raise at(document, ("spec", "port", "host"), message)
    plugin, name = spec.plugin, manifest.metadata.name
    if plugin.image is not None:
        if not is_allowed(plugin.image, settings.allowed_images):
            raise at(document, (*_PLUGIN, "image"), refusal(plugin.image, settings.allowed_images))
        return wanted_of(manifest, plugin.release or image_release(name), None)
    if plugin.archive is not None:
        return await _of_archive(ctx, manifest, document, plugin.archive)
    release = plugin.release
    assert release is not None, "the manifest's own rule"
    if kept is not None and kept.spec.plugin is not None and kept.spec.plugin_release == release:
        return wanted_of(manifest, release, kept.spec.plugin)
    known = await known_or_fetched(ctx, release)
    if known is None:
        message = f"nobody has uploaded the release {release}; upload its archive first (POST /v1/pluginreleases)"
        raise at(document, (*_PLUGIN, "release"), message)
    return wanted_of(manifest, release, known.source)


async def _of_archive(ctx: Context, manifest: PlaygroundManifest, document: Document, digest: str) -> WantedPlayground:
    """The content with that digest; the release follows from it where none is named."""
    release = manifest.spec.plugin.release
    if release is not None:
        known = await ctx.records(ctx.deps.store.releases.get, release)
        if known is not None and known.source.digest == digest:
            return wanted_of(manifest, release, known.source)
    try:
        found, source = await ctx.disk(_read, ctx, digest)
    except ArchiveNotFound:
        message = f"no content {digest[:19]}… is kept; upload its archive first (POST /v1/pluginreleases)"
        raise at(document, (*_PLUGIN, "archive"), message) from None
    except ArchiveError as error:
        raise at(document, (*_PLUGIN, "archive"), str(error)) from error
    if found is None and release is None:
        message = "the content's config.yaml names no version; name the release, as code@version, beside it"
        raise at(document, (*_PLUGIN, "archive"), message)
    return wanted_of(manifest, release or found or "", source)


def _read(ctx: Context, digest: str) -> tuple[str | None, PluginSource]:
    """(release, source) of a kept archive. Blocks."""
    with ctx.deps.archives.open(digest) as archive:
        config = read_config(archive)
        entrypoint = resolve_entrypoint(archive, config, None)
    release = f"{config.code}@{config.version}" if config.version else None
    return release, PluginSource(digest=digest, entrypoint=entrypoint.value, env=dict(config.env))
