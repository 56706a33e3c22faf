"""The Python image that the Gradio base stands on: a named one, a public one, or one of the host's own packages."""

import os
import shlex
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from controller.baseimage.debian import Release, host_release
from controller.baseimage.options import PUBLIC_PYTHON_IMAGE, PYTHON_BASE_NAME, BaseImageOptions
from controller.baseimage.progress import Progress
from controller.engine.base_images import find_image, import_image, pull_image, tag_image
from controller.engine.connect import EngineClient
from controller.engine.errors import EngineError

_CHUNK = 1 << 18


class BaseImageError(Exception):
    """The base image cannot be had; the text says in a sentence what to do."""


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
    if shutil.which("mmdebstrap") is None:
        with progress.stage("Installing mmdebstrap") as show:
            run_shown(["apt-get", "update", "-q"], show)
            run_shown(["apt-get", "install", "-q", "-y", "--no-install-recommends", "mmdebstrap"], show)
    packages = ("python3", "python3-venv", "ca-certificates")
    with progress.stage(f"Making a Python image of the packages of {release.name}") as show:
        make_image(api, release, packages, PYTHON_BASE_NAME, show)


def make_image(
    api: EngineClient, release: Release, packages: tuple[str, ...], name: str, show: Callable[[str], None]
) -> None:
    """Install packages of a Debian or Ubuntu release into an empty root, and import that as an image.

    Takes root, mmdebstrap, and the package sources of this machine. Raises BaseImageError, EngineError.
    """
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}", release.codename, "-"]
    import_image(api, _output(command + release.sources, show), name, ['CMD ["/bin/sh"]'], silence_s=600)


def run_shown(command: list[str], show: Callable[[str], None]) -> None:
    """Run a command, its output line by line to ``show``. Raises BaseImageError with the last lines if it fails."""
    for _piece in _output(["sh", "-c", f"exec {shlex.join(command)} >&2"], show):
        pass


def _output(command: list[str], show: Callable[[str], None]) -> Iterator[bytes]:
    """What a command writes to stdout, in pieces, while its stderr goes to ``show``."""
    name = next(word for word in command if word not in ("sh", "-c"))
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    tail: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = process.stderr

        def drain() -> None:
            for raw in errors:
                line = raw.decode("utf-8", "replace").rstrip()
                tail.append(line)
                show(line)

        reader = threading.Thread(target=drain, name="stderr", daemon=True)
        reader.start()
        try:
            while piece := process.stdout.read(_CHUNK):
                yield piece
        except GeneratorExit:
            process.terminate()
            raise
        status = process.wait()
        reader.join()
    if status != 0:
        raise BaseImageError(f"{Path(name).name} failed with exit code {status}:\n" + "\n".join(tail))
