"""What a create sends, in each of its forms."""

import tracemalloc
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from playground_sdk import AgentClient, PluginRelease, Progress, UploadError
from playground_sdk.multipart import CHUNK_BYTES, MultipartBody
from playground_sdk.releases import entrypoint_path, release_fields
from tests.sdk.recorder import Agent, Reply

CONFIG = {
    "code": "my-plugin",
    "version": 1.0,
    "actions": {"play": {"entrypoint": "plugin.gradio_interface:app"}, "gradio": {"entrypoint": "other.app"}},
}


@pytest.mark.parametrize(
    ("release", "fields"),
    [
        ("my-plugin@1.0.0", {"plugin_release": "my-plugin@1.0.0", "plugin": "my-plugin", "version": "1.0.0"}),
        ("a@b@2", {"plugin_release": "a@b@2", "plugin": "a@b", "version": "2"}),
        ("my-plugin", {"plugin_release": "my-plugin"}),
        (
            PluginRelease(config=CONFIG),
            {
                "plugin_release": "my-plugin",
                "plugin": "my-plugin",
                "version": "1.0",
                "action": "play",
                "entrypoint": "plugin/gradio_interface.py",
            },
        ),
        (
            SimpleNamespace(code="my-plugin@1.0.0", plugin=None, version="1.0.0", config={"actions": {}}),
            {"plugin_release": "my-plugin@1.0.0", "plugin": None, "version": "1.0.0"},
        ),
        (
            SimpleNamespace(code="my-plugin", version=2.5, config={"actions": {"gradio": {"method": "job"}}}),
            {"plugin_release": "my-plugin", "plugin": None, "version": "2.5", "action": "gradio"},
        ),
    ],
)
def test_the_keys_that_name_the_release(
    agent: Agent, client: AgentClient, release: Any, fields: dict[str, Any]
) -> None:
    agent.answers({"id": "x"})
    client.create_container(release)
    assert agent.last.line == "POST /containers/"
    assert agent.last.json() == fields == release_fields(release)


@pytest.mark.parametrize(
    ("entrypoint", "path"),
    [
        ("plugin.gradio_interface:app", "plugin/gradio_interface.py"),
        ("plugin.gradio_interface.app", "plugin/gradio_interface.py"),
        ("plugin/gradio_interface.py", "plugin/gradio_interface.py"),
        ("app.py", "app.py"),
        ("app", "app.py"),
    ],
)
def test_the_file_behind_an_entry_point(entrypoint: str, path: str) -> None:
    assert entrypoint_path(entrypoint) == path


def test_all_that_may_go_along_as_json(agent: Agent, client: AgentClient) -> None:
    agent.answers({"id": "x"})
    client.create_container(
        "a@1",
        model=0,
        params={"size": 512, "deep": {"a": [1]}},
        envs={"CUDA_VISIBLE_DEVICES": 0},
        metadata={},
        labels=("gradio", "production"),
        kind="code_server",
        image="code:1",
        backend_container_id=9,
    )
    assert agent.last.json() == {
        "plugin_release": "a@1",
        "plugin": "a",
        "version": "1",
        "model": 0,
        "params": {"size": 512, "deep": {"a": [1]}},
        "envs": {"CUDA_VISIBLE_DEVICES": 0},
        "metadata": {},
        "labels": ["gradio", "production"],
        "kind": "code_server",
        "image": "code:1",
        "backend_container_id": 9,
    }


def test_a_multipart_create_byte_for_byte(agent: Agent, client: AgentClient, archive: Path) -> None:
    agent.answers({"id": "x"})
    client.create_container(
        PluginRelease(config=CONFIG), plugin_file=archive, model=0, params={"a": "ü"}, labels=["one", "two"]
    )
    kind, _, boundary = agent.last.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    parts = [
        ("plugin_release", "my-plugin"),
        ("plugin", "my-plugin"),
        ("version", "1.0"),
        ("action", "play"),
        ("entrypoint", "plugin/gradio_interface.py"),
        ("model", "0"),
        ("labels", "one"),
        ("labels", "two"),
        ("params", '{"a": "\\u00fc"}'),
    ]
    expected = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts
    ).encode()
    expected += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="hello.zip"\r\n\r\n'.encode()
    expected += archive.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    assert agent.last.body == expected
    assert agent.last.headers["Content-Length"] == str(len(expected))
    assert agent.last.headers["Transfer-Encoding"] is None


def test_a_file_alone_sends_nothing_else(agent: Agent, client: AgentClient, archive: Path) -> None:
    agent.answers({"id": "x"})
    client.create_container(plugin_file=str(archive))
    assert agent.last.body.count(b"Content-Disposition") == 1
    assert b"Content-Type" not in agent.last.body


def test_a_big_archive_is_streamed(agent: Agent, client: AgentClient, tmp_path: Path) -> None:
    big = tmp_path / "big.zip"
    with big.open("wb") as stream:
        stream.truncate(64 * 1024 * 1024)
    agent.keep_bodies = False
    agent.answers({"id": "x"})
    steps: list[Progress] = []
    tracemalloc.start()
    try:
        client.create_container(plugin_file=big, on_progress=steps.append)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert agent.body_bytes > big.stat().st_size
    assert peak < 8 * 1024 * 1024
    assert {step.stage for step in steps} == {"uploading"}
    assert steps[-1].sent == steps[-1].total == agent.body_bytes
    assert all(later.sent - earlier.sent <= CHUNK_BYTES for earlier, later in pairwise(steps))


def test_a_refused_upload_can_be_sent_again(archive: Path) -> None:
    body = MultipartBody([("a", "1")], archive, boundary="b")
    assert b"".join(body) == b"".join(body)
    assert len(b"".join(body)) == len(body)


@pytest.mark.parametrize("content", [b"shorter", b"longer than it was when the request began: " * 2])
def test_an_archive_that_changes_meanwhile_is_not_sent_as_if_it_were_whole(archive: Path, content: bytes) -> None:
    body = MultipartBody([], archive)
    archive.write_bytes(content)
    with pytest.raises(UploadError, match="changed"):
        list(body)
    archive.unlink()
    with pytest.raises(UploadError, match="can't be read"):
        list(body)


def test_names_are_escaped(tmp_path: Path) -> None:
    odd = tmp_path / 'a"b.zip'
    odd.write_bytes(b"x")
    assert b'filename="a%22b.zip"' in b"".join(MultipartBody([], odd))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, ValueError),
        ({"plugin_release": ""}, ValueError),
        ({"plugin_release": 3}, TypeError),
        ({"plugin_release": {"code": "a"}}, TypeError),
        ({"plugin_release": "a@1", "model": "3"}, TypeError),
        ({"plugin_release": "a@1", "model": True}, TypeError),
        ({"plugin_release": "a@1", "params": [1]}, TypeError),
        ({"plugin_release": "a@1", "labels": "gradio"}, TypeError),
        ({"plugin_release": "a@1", "params": {"a": float("nan")}}, ValueError),
        ({"plugin_file": "/nowhere/at/all.zip"}, FileNotFoundError),
        ({"plugin_file": 3}, TypeError),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    agent: Agent, client: AgentClient, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.create_container(**arguments)
    assert agent.sent == []


def test_a_folder_is_no_archive(client: AgentClient, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="pack it"):
        client.create_container(plugin_file=tmp_path)


def test_a_plugin_release_is_made_of_its_config() -> None:
    release = PluginRelease(config=CONFIG)
    assert (release.code, release.version, release.plugin, release.lookup) == (
        "my-plugin",
        "1.0",
        "my-plugin",
        "my-plugin@1.0",
    )
    assert list(release.actions) == ["play", "gradio"]
    assert (release.name, release.category) == ("my-plugin", None)
    assert release == PluginRelease(dict(CONFIG))
    assert PluginRelease({"code": "a", "version": "1", "plugin": 4}).plugin == 4


@pytest.mark.parametrize(("config", "error"), [({}, ValueError), ({"code": "a"}, ValueError), ("a@1", TypeError)])
def test_a_config_that_names_no_release(config: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        PluginRelease(config=config)


def test_a_create_that_does_not_wait_returns_the_reply(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(202, {"id": None, "build_id": "b1", "status": "requested"}))
    assert client.create_container("a@1", wait=False) == {"id": None, "build_id": "b1", "status": "requested"}
    assert len(agent.sent) == 1
