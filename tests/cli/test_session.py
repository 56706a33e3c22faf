"""A day at a terminal, as it is typed: from an empty folder to a page, a change, and nothing left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, shell
from tests.e2e.engine import containers_of, remove_containers, remove_images
from tests.e2e.plugins import RAISES_AT_IMPORT, hello, pack
from tests.e2e.server import BIN, Server, free_range, running
from tests.examples.commands import environment, ok, playground
from tests.images.build import HTTP_IMAGE, ensure_http_image

pytestmark = [pytest.mark.engine, pytest.mark.gradio, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {
        "PLAYGROUND_LEASE_TTL": "3",
        "PLAYGROUND_STOP_GRACE": "1",
        "PLAYGROUND_LOG_LEVEL": "debug",
        "PLAYGROUND_ALLOWED_IMAGES": HTTP_IMAGE,
        "PLAYGROUND_LIVENESS_INTERVAL": "600",  # so that what the log says is about what was typed
        "PLAYGROUND_RESYNC_INTERVAL": "600",
    }
    with running(tmp_path_factory.mktemp("server"), free_range(40), settings) as server:
        controller_id = server.controller_id
        try:
            yield server
            server.delete_all()
            assert containers_of(controller_id) == []
        finally:
            remove_containers(controller_id)
            remove_images(controller_id)


@pytest.fixture
def terminal(server: Server, tmp_path: Path) -> Iterator[Terminal]:
    found = environment(server)
    with shell(tmp_path, {**found, "PATH": f"{BIN}:{found['PATH']}"}) as terminal:
        yield terminal


def typed(terminal: Terminal, command: str, code: int = 0) -> str:
    ended, shown = terminal.type(command)
    assert ended == code, terminal.transcript
    return shown


def test_a_session(server: Server, terminal: Terminal) -> None:
    assert "playground apply -f my-plugin.yaml --wait" in typed(terminal, "playground init my-plugin")
    assert "playground/my-plugin valid" in typed(terminal, "playground validate -f my-plugin.yaml")

    shown = typed(terminal, "playground apply -f my-plugin.yaml")
    assert "packing: my-plugin, 4 files" in shown
    assert "uploading: sending my-plugin.zip" in shown
    assert "playground/my-plugin created" in shown
    shown = typed(terminal, "playground wait my-plugin")
    assert "building: my-plugin: The image is being built." in shown
    url = typed(terminal, "playground open my-plugin --print").strip()
    assert f"playground/my-plugin ready {url}" in shown

    typed(terminal, "sed -i 's/greeting: Hello/greeting: Servus/' my-plugin.yaml")
    shown = typed(terminal, "playground diff -f my-plugin.yaml", code=1)
    assert "-    greeting: Hello\n+    greeting: Servus\n" in shown
    assert "\x1b[32m+    greeting: Servus" in terminal.raw
    shown = typed(terminal, "playground apply -f my-plugin.yaml --wait")
    assert "playground/my-plugin configured" in shown
    assert f"playground/my-plugin ready {url}" in shown, "the port is kept"
    assert typed(terminal, "playground diff -f my-plugin.yaml") == ""

    assert "Running on local URL" in typed(terminal, "playground logs my-plugin")
    shown = typed(terminal, "playground describe my-plugin")
    assert {"Generation:", "2"} <= set(next(line for line in shown.splitlines() if "Generation" in line).split())
    for part in ("greeting: Servus", "ContainerStarted", "Serving", "Events:"):
        assert part in shown
    assert "playground/my-plugin deleted" in typed(terminal, "playground delete my-plugin --wait")
    assert "was deleted at" in typed(terminal, "playground get my-plugin", code=3)
    assert containers_of(server.controller_id) == []


def image_document(name: str, model: int, plugin: str) -> str:
    return (
        f"apiVersion: playground/v1\nkind: Playground\nmetadata: {{name: {name}, labels: {{fleet: test}}}}\n"
        f"spec: {{plugin: {plugin}, model: {model}}}\n"
    )


def test_applied_twice_it_is_unchanged_and_the_controller_does_nothing(server: Server, tmp_path: Path) -> None:
    ensure_http_image()
    path = tmp_path / "one.yaml"
    path.write_text(image_document("tiny", 1, f"{{image: '{HTTP_IMAGE}'}}"))
    assert "playground/tiny created" in ok(server, "apply", "-f", str(path), "--wait")
    uid = server.client.playgrounds.get("tiny")["metadata"]["uid"]
    assert "StartContainer" in server.actions(uid)
    before = [line for line in server.log() if line.get("process") == "controller"]
    version = server.client.playgrounds.get("tiny")["metadata"]["resourceVersion"]
    assert ok(server, "apply", "-f", str(path)) == "playground/tiny unchanged\n"
    assert ok(server, "diff", "-f", str(path)) == ""
    after = [line for line in server.log() if line.get("process") == "controller"]
    added = [line for line in after[len(before) :] if line["event"] != "private request"]
    assert added == [], "no pass, no action, no call to the engine"
    assert server.client.playgrounds.get("tiny")["metadata"]["resourceVersion"] == version
    ok(server, "delete", "-f", str(path), "--wait")


def test_twenty_from_one_file_and_the_broken_one_is_named(server: Server, tmp_path: Path) -> None:
    ensure_http_image()
    pack(tmp_path / "broken.zip", hello("session-broken", RAISES_AT_IMPORT))
    documents = [image_document(f"tiny-{number:02d}", number, f"{{image: '{HTTP_IMAGE}'}}") for number in range(1, 20)]
    documents.insert(9, image_document("broken", 99, "{archive: ./broken.zip}"))
    path = tmp_path / "fleet.yaml"
    path.write_text("---\n".join(documents))

    done = playground(server, "apply", "-f", str(path), "--wait", "--timeout", "120")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count(" created\n") == 20
    assert done.stdout.count(" ready http") == 19
    assert "playground/broken: Error: Playground broken has failed:" in done.stderr
    assert "the weights are not there" in done.stderr
    running_names = ok(server, "get", "--field-selector", "status.phase=running", "-o", "name").split()
    assert running_names == [f"playground/tiny-{number:02d}" for number in range(1, 20)]

    path.write_text("---\n".join(documents[:9]))
    pruned = ok(server, "apply", "-f", str(path), "--prune", "-l", "fleet=test")
    assert (pruned.count(" unchanged\n"), pruned.count(" pruned\n")) == (9, 11)
    path.write_text("---\n".join(documents[:9]))
    gone = ok(server, "delete", "-f", str(path), "--wait", "--timeout", "120")
    assert gone.count(" deleted\n") == 9
    ok(server, "wait", "broken", *[f"tiny-{number:02d}" for number in range(10, 20)], "--for=delete")
    assert containers_of(server.controller_id) == []
