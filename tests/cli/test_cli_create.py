"""``playground create``."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent, Reply

CREATED = Reply(202, {"build_id": "b1", "status": "requested", "name": "hello"})
RUNNING = {"id": "abc", "status": "running", "name": "hello", "endpoint": "http://127.0.0.1:7860"}


def test_the_url_alone_goes_to_stdout_and_the_way_there_to_stderr(agent: Agent, cli: Cli) -> None:
    agent.answers(
        CREATED,
        {"status": "building", "message": "installs the requirements"},
        {"status": "completed", "result": RUNNING},
    )
    done = cli("create", "hello@1.0.0", "--model", "7")
    assert done.exit_code == 0
    assert done.stdout == "http://127.0.0.1:7860\n"
    assert done.stderr == "building: installs the requirements\ncompleted\nhello is running\n"
    assert agent.sent[0].json() == {"plugin_release": "hello@1.0.0", "plugin": "hello", "version": "1.0.0", "model": 7}


def test_quiet_prints_the_url_only(agent: Agent, cli: Cli) -> None:
    agent.answers(CREATED, {"status": "completed", "result": {**RUNNING, "restarted": True}})
    done = cli("create", "-q", "hello@1.0.0")
    assert (done.stdout, done.stderr) == ("http://127.0.0.1:7860\n", "")


def test_a_restart_is_told(agent: Agent, cli: Cli) -> None:
    agent.answers(CREATED, {"status": "completed", "result": {**RUNNING, "restarted": True}})
    assert "hello is running (restarted)" in cli("create", "hello@1.0.0").stderr


def test_every_option_is_sent(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    params = tmp_path / "params.json"
    params.write_text('{"size": 1, "deep": {"a": 2}}')
    agent.answers(RUNNING)
    arguments = [
        "create",
        "a@1",
        "--params-file",
        str(params),
        "-p",
        "size=512",
        "--param",
        "name=text",
        "-p",
        "on=true",
    ]
    arguments += ["--param", "bad=NaN", "--env", "A=1=2", "-l", "one", "--label", "two", "--metadata", "by=me"]
    assert cli(*arguments, "--kind", "code_server", "--model", "0").exit_code == 0
    assert agent.last.json() == {
        "plugin_release": "a@1",
        "plugin": "a",
        "version": "1",
        "model": 0,
        "params": {"size": 512, "deep": {"a": 2}, "name": "text", "on": True, "bad": "NaN"},
        "envs": {"A": "1=2"},
        "labels": ["one", "two"],
        "metadata": {"by": "me"},
        "kind": "code_server",
    }


def test_a_folder_is_packed_and_sent(agent: Agent, cli: Cli, plugin: Path) -> None:
    (plugin / ".git").mkdir()
    (plugin / ".git" / "HEAD").write_text("left out")
    agent.answers(CREATED, {"status": "completed", "result": RUNNING})
    done = cli("create", "--file", str(plugin))
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("packed 2 files")
    assert "uploading: sending hello-gradio.zip" in done.stderr
    body = agent.sent[0].body
    assert b'filename="hello-gradio.zip"\r\n\r\n' in body
    content = body.partition(b'filename="hello-gradio.zip"\r\n\r\n')[2].rpartition(b"\r\n--")[0]
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.namelist() == ["config.yaml", "plugin/gradio_interface.py"]


def test_an_archive_is_sent_as_it_is(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    archive.write_bytes(b"any bytes")
    agent.answers(RUNNING)
    assert cli("create", "-f", str(archive)).exit_code == 0
    assert b"\r\n\r\nany bytes\r\n--" in agent.last.body


def test_warnings_of_the_create_are_told(agent: Agent, cli: Cli) -> None:
    created = {"build_id": "b1", "warnings": ["version 1.0 was a number"]}
    agent.answers(Reply(201, created), {"status": "completed", "result": RUNNING})
    done = cli("create", "hello@1.0")
    assert "warning: version 1.0 was a number\n" in done.stderr
    assert done.stdout == "http://127.0.0.1:7860\n"


def test_no_wait_prints_the_name(agent: Agent, cli: Cli) -> None:
    agent.answers(CREATED)
    done = cli("create", "hello@1.0.0", "--no-wait")
    assert (done.exit_code, done.stdout) == (0, "hello\n")
    assert done.stderr == "requested; see how it goes with: playground get hello\n"
    assert len(agent.sent) == 1


def test_json(agent: Agent, cli: Cli) -> None:
    agent.answers(RUNNING)
    assert json.loads(cli("create", "hello@1.0.0", "-o", "json").stdout) == RUNNING


def test_a_failed_build_shows_reason_and_log(agent: Agent, cli: Cli) -> None:
    agent.answers(
        CREATED, {"status": "failed", "error": "The app raised at import.\nZeroDivisionError: division by zero"}
    )
    done = cli("create", "hello@1.0.0")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "The app raised at import.\nZeroDivisionError: division by zero\n" in done.stderr
    assert done.stderr.endswith("Mend the plugin and create it again; playground events NAME shows what happened.\n")


def test_a_time_out_says_what_it_waited_for(agent: Agent, cli: Cli) -> None:
    agent.answers(CREATED, {"status": "pending", "message": "No free host port in 7860-8860."})
    done = cli("create", "hello@1.0.0", "--timeout", "0")
    assert done.exit_code == 124
    assert "Build b1 is not completed after 0 s: No free host port in 7860-8860." in done.stderr
    assert "--timeout" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--file PATH"),
        ([""], "--file PATH"),
        (["a@1", "--param", "size"], "key=value"),
        (["a@1", "--env", "=x"], "key=value"),
        (["a@1", "--model", "seven"], "--model"),
        (["a@1", "--timeout", "-1"], "--timeout"),
        (["a@1", "-o", "yaml"], "json"),
        (["a@1", "--params-file", "/nowhere.json"], "/nowhere.json"),
        (["--file", "/nowhere.zip"], "/nowhere.zip"),
        (["a@1", "--unknown"], "--unknown"),
    ],
)
def test_what_can_not_be_is_a_usage_error(agent: Agent, cli: Cli, arguments: list[str], told: str) -> None:
    done = cli("create", *arguments)
    assert done.exit_code == 2, done.output
    assert told in done.stderr
    assert done.stdout == ""
    assert agent.sent == []


@pytest.mark.parametrize(("content", "told"), [("[1]", "holds a list"), ("{", "is no JSON")])
def test_a_params_file_that_is_none(agent: Agent, cli: Cli, tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "params.json"
    path.write_text(content)
    done = cli("create", "a@1", "--params-file", str(path))
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_folder_that_is_no_plugin(agent: Agent, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = cli("create", "--file", str(tmp_path / "empty"))
    assert done.exit_code == 2
    assert "neither config.yaml nor synapse.yaml" in done.stderr
