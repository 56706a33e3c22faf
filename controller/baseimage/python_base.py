"""The Python image that the Gradio base stands on: a named one, a public one, or one of the host's own packages."""

import os

from controller.baseimage.debian import ensure_command, host_release, make_image
from controller.baseimage.errors import BaseImageError
from controller.baseimage.options import PUBLIC_PYTHON_IMAGE, PYTHON_BASE_NAME, BaseImageOptions
from controller.baseimage.progress import Progress
from controller.engine.base_images import find_image, pull_image, tag_image
from controller.engine.connect import EngineClient
from controller.engine.errors import EngineError


def ensure_python_base(options: BaseImageOptions, api: EngineClient, progress: Progress) -> None:
    """See to an image called ``playground-python-base:latest``. Raises BaseImageError, EngineError."""
    if options.python_image:
        if find_image(api, options.python_image) is None:
            _pull_named(options.python_image, options, api, progress)
        tag_image(api, options.python_image, PYTHON_BASE_NAME)
        return
    if find_image(api, PYTHON_BASE_NAME) is not None and not options.rebuild:
        return
    reason = "it is there"
    if find_image(api, PUBLIC_PYTHON_IMAGE) is None:
        try:
            with progress.stage(f"Pulling {PUBLIC_PYTHON_IMAGE}") as show:
                pull_image(api, PUBLIC_PYTHON_IMAGE, options.silence_s, show)
        except EngineError as error:
            reason = str(error)
            progress.note(f"  It cannot be pulled: {reason}")
            _from_packages(api, progress, reason)
            return
    tag_image(api, PUBLIC_PYTHON_IMAGE, PYTHON_BASE_NAME)


def _pull_named(name: str, options: BaseImageOptions, api: EngineClient, progress: Progress) -> None:
    try:
        with progress.stage(f"Pulling {name}") as show:
            pull_image(api, name, options.silence_s, show)
    except EngineError as error:
        raise BaseImageError(
            f"The Python image {name} is neither on the engine nor can it be pulled ({error}): pull or load it first, "
            f"or unset PLAYGROUND_PYTHON_IMAGE."
        ) from error


def _from_packages(api: EngineClient, progress: Progress, reason: str) -> None:
    """Make the image of this machine's Debian or Ubuntu packages."""
    release = host_release()
    if release is None or os.geteuid() != 0:
        raise BaseImageError(
            f"There is no Python image to build on: {PUBLIC_PYTHON_IMAGE} cannot be pulled ({reason}), and making one "
            f"of packages takes root on Debian or Ubuntu. Load a Python image into the engine and name it in "
            f"PLAYGROUND_PYTHON_IMAGE."
        )
    ensure_command("mmdebstrap", ("mmdebstrap",), progress)
    packages = ("python3", "python3-venv", "ca-certificates")
    with progress.stage(f"Making a Python image of the packages of {release.name}") as show:
        make_image(api, release, packages, PYTHON_BASE_NAME, show)
