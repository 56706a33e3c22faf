"""The command line, run in this process against a scripted Agent."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from playground_sdk.cli.app import app
from tests.sdk.recorder import Agent


@pytest.fixture
def agent() -> Iterator[Agent]:
    with Agent().serving() as agent:
        yield agent


class Cli:
    """Runs ``playground ARGUMENTS`` with an environment that holds nothing of the person who runs the tests."""

    def __init__(self, agent: Agent, home: Path) -> None:
        inherited = {name: None for name in os.environ if name.startswith(("PLAYGROUND_", "XDG_"))}
        self.home = home
        self.env: dict[str, str | None] = {
            **inherited,
            "HOME": str(home),
            "FORCE_COLOR": None,
            "PLAYGROUND_SERVER": agent.url,
            "PLAYGROUND_TOKEN": "secret",
        }

    def __call__(self, *arguments: str, stdin: str | None = None, **env: str | None) -> Result:
        runner = CliRunner()
        return runner.invoke(
            app,
            list(arguments),
            input=stdin,
            env={**self.env, **env},
            catch_exceptions=False,
            prog_name="playground",
        )


@pytest.fixture
def cli(agent: Agent, tmp_path: Path) -> Cli:
    home = tmp_path / "home"
    home.mkdir()
    return Cli(agent, home)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    folder = tmp_path / "hello-gradio"
    (folder / "plugin").mkdir(parents=True)
    (folder / "config.yaml").write_text("code: hello-gradio\nname: Hello\nversion: 1.0.0\n")
    (folder / "plugin" / "gradio_interface.py").write_text("demo = None\n")
    return folder
