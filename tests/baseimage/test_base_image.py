"""The real base image: what is in it, and a real plugin served from it under full hardening."""

import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
import requests
from docker.models.containers import Container

from controller.baseimage import BaseImageError, BaseImageOptions, ensure_base_image
from controller.baseimage.ensure import RECIPE_LABEL, recipe_version
from controller.baseimage.host import certificates
from controller.baseimage.options import DEFAULT_NAME
from controller.engine.base_images import find_image, read_file
from controller.engine.connect import EngineClient, connect
from controller.engine.image_build import BuildRequest, build_image

HELLO = Path(__file__).parents[2] / "manifests" / "plugins" / "hello-gradio"
pytestmark = [pytest.mark.engine, pytest.mark.gradio]


class Said:
    """Progress that is only written down."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[str], None]]:
        self.lines.append(title)
        yield self.lines.append


@pytest.fixture(scope="module")
def api() -> Iterator[EngineClient]:
    client = connect(None, 30)
    assert find_image(client, DEFAULT_NAME), "make setup builds the base image"
    yield client
    client.close()


def ignore(line: str) -> None:
    """What a build prints matters to nobody here."""


def plugin_image(api: EngineClient, files: dict[str, bytes], on_line: Callable[[str], None] = ignore) -> str:
    """An image of the base with the files of a plugin."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    request = BuildRequest(f"playground-test-plugin-{uuid.uuid4().hex[:8]}:t")
    build_image(api, [buffer.getvalue()], request, cancelled=threading.Event(), deadline_s=120, on_line=on_line)
    return request.tag


@contextmanager
def served(image: str, environment: dict[str, str]) -> Iterator[Container]:
    """A container of the image, as hardened as playgrounds are."""
    engine = docker.from_env()
    container = engine.containers.run(
        image,
        detach=True,
        init=True,
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=128,
        mem_limit="512m",
        tmpfs={"/tmp": "rw,noexec,nosuid,size=64m"},
        ports={"7860/tcp": ("127.0.0.1", 0)},
        environment=environment,
    )
    try:
        yield container
    finally:
        container.remove(force=True)
        engine.images.remove(image, force=True)
        engine.close()


def url_of(container: Container) -> str:
    """Where the container serves, once it does."""
    container.reload()
    bindings = container.ports["7860/tcp"]
    assert bindings, container.logs()
    url = f"http://127.0.0.1:{bindings[0]['HostPort']}"
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            if requests.get(f"{url}/config", timeout=2).status_code == 200:
                return url
        except requests.RequestException:
            time.sleep(0.05)
    pytest.fail(f"nothing was served:\n{container.logs().decode()}")


def test_hello_gradio_predicts_under_full_hardening_and_ends_within_a_second(api: EngineClient) -> None:
    files = {str(path.relative_to(HELLO)): path.read_bytes() for path in HELLO.rglob("*") if path.is_file()}
    files = {f"files/{name}": data for name, data in files.items() if "__pycache__" not in name}
    image = plugin_image(api, {"Dockerfile": f"FROM {DEFAULT_NAME}\nCOPY files /app/\n".encode(), **files})
    params = json.dumps({"greeting": "Servus"})
    with served(image, {"PLUGIN_PARAMS": params, "PLAYGROUND_ENTRYPOINT": "plugin.gradio_interface.demo"}) as container:
        url = url_of(container)
        # in a process of its own: the client leaves threads behind
        script = (
            "import sys; from gradio_client import Client; "
            "print(Client(sys.argv[1], verbose=False).predict('Anna', api_name='/greet'))"
        )
        said = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=False)
        assert said.stdout.strip() == "Servus, Anna!", said.stderr
        assert container.exec_run(["id", "-u"]).output == b"10001\n"
        assert container.exec_run(["touch", "/app/x"]).exit_code != 0
        began = time.monotonic()
        container.stop(timeout=10)
        assert time.monotonic() - began < 2
        assert container.wait()["StatusCode"] in (0, 143)


def test_an_explicit_port_and_a_launch_at_import_are_no_matter(api: EngineClient) -> None:
    page = b"import gradio as gr\nwith gr.Blocks() as ui:\n    gr.Markdown('hi')\n"
    page += b"ui.launch(server_name='127.0.0.1', server_port=9999, share=True, ssr_mode=True)\n"
    image = plugin_image(api, {"Dockerfile": f"FROM {DEFAULT_NAME}\nCOPY app.py /app/\n".encode(), "app.py": page})
    with served(image, {"PLAYGROUND_ENTRYPOINT": "app.py"}) as container:
        assert url_of(container)


def test_an_asgi_application_with_a_mounted_page(api: EngineClient) -> None:
    page = b"import gradio as gr\nfrom fastapi import FastAPI\n"
    page += b"app = gr.mount_gradio_app(FastAPI(), gr.Interface(str, 'text', 'text'), path='/')\n"
    image = plugin_image(api, {"Dockerfile": f"FROM {DEFAULT_NAME}\nCOPY app.py /app/\n".encode(), "app.py": page})
    with served(image, {"PLAYGROUND_ENTRYPOINT": "app:app"}) as container:
        assert url_of(container)


def test_a_plugins_own_requirements_can_be_installed_without_root(api: EngineClient) -> None:
    lines: list[str] = []
    said = uuid.uuid4().hex  # a build from the cache would print nothing
    check = f"python3 -c 'import tabulate, gradio; print(\"{said}\")'"
    dockerfile = f"FROM {DEFAULT_NAME}\nRUN uv pip install --no-cache tabulate && {check}\n".encode()
    image = plugin_image(api, {"Dockerfile": dockerfile}, lines.append)
    api.remove_image(image, force=True)
    assert said in lines


def test_the_image_that_is_there_is_used(api: EngineClient) -> None:
    said = Said()
    image_id = ensure_base_image(BaseImageOptions(), api, said)
    found = find_image(api, DEFAULT_NAME)
    assert found
    assert found.image_id == image_id
    assert found.labels["playground.base"] == "gradio"
    assert found.labels[RECIPE_LABEL] == recipe_version()
    assert said.lines == [f"✓ {DEFAULT_NAME} is there"]


def test_the_image_trusts_what_this_machine_trusts(api: EngineClient) -> None:
    bundle = read_file(api, DEFAULT_NAME, "/opt/playground/ca-bundle.pem")
    assert bundle
    own = os.environ.get("SSL_CERT_FILE")
    if own:
        assert certificates(Path(own).read_bytes()) <= certificates(bundle)
    assert read_file(api, DEFAULT_NAME, "/no/such/file") is None


def test_another_base_image_is_used_as_it_is_or_said_to_be_missing(api: EngineClient) -> None:
    python = find_image(api, "playground-python-base:latest")
    assert python
    assert ensure_base_image(BaseImageOptions(name="playground-python-base:latest"), api, Said()) == python.image_id
    with pytest.raises(BaseImageError, match="neither on the engine nor can it be pulled"):
        ensure_base_image(BaseImageOptions(name="playground-no-such:1", silence_s=3), api, Said())


def test_a_ca_bundle_that_is_none_is_refused_before_anything_is_built(api: EngineClient, tmp_path: Path) -> None:
    with pytest.raises(BaseImageError, match="cannot be read"):
        ensure_base_image(
            BaseImageOptions(python_image="playground-python-base", rebuild=True, ca_bundle="/none"), api, Said()
        )
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"hello")
    options = BaseImageOptions(python_image="playground-python-base", rebuild=True, ca_bundle=str(empty))
    with pytest.raises(BaseImageError, match="no certificate"):
        ensure_base_image(options, api, Said())
