"""Real images from real archives: the recipe on the engine, without any network, from wheels made here."""

import base64
import contextlib
import hashlib
import io
import threading
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest

from api.archives.config import read_config
from api.archives.reader import read_archive
from controller.builds.context import stream_context
from controller.builds.recipe import BuildOptions, archive_recipe
from controller.engine.base_images import find_image
from controller.engine.connect import EngineClient, connect
from controller.engine.errors import ImageBuildFailed
from controller.engine.image_build import BuildRequest, build_image
from tests.archives.ziplab import plain_zip, plugin_files

BASE = "playground-gradio-base:latest"
OFFLINE = BuildOptions(offline=True)
pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]


def wheel(project: str, version: str, tag: str = "py3-none-any", code: bytes = b"") -> tuple[str, bytes]:
    """(file name, bytes) of a wheel that holds one module named like the project."""
    info = f"{project}-{version}.dist-info"
    files = {
        f"{project}.py": code or f"VERSION = {version!r}\n".encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for name, data in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return f"{project}-{version}-{tag}.whl", blob.getvalue()


@dataclass
class Builder:
    """Builds plugins into images of its own, and runs things in them."""

    api: Any  # the client's stubs leave half of its methods untyped
    folder: Path
    word: str
    images: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def build(self, files: Mapping[str, bytes], config: str = "", options: BuildOptions = OFFLINE) -> str:
        """The tag. Each test's plugin has a code of its own: no layer and no cache of an earlier run can help."""
        tag = f"playground-test-recipe:{self.word}-{len(self.images)}"
        text = f"code: test-{self.word}\nname: Test\nversion: '1'\n{config}".encode()
        path = plain_zip(self.folder / "plugin.zip", {**plugin_files(), **files, "config.yaml": text})
        self.lines.clear()
        self.images.append(tag)
        with read_archive(path) as archive:
            recipe = archive_recipe(archive, read_config(archive), BASE, options)
            build_image(
                self.api,
                stream_context(archive, recipe),
                BuildRequest(tag=tag, network_mode="none"),
                cancelled=threading.Event(),
                deadline_s=120,
                on_line=self.lines.append,
            )
        return tag

    def run(self, tag: str, code: str) -> str:
        """What Python code prints in a container of the image, as the user who runs plugins."""
        container = self.api.create_container(
            tag, entrypoint=["python3", "-c", code], host_config=self.api.create_host_config(network_mode="none")
        )["Id"]
        try:
            self.api.start(container)
            status = self.api.wait(container)["StatusCode"]
            output: str = self.api.logs(container).decode()
        finally:
            self.api.remove_container(container, force=True)
        assert status == 0, output
        return output.strip()

    def layers(self, tag: str) -> list[str]:
        found: list[str] = self.api.inspect_image(tag)["RootFS"]["Layers"]
        return found


@pytest.fixture(scope="module")
def api() -> Iterator[EngineClient]:
    client = connect(None, 20)
    assert find_image(client, BASE), "make setup builds it; without it nothing here could pass"
    yield client
    client.close()


@pytest.fixture
def builder(api: EngineClient, tmp_path: Path) -> Iterator[Builder]:
    found = Builder(api, tmp_path, uuid.uuid4().hex[:8])
    yield found
    for tag in found.images:
        with contextlib.suppress(docker.errors.ImageNotFound):
            api.remove_image(tag, force=True)


NAME, WHEEL = wheel("demo_lib", "1.0")
PACKAGED = {"requirements.txt": b"demo-lib==1.0\n", f"wheels/{NAME}": WHEEL}


@pytest.mark.parametrize("manager", ["pip", "uv"])
def test_packages_are_installed_with_compiled_byte_code(manager: str, builder: Builder) -> None:
    tag = builder.build(PACKAGED, f"package_manager: {manager}\n")
    assert f"Installing with {manager} (requirements.txt)." in "\n".join(builder.lines)
    assert builder.run(
        tag,
        "import demo_lib, os, pathlib, sys; print(demo_lib.VERSION, pathlib.Path(demo_lib.__cached__).exists(),"
        "demo_lib.__file__.startswith('/opt/playground/venv/'), os.getuid(), os.getcwd(), sys.version_info >= (3, 11))",
    ) == "1.0 True True 10001 /app True"  # fmt: skip


def test_the_image_holds_the_plugin_and_the_launcher_starts_it(builder: Builder) -> None:
    tag = builder.build({"run.sh": b"#!/bin/sh\n", "Dockerfile": b"FROM evil\n", ".dockerignore": b"*\n"})
    inspected = builder.api.inspect_image(tag)["Config"]
    assert inspected["Entrypoint"] == ["python3", "/opt/playground/launcher.py"]
    assert (inspected["User"], inspected["WorkingDir"]) == ("10001:10001", "/app")
    listing = builder.run(
        tag,
        "import os; print(sorted(os.listdir('.')));"
        "s = os.stat('plugin/gradio_interface.py'); print(oct(s.st_mode), s.st_uid, s.st_gid, os.path.exists('/deps'))",
    )
    assert listing.splitlines() == [
        "['.dockerignore', 'Dockerfile', 'config.yaml', 'plugin', 'run.sh']",
        "0o100644 0 0 False",
    ]


def test_a_change_of_the_code_reuses_the_packages(builder: Builder) -> None:
    first = builder.layers(builder.build(PACKAGED))
    assert any("Installing with" in line for line in builder.lines)
    again = builder.layers(builder.build({**PACKAGED, "plugin/more.py": b"x = 1\n"}))
    assert not any("Installing with" in line for line in builder.lines)
    assert again[:-1] == first[:-1]
    assert again[-1] != first[-1]


def test_a_change_of_the_packages_does_not(builder: Builder) -> None:
    builder.build(PACKAGED)
    other, data = wheel("demo_lib", "2.0")
    tag = builder.build({"requirements.txt": b"demo-lib\n", f"wheels/{other}": data})
    assert builder.run(tag, "import demo_lib; print(demo_lib.VERSION)") == "2.0"


def test_wheels_alone_are_installed_those_that_fit(builder: Builder) -> None:
    foreign, data = wheel("other_lib", "1.0", tag="cp27-cp27m-win32")
    tag = builder.build({f"wheels/{NAME}": WHEEL, f"wheels/{foreign}": data})
    found = builder.run(tag, "import demo_lib, importlib.util as u; print(bool(u.find_spec('other_lib')))")
    assert found == "False"
    assert any("is for another Python or platform" in line for line in builder.lines)


def test_requirements_that_want_the_tree(builder: Builder) -> None:
    project = (
        b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        b'[project]\nname = "inner_lib"\nversion = "3.0"\n'
    )
    name, data = wheel("inner_lib", "3.0")
    backend = (
        f"import base64, pathlib\n\ndef build_wheel(folder, config=None, metadata=None):\n"
        f"    pathlib.Path(folder, {name!r}).write_bytes(base64.b64decode({base64.b64encode(data)!r}))\n"
        f"    return {name!r}\n"
    ).encode()
    tag = builder.build(
        {"requirements.txt": b"./lib\n", "lib/pyproject.toml": project, "lib/backend.py": backend},
        "package_manager: uv\n",
    )
    assert builder.run(tag, "import inner_lib; print(inner_lib.VERSION)") == "3.0"


@pytest.mark.parametrize("manager", ["pip", "uv"])
def test_requirements_that_can_not_be_had_say_why(manager: str, builder: Builder) -> None:
    with pytest.raises(ImageBuildFailed) as caught:
        builder.build({"requirements.txt": b"no-such-package-anywhere==9.9\n"}, f"package_manager: {manager}\n")
    text = "\n".join(caught.value.log_tail)
    assert "no-such-package-anywhere" in text
    assert "The plugin's packages could not be installed (exit code 1); the lines above say why." in text


def test_what_the_operator_keeps_secret_is_in_no_layer_and_no_history(builder: Builder) -> None:
    options = BuildOptions(offline=True, index_url="https://user:canary-7c1d@index.invalid/simple")
    tag = builder.build(PACKAGED, options=options)
    assert "canary-7c1d" not in str(builder.api.history(tag)) + str(builder.api.inspect_image(tag))
    folders = "[f for p in ('/tmp/playground-build', '/tmp/playground-cache') for f in pathlib.Path(p).rglob('*')]"
    assert builder.run(tag, f"import pathlib; print({folders})") == "[]"


def test_a_process_of_a_build_holds_no_more_memory_than_the_operator_says(builder: Builder) -> None:
    """The plugin's own backend asks for far more than there is, having tried to take the limit away."""
    backend = (
        b"import resource\n"
        b"def build_wheel(folder, config=None, metadata=None):\n"
        b"    try:\n"
        b"        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        b"    except (ValueError, OSError):\n"
        b"        print('the limit stays')\n"
        b"    held = bytearray(2**30)\n"
        b"    print('held', len(held))\n"
    )
    project = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        "requirements.txt": b"./lib\n",
        "lib/pyproject.toml": project + b'[project]\nname = "greedy"\nversion = "1"\n',
        "lib/backend.py": backend,
    }
    with pytest.raises(ImageBuildFailed) as failed:
        builder.build(files, options=BuildOptions(offline=True, memory=512 * 2**20))
    said = "\n".join(failed.value.log_tail)
    assert "MemoryError" in said
    assert "the limit stays" in said
    assert f"held {2**30}" not in said
