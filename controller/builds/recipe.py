"""The generated Dockerfile: a fixed template into which nothing of a user goes but one validated image name.

    FROM <base image>                                    checked against the grammar of image names
    RUN install the packages                             a layer that the plugin's code does not touch …
    COPY app/ /app/                                      … and the code after it
    USER 10001:10001                                     the base image's ENTRYPOINT, the launcher, stays

Package names, options and paths travel as files of the build context: `deps/` and `plan.json`, read by `installer.py`.
Where requirements refer to the plugin's own tree (`-e .`, a relative path), the code comes first. Pure: no I/O.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from api.archives.config import PluginConfig
from api.archives.reader import PluginArchive
from controller.builds.errors import RecipeInvalid
from controller.builds.options import checked_options, local_paths
from controller.builds.requirements import Requirements, read_requirements

RECIPE_VERSION = 1
"""Part of every image's tag: a change of the template, the installer or the context's layout must raise it."""

APP_USER = "10001:10001"
"""Who installs and who runs: the base image's user, to whom its virtual environment belongs. Nothing is run as root."""

APP_FOLDER = "/app"
_BUILD_FOLDER = "/tmp/playground-build"  # noqa: S108 - a mount point inside the build, gone when the step ends
_CACHE_FOLDER = "/tmp/playground-cache"  # noqa: S108 - likewise; the installer knows it too
_PYTHON = "/opt/playground/venv/bin/python"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)
_IMAGE_LIMIT = 400
_INDEX = re.compile(r"https?://[!-~]+")
_IGNORED = ("Dockerfile", ".dockerignore", "Containerfile", ".containerignore")


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The operator's part of a build. `offline`: wheels of the plugin only. The indexes are URLs for pip and uv."""

    offline: bool = False
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    shared_cache: bool = False
    """One download cache for all plugins instead of one for each: faster, but a plugin's build could plant packages."""
    memory: int | None = None
    """Bytes that one process of the installation may hold; the engine's builder takes no limit (see installer.py)."""


@dataclass(frozen=True, slots=True)
class BuildRecipe:
    """What the build context holds besides the plugin's own files under `app/`.

    `generated` are (path, text) pairs, `dependencies` the archive's paths that are also needed under `deps/files/`.
    `notes` are sentences for the build's log.
    """

    dockerfile: str
    generated: tuple[tuple[str, str], ...]
    dependencies: tuple[str, ...]
    installs: bool
    notes: tuple[str, ...]


def recipe_for(
    config: PluginConfig,
    requirements: Requirements,
    paths: frozenset[str],
    base_image: str,
    options: BuildOptions | None = None,
) -> BuildRecipe:
    """The recipe for one plugin whose files are `paths`. Raises RecipeInvalid for what no image is built for."""
    options = options or BuildOptions()
    arguments = checked_options(config.package_manager_options, config.package_manager)
    installs = requirements.main is not None or bool(requirements.wheels)
    tree_first = installs and requirements.tree is not None
    generated: tuple[tuple[str, str], ...] = ()
    if installs:
        plan = {
            "manager": config.package_manager,
            "options": list(arguments),
            "requirements": requirements.main,
            "wheels_dir": config.wheels_dir,
            "wheels": list(requirements.wheels),
            "index": _index_arguments(options),
            "offline": options.offline,
        } | ({"memory": options.memory} if options.memory else {})
        generated = (("deps/plan.json", json.dumps(plan, indent=1, sort_keys=True) + "\n"),)
    return BuildRecipe(
        dockerfile=_dockerfile(
            _checked_image(base_image),
            installs=installs,
            tree_first=tree_first,
            cache=_cache_name(config.code, shared=options.shared_cache),
        ),
        generated=generated,
        dependencies=requirements.files if installs and not tree_first else (),
        installs=installs,
        notes=_notes(requirements, paths, tree_first=tree_first),
    )


def archive_recipe(
    archive: PluginArchive, config: PluginConfig, base_image: str, options: BuildOptions | None = None
) -> BuildRecipe:
    """The recipe for an opened archive: follows its requirements, then `recipe_for`. Raises RecipeInvalid."""
    arguments = checked_options(config.package_manager_options, config.package_manager)
    requirements = read_requirements(archive, config.wheels_dir, local_paths(arguments))
    return recipe_for(config, requirements, archive.paths, base_image, options)


def build_fingerprint(base_image: str, options: BuildOptions, recipe_version: int = RECIPE_VERSION) -> str:
    """64 hex digits that change with everything an image is made from besides the plugin's own content.

    Together with the content's digest it makes the tag of the plugin's image.
    """
    parts = [base_image, recipe_version, asdict(options)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _dockerfile(base_image: str, *, installs: bool, tree_first: bool, cache: str) -> str:
    copy = f'COPY ["app/", "{APP_FOLDER}/"]'
    lines = [f"FROM {base_image}", f"USER {APP_USER}", f"WORKDIR {APP_FOLDER}"]
    if installs:
        uid, _, gid = APP_USER.partition(":")
        folder = APP_FOLDER if tree_first else f"{_BUILD_FOLDER}/files"
        command = [_PYTHON, "-I", f"{_BUILD_FOLDER}/installer.py", f"{_BUILD_FOLDER}/plan.json", folder]
        install = (
            f"RUN --mount=type=bind,source=deps,target={_BUILD_FOLDER}"
            f" --mount=type=cache,id={cache},target={_CACHE_FOLDER},uid={uid},gid={gid} {json.dumps(command)}"
        )
        if tree_first:
            # What builds in place (`-e .`) writes beside its sources.
            lines += [copy.replace("COPY ", f"COPY --chown={APP_USER} "), install]
        else:
            lines += [install, copy]
    else:
        lines.append(copy)
    return "\n".join(lines) + "\n"


def _checked_image(name: str) -> str:
    """The base image's name, when it is nothing but an image's name."""
    if len(name) > _IMAGE_LIMIT or not _IMAGE.fullmatch(name) or name == "scratch":
        raise RecipeInvalid(f"The base image {name[:120]!r} is no name of an image. Check the setting base_image.")
    return name


def _cache_name(code: str, *, shared: bool) -> str:
    """The download cache's id: one for each plugin, as a build runs a stranger's code that could plant packages."""
    return "playground" if shared else f"playground-{hashlib.sha256(code.encode()).hexdigest()[:12]}"


def _index_arguments(options: BuildOptions) -> list[str]:
    urls = ([("--index-url", options.index_url)] if options.index_url else []) + [
        ("--extra-index-url", url) for url in options.extra_index_urls
    ]
    for name, url in urls:
        if not _INDEX.fullmatch(url):
            raise RecipeInvalid(f"The package index given as {name} is no http or https URL.")
    return [word for pair in urls for word in pair]


def _notes(requirements: Requirements, paths: frozenset[str], *, tree_first: bool) -> tuple[str, ...]:
    notes = [
        f"{path} in the archive is ignored: the image is built from a Dockerfile of our own."
        for path in sorted(paths)
        if PurePosixPath(path).name in _IGNORED or path.endswith(".dockerignore")
        if "/" not in path
    ]
    if tree_first:
        notes.append(
            f"The packages are installed after the code, so every change reinstalls them: {requirements.tree}."
        )
    return tuple(notes)
