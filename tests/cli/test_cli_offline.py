"""The verbs that need no server: validate, explain, init, config, completion."""

import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent

GOOD = """\
apiVersion: playground/v1
kind: Playground
metadata: {name: good}
spec:
  plugin: {release: hello@1}
"""
BAD = """\
# a comment
apiVersion: playground/v1
kind: Playground
metadata: {name: bad}
spec:
  plugin: {release: hello@1}
  resource: {cpu: "1"}
---
apiVersion: playground/v1
kind: Playgroud
metadata: {name: other}
"""


def test_validate_names_file_document_line_and_path(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    done = cli("validate", "-f", str(path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{path}, document 1, line 7: spec.resource: unknown, did you mean spec.resources?",
        f"{path}, document 2, line 10: kind: 'Playgroud' is unknown; did you mean Playground?",
    ]
    assert agent.sent == []


def test_validate_of_what_is_right(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    assert cli("validate", "-f", str(tmp_path)).stdout == "playground/good valid\n"
    assert cli("validate", "-q", "-f", str(tmp_path)).output == ""


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("{plugin: {archive: ./none}}", "spec.plugin.archive: there is no folder or ZIP file"),
        ("{plugin: {archive: .}}", "is no plugin: it has no config.yaml"),
        ("{plugin: {release: a@1}, env: [{name: A, value: x}, {name: A, value: y}]}", "spec.env[1].name: A is there"),
        ("{plugin: {release: a@1}, env: [{name: A, value: 0}]}", "spec.env[0].value"),
        ("{plugin: {release: a@1}, resources: {memory: 2Gb}}", "spec.resources.memory"),
        ("{plugin: {release: a@1}, ttl: eight}", "spec.ttl"),
        ("{plugin: {archive: ., image: b}}", "spec.plugin: an image runs as it is"),
        ("{plugin: {release: a@1}, state: running}", "Running"),
    ],
)
def test_what_validate_finds(cli: Cli, tmp_path: Path, spec: str, path: str) -> None:
    (tmp_path / "x.yaml").write_text(
        f"apiVersion: playground/v1\nkind: Playground\nmetadata: {{name: x}}\nspec: {spec}\n"
    )
    done = cli("validate", "-f", str(tmp_path / "x.yaml"))
    assert done.exit_code == 1
    assert "x.yaml, document 1, line 4: " in done.stderr
    assert path in done.stderr


def test_the_same_name_twice(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"{GOOD}---\n{GOOD}")
    assert "good is there already" in cli("validate", "-f", str(tmp_path)).stderr


def test_validate_of_no_file_is_a_usage_error(cli: Cli) -> None:
    assert cli("validate", "-f", "/nowhere.yaml").exit_code == 2
    assert cli("validate").exit_code == 2


def test_explain(cli: Cli) -> None:
    shown = cli("explain", "spec.resources").stdout
    assert "Field: spec.resources" in shown
    assert "memory <" in shown
    assert "Field: spec.env" in cli("explain", "playground.spec.env[0]").stdout
    assert "    name <" in cli("explain", "spec", "-R").stdout
    unknown = cli("explain", "spec.resource")
    assert (unknown.exit_code, "did you mean spec.resources?" in unknown.stderr) == (2, True)
    assert "it has no fields" in cli("explain", "spec.ttl.x").stderr


def test_init_makes_a_plugin_and_a_manifest_that_is_valid(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("init", "My_Plugin")
    assert (done.exit_code, done.stdout) == (0, "playground apply -f my-plugin.yaml --wait\n")
    assert (tmp_path / "My_Plugin" / "plugin" / "gradio_interface.py").is_file()
    compile((tmp_path / "My_Plugin/plugin/gradio_interface.py").read_text(), "page", "exec")
    assert cli("validate", "-f", "my-plugin.yaml").stdout == "playground/my-plugin valid\n"
    again = cli("init", "My_Plugin")
    assert again.exit_code == 2
    assert "is left as it is" in again.stderr
    assert cli("init", "___").exit_code == 2


def test_contexts(agent: Agent, cli: Cli) -> None:
    lone = {"PLAYGROUND_SERVER": None, "PLAYGROUND_TOKEN": None}
    assert "No contexts yet" in cli("config", "list", **lone).stderr
    assert (
        cli("config", "set", "here", "--server", agent.url, "--token", "hush", **lone).stdout
        == "context here created\n"
    )
    assert cli("config", "set", "there", "--url", "http://there.invalid", **lone).exit_code == 0
    file = cli.home / ".config" / "playground" / "config.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [line.split() for line in cli("config", "list", **lone).stdout.splitlines()] == [
        ["CURRENT", "NAME", "SERVER", "TOKEN"],
        ["*", "here", agent.url, "yes"],
        ["there", "http://there.invalid", "-"],
    ]
    agent.answers({}, {}, {})
    cli("health", **lone)
    assert agent.last.headers["Authorization"] == "hush"
    assert cli("config", "use", "there", **lone).exit_code == 0
    cli("health", "--context", "here", **lone)
    assert agent.last.headers["Authorization"] == "hush"
    cli("--server", agent.url.replace("127.0.0.1", "localhost"), "--context", "here", "health", **lone)
    assert agent.last.headers["Authorization"] is None, "a token goes to the server it was kept for"
    assert cli("config", "delete", "here", **lone).exit_code == 0
    assert cli("health", "--context", "here", **lone).exit_code == 2


@pytest.mark.parametrize("text", ["contexts: [", "contexts: {a: 5}", "[]"])
def test_a_broken_config_file_is_named(cli: Cli, text: str) -> None:
    file = cli.home / ".config" / "playground" / "config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    done = cli("config", "list")
    assert done.exit_code == (0 if text == "[]" else 2)
    assert text == "[]" or str(file) in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(cli: Cli, shell: str) -> None:
    done = cli("completion", shell)
    assert done.exit_code == 0
    assert "_PLAYGROUND_COMPLETE" in done.stdout
    assert cli("completion", "tcsh").exit_code == 2


def test_bash_gets_the_words_that_fit(cli: Cli) -> None:
    words = {"_PLAYGROUND_COMPLETE": "complete_bash", "COMP_WORDS": "playground vali", "COMP_CWORD": "1"}
    before = dict(os.environ)
    done = cli(**words)
    assert done.stdout.split() == ["validate"]
    assert dict(os.environ) == before
