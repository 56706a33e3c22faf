"""Code on the pages is code: it compiles, it parses, its commands exist, and the README's example runs."""

import contextlib
import functools
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

import playground_sdk
from api.resources.manifest import PlaygroundManifest
from controller import cli as server_cli
from playground_sdk import AgentClient
from playground_sdk.cli.app import app as client_app
from tests.docs.generate import paths_of
from tests.docs.pages import ROOT, Block, blocks, pages

NOBODY_LISTENS = "9"


def blocks_of(*languages: str) -> list[Block]:
    """All blocks of these languages, on all pages."""
    return [block for page in pages() for block in blocks(page, *languages)]


@pytest.mark.parametrize("block", blocks_of("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    compile(block.code, str(block.page), "exec")


@pytest.mark.parametrize("block", blocks_of("json", "yaml", "toml"), ids=str)
def test_data_parses(block: Block) -> None:
    match block.language:
        case "json":
            json.loads(block.code)
        case "yaml":
            yaml.safe_load(block.code)
        case _:
            tomllib.loads(block.code)


@pytest.mark.parametrize("block", [each for each in blocks_of("yaml") if "apiVersion:" in each.code], ids=str)
def test_manifests_are_valid(block: Block) -> None:
    manifest = yaml.safe_load(block.code)
    if "archive" in manifest["spec"]["plugin"]:
        manifest["spec"]["plugin"]["archive"] = f"sha256:{'0' * 64}"  # as `apply` sends a folder
    PlaygroundManifest.model_validate(manifest)


@pytest.mark.parametrize("block", blocks_of("sh"), ids=str)
def test_our_commands_take_what_is_shown(block: Block) -> None:
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line)
        program = Path(words[0]).name if words else ""
        if program not in {"playground", "playground-server"}:
            continue
        app = client_app if program == "playground" else server_cli.app
        known = [path for path in paths_of(get_command(app), []) if words[1 : 1 + len(path)] == path]
        command = max(known, key=len)
        assert command, line
        shown = CliRunner().invoke(app, [*command, "--help"], prog_name=program, env={"TERM": "dumb", "NO_COLOR": "1"})
        assert shown.exit_code == 0, line
        flags = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert all(re.search(rf"(?<![\w-]){flag}(?![\w-])", shown.stdout) for flag in flags), line


@pytest.fixture
def api_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The API alone, as a process with a home of its own: no engine, no controller. Its address."""
    for name in list(os.environ):
        if name.startswith(("PLAYGROUND_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = {"PLAYGROUND_PORT": "0", "PLAYGROUND_CONTROLLER_PORT": NOBODY_LISTENS, "PLAYGROUND_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "api.http"]
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = (json.loads(line) for line in process.stderr)
        port = next(line["port"] for line in lines if line["event"] == "api listening")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.stderr.read()
    assert process.returncode == 0


def test_the_readme_s_example_runs(api_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a real API, without waiting: nobody is there to start a container."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    (block,) = blocks(ROOT / "README.md", "python")
    assert "http://127.0.0.1:8000" in block.code

    class Asking(AgentClient):
        create_container = functools.partialmethod(AgentClient.create_container, wait=False)

    monkeypatch.setattr(playground_sdk, "AgentClient", Asking)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.code.replace("http://127.0.0.1:8000", api_at), "README.md", "exec"), {})
    said = printed.getvalue().splitlines()
    assert said[1:] == [
        "None",  # nothing was there to be restarted
        "hello-gradio-1-0-0 requested None",
        "hello-gradio-1-0-0-m123 requested None",
        "Waiting for the controller to see the request.",
    ]
    token = (tmp_path / ".local/share/playground/token").read_text().strip()
    with AgentClient(api_at, token) as client:
        assert {item["status"] for item in client.list_containers()["results"]} == {"deleting"}
