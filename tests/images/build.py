"""Sees to the tests' images: `python -m tests.images.build`, or the two functions from a fixture.

An image is used when it is there and made from today's files, else it is built.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path

from controller.baseimage.debian import ensure_command, host_release, make_image
from controller.baseimage.errors import BaseImageError
from controller.baseimage.progress import ConsoleProgress, Progress
from controller.engine.base_images import find_image
from controller.engine.connect import EngineClient, connect
from controller.engine.errors import EngineError
from controller.engine.image_build import BuildRequest, build_image

HTTP_IMAGE = "playground-test-http:latest"
POSTGRES_IMAGE = "playground-test-postgres:latest"
_POSTGRES_PACKAGES = "playground-test-postgres-packages:latest"
_SOURCE_LABEL = "playground.test.source"
_HERE = Path(__file__).parent


def ensure_http_image(progress: Progress | None = None) -> str:
    """The name of the image of the tiny web server. Raises BaseImageError, EngineError."""
    with connect(None, 30) as api:
        source = _digest(_HERE / "http")
        if _is_there(api, HTTP_IMAGE, source):
            return HTTP_IMAGE
        shown = progress or ConsoleProgress()
        ensure_command("gcc", ("gcc", "libc6-dev"), shown)
        with tempfile.TemporaryDirectory() as folder:
            server = Path(folder) / "server"
            command = ["gcc", "-static", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-o", str(server)]
            made = subprocess.run(
                [*command, str(_HERE / "http" / "server.c")], capture_output=True, text=True, check=False
            )
            if made.returncode != 0:
                raise BaseImageError(f"gcc could not make the tests' web server:\n{made.stderr}")
            files = {"Dockerfile": (_HERE / "http" / "Dockerfile").read_bytes(), "server": server.read_bytes()}
        _build(api, files, BuildRequest(HTTP_IMAGE, {_SOURCE_LABEL: source}), shown)
        return HTTP_IMAGE


def ensure_postgres_image(progress: Progress | None = None) -> str:
    """The name of the PostgreSQL image, for testcontainers' PostgresContainer. Raises BaseImageError, EngineError."""
    with connect(None, 30) as api:
        source = _digest(_HERE / "postgres")
        if _is_there(api, POSTGRES_IMAGE, source):
            return POSTGRES_IMAGE
        shown = progress or ConsoleProgress()
        if find_image(api, _POSTGRES_PACKAGES) is None:
            ensure_command("mmdebstrap", ("mmdebstrap",), shown)
            release = host_release()
            if release is None:
                raise BaseImageError(
                    "The tests' PostgreSQL image is made of Debian's or Ubuntu's packages; run them there."
                )
            with shown.stage("Making an image of PostgreSQL's packages") as show:
                make_image(api, release, ("postgresql",), _POSTGRES_PACKAGES, show)
        files = {name: (_HERE / "postgres" / name).read_bytes() for name in ("Dockerfile", "start")}
        request = BuildRequest(POSTGRES_IMAGE, {_SOURCE_LABEL: source}, {"BASE": _POSTGRES_PACKAGES})
        _build(api, files, request, shown)
        return POSTGRES_IMAGE


def _is_there(api: EngineClient, name: str, source: str) -> bool:
    found = find_image(api, name)
    return found is not None and found.labels.get(_SOURCE_LABEL) == source


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _build(api: EngineClient, files: dict[str, bytes], request: BuildRequest, progress: Progress) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
    with progress.stage(f"Building {request.tag}") as show:
        build_image(api, [buffer.getvalue()], request, cancelled=threading.Event(), deadline_s=600, on_line=show)


def main() -> int:
    """Exit code 0 when both images are there."""
    progress = ConsoleProgress()
    try:
        for ensure in (ensure_http_image, ensure_postgres_image):
            progress.note(f"✓ {ensure(progress)} is there")
    except (BaseImageError, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
