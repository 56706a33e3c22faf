"""The Gradio base image: looked up, else built on a Python image with what this machine's network needs."""

import hashlib
import io
import re
import tarfile
import threading
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from controller.baseimage.errors import BaseImageError
from controller.baseimage.host import (
    IMAGE_BUNDLE,
    PackageIndex,
    environment,
    extra_trust,
    host_bundle,
    host_index,
)
from controller.baseimage.options import NO_CA_BUNDLE, PYTHON_BASE_NAME, BaseImageOptions
from controller.baseimage.progress import Progress
from controller.baseimage.python_base import ensure_python_base
from controller.engine.base_images import find_image, pull_image, read_file
from controller.engine.connect import EngineClient
from controller.engine.errors import EngineError, ImageBuildFailed, NotFound
from controller.engine.image_build import BuildRequest, build_image

BASE_LABEL = "playground.base"
RECIPE_LABEL = "playground.base.recipe"
GRADIO_LABEL = "playground.base.gradio"
_FILES = ("Dockerfile", "compile_all.py", "fetch_uv.py", "launcher.py", "requirements.lock")


def ensure_base_image(options: BaseImageOptions, api: EngineClient, progress: Progress) -> str:
    """See to the base image and return its id (``sha256:…``).

    An image that is there is used, unless it is one of ours made by another recipe than today's, or ``rebuild`` is set.
    Raises BaseImageError (a sentence that says what to do) and EngineError.
    """
    found = find_image(api, options.name)
    if not options.is_default:
        return found.image_id if found else _pull(options, api, progress)
    recipe = recipe_version()
    if found and not options.rebuild and found.labels.get(RECIPE_LABEL, recipe) == recipe:
        progress.note(f"✓ {options.name} is there")
        return found.image_id
    ensure_python_base(options, api, progress)
    return _build(options, recipe, api, progress)


def recipe_version() -> str:
    """Names the recipe: 12 hex digits over what goes into the image, so that a change cannot be forgotten."""
    digest = hashlib.sha256()
    for name, data in sorted(_recipe().items()):
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:12]


def base_files(options: BaseImageOptions, api: EngineClient, progress: Progress) -> dict[str, bytes]:
    """The build context of the image by path: the recipe, and what this machine trusts and installs from.

    Raises BaseImageError, EngineError.
    """
    index = _index(options)
    recipe = _recipe()
    lock = recipe["requirements.lock"]
    return {
        "Dockerfile": recipe["Dockerfile"],
        "launcher.py": recipe["launcher.py"],
        "install/compile_all.py": recipe["compile_all.py"],
        "install/fetch_uv.py": recipe["fetch_uv.py"],
        "install/requirements.lock": lock,
        "install/bootstrap.lock": _pinned(lock.decode(), "uv").encode(),
        "host/ca-bundle.pem": _trust(options.ca_bundle, api, progress),
        "host/pip.conf": index.pip_conf().encode(),
        "host/uv.toml": index.uv_toml().encode(),
    }


def _index(options: BaseImageOptions) -> PackageIndex:
    return PackageIndex(options.index_url or host_index(environment()))


def _pull(options: BaseImageOptions, api: EngineClient, progress: Progress) -> str:
    """Pull a base image that is not of our making."""
    try:
        with progress.stage(f"Pulling the base image {options.name}") as show:
            pull_image(api, options.name, options.silence_s, show)
        found = find_image(api, options.name)
    except EngineError as error:
        raise BaseImageError(
            f"The base image {options.name} is neither on the engine nor can it be pulled ({error}): pull or build it, "
            f"or unset PLAYGROUND_BASE_IMAGE and GRADIO_CONTAINER_BASE_IMAGE to have one built."
        ) from error
    if found is None:
        raise NotFound(f"The base image {options.name} vanished after it was pulled.")
    return found.image_id


def _build(options: BaseImageOptions, recipe: str, api: EngineClient, progress: Progress) -> str:
    index = _index(options)
    files = base_files(options, api, progress)
    version = _pinned(files["install/requirements.lock"].decode(), "gradio").partition("==")[2].split()[0]
    request = BuildRequest(
        tag=options.name,
        labels={BASE_LABEL: "gradio", RECIPE_LABEL: recipe, GRADIO_LABEL: version},
        build_args={"PYTHON_IMAGE": PYTHON_BASE_NAME},
    )
    title = f"Building {options.name} (Gradio {version} from {index.shown})"
    never = threading.Event()
    try:
        with progress.stage(title) as show:
            image_id = build_image(
                api,
                [_tar(files)],
                request,
                cancelled=never,
                deadline_s=options.deadline_s,
                on_line=index.hide(show),
            )
    except ImageBuildFailed as error:
        raise _explained(error, index) from None
    return image_id


def _explained(error: ImageBuildFailed, index: PackageIndex) -> BaseImageError:
    """A failed build with its last lines and, where they show it, what mends it."""
    lines: list[str] = []
    hide: Callable[[str], None] = index.hide(lines.append)
    for line in error.log_tail[-25:]:
        hide(line)
    hide(error.reason)
    text = "\n".join(lines)
    advice = ""
    if re.search(r"certificate verify failed|UnknownIssuer|SSLError|self.signed", text):
        advice = "\nThe network seems to intercept TLS: name its CA bundle with --ca-bundle or PLAYGROUND_CA_BUNDLE."
    elif re.search(r"name resolution|Name or service not known|dns error|Connection refused|timed out", text):
        advice = f"\n{index.shown} seems to be out of reach: name a mirror with --index-url or PLAYGROUND_INDEX_URL."
    return BaseImageError(f"{text}\nThe base image could not be built; the reason is above.{advice}")


def _trust(choice: str | None, api: EngineClient, progress: Progress) -> bytes:
    """The CA bundle to put into the image; empty to keep the image's own."""
    if choice == NO_CA_BUNDLE:
        return b""
    if choice:
        try:
            bundle = Path(choice).read_bytes()
        except OSError as error:
            raise BaseImageError(f"The CA bundle {choice} cannot be read: {error.strerror}.") from error
        if b"-----BEGIN CERTIFICATE-----" not in bundle:
            raise BaseImageError(f"The CA bundle {choice} holds no certificate in PEM form.")
        return bundle
    path = host_bundle(environment())
    if path is None:
        return b""
    extra = extra_trust(path.read_bytes(), read_file(api, PYTHON_BASE_NAME, IMAGE_BUNDLE))
    if extra:
        progress.note(f"  The image will trust what this machine trusts ({path})")
    return extra


def _recipe() -> dict[str, bytes]:
    """The files of the recipe, from the installed package."""
    folder = resources.files("controller.baseimage") / "image"
    return {name: (folder / name).read_bytes() for name in _FILES}


def _pinned(lock: str, package: str) -> str:
    """One package's entry of a lock file: the version and its hashes."""
    entry = re.search(rf"^{re.escape(package)}==(?:.*\\\n)*.*\n?", lock, re.MULTILINE)
    if entry is None:
        raise BaseImageError(f"requirements.lock does not pin {package}; run requirements/compile.sh.")
    return entry.group()


def _tar(files: Mapping[str, bytes]) -> bytes:
    """The build context: equal files give equal bytes, so that the build's cache holds."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
