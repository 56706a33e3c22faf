"""Mark 13: the first Gradio base image, on a machine that has cached nothing, by our Dockerfile and with pip.

Both begin at the same Python image and install the same locked files with byte code, from the package index that this
machine uses, without a layer or a download cached; the image is there when the engine tells of it. So what is the same
for both (downloads, and the engine that writes the layers down) counts too.
"""

import re
import time
from collections.abc import Callable, Mapping

from api.clock import new_uid
from bench.builds import TaggedImages, build_by_hand, remove_images, tidied
from bench.plugins import tar
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from controller.baseimage.ensure import base_files
from controller.baseimage.options import PYTHON_BASE_NAME, BaseImageOptions
from controller.baseimage.progress import ConsoleProgress
from controller.baseimage.python_base import ensure_python_base
from controller.engine.connect import EngineClient, connect

ROUNDS = 3
_NAME = "playground-bench-base"
_WHAT, _PIP = "Gradio base from nothing", "pip"
_FACTOR = 2.5
_CACHES = re.compile(r"\bid=playground-(\w+)")
_PIP_ENTRY = re.compile(r"^pip==(?:.*\\\n)*.*\n?", re.MULTILINE)
PIP_DOCKERFILE = """ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 playground \\
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp/home --shell /usr/sbin/nologin playground \\
 && mkdir -p /app /opt/playground/venv \\
 && chown 10001:10001 /app /opt/playground/venv
COPY host/ca-bundle.pem /opt/playground/ca-bundle.pem
COPY host/pip.conf /etc/pip.conf
RUN if [ ! -s /opt/playground/ca-bundle.pem ]; then \\
    cat /etc/ssl/certs/ca-certificates.crt > /opt/playground/ca-bundle.pem; fi
ENV PIP_CERT=/opt/playground/ca-bundle.pem \\
    VIRTUAL_ENV=/opt/playground/venv \\
    PATH=/opt/playground/venv/bin:$PATH
USER 10001:10001
COPY install/requirements.lock launcher.py /tmp/
RUN python3 -m venv /opt/playground/venv \\
 && pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
WORKDIR /app
"""
"""What one would write: pip in a virtual environment. It compiles byte code by itself; its cache is of no use here."""


def run(bench: Bench) -> Findings:
    """Build the base from nothing; ours and pip by turns."""
    options, progress = BaseImageOptions(), ConsoleProgress()
    with connect(None, 60) as api, tidied(api, _NAME), TaggedImages() as tags:
        ensure_python_base(options, api, progress)
        files = base_files(options, api, progress)
        turns: dict[str, Callable[[], float]] = {
            "ours": lambda: _once(api, tags, files | {"Dockerfile": fresh(files["Dockerfile"])}),
            _PIP: lambda: _once(api, tags, by_pip(files)),
        }
        seconds = by_turns(turns, bench.rounds(ROUNDS), bench.say)
    series = tuple(Series(name, _WHAT, "s", tuple(values)) for name, values in seconds.items())
    ours, pip = series
    return Findings(series, (Claim(13, "faster than pip", pip.p50 / ours.p50, _FACTOR, "×", "above"),))


def fresh(dockerfile: bytes) -> bytes:
    """Our Dockerfile with download caches that nobody has used before."""
    text, caches = _CACHES.subn(rf"id={_NAME}-{new_uid()}-\1", dockerfile.decode())
    assert caches, "the Dockerfile keeps no downloads any more"
    return text.encode()


def by_pip(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The context of the other: the same locks, but for pip itself, which its virtual environment begins with."""
    lock = _PIP_ENTRY.sub("", files["install/requirements.lock"].decode())
    return {**files, "install/requirements.lock": lock.encode(), "Dockerfile": PIP_DOCKERFILE.encode()}


def _once(api: EngineClient, tags: TaggedImages, files: Mapping[str, bytes]) -> float:
    began = time.perf_counter()
    build_by_hand(api, tar(files), f"{_NAME}:latest", args={"PYTHON_IMAGE": PYTHON_BASE_NAME}, cached=False)
    seconds = tags.wait(_NAME, began)[1] - began
    remove_images(api, _NAME)
    return seconds


SCENARIO = Scenario("gradio-base", "The first Gradio base image", (13,), run, needs_engine=False)
