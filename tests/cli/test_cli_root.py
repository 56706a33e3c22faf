"""The root: global options, tokens, exit codes, the table of verbs."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
import typer

from playground_sdk.cli.app import hoisted
from playground_sdk.cli.failures import explain
from playground_sdk.cli.session import find_token
from playground_sdk.cli.verbs import VERBS, Verb
from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent, Reply, closed_port


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_a_verb_s_line_is_the_first_of_its_docstring(verb: Verb, cli: Cli) -> None:
    module, _, function = verb.target.partition(":")
    found = getattr(import_module(f"playground_sdk.cli.{module}"), function)
    told = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    assert (told or "").splitlines()[0] == verb.summary
    shown = cli(verb.name, "--help")
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"Usage: playground {verb.name}")


def test_help_lists_every_verb_in_its_group(cli: Cli) -> None:
    done = cli("--help")
    assert done.exit_code == 0
    for verb in VERBS:
        assert f"  {verb.name} " in done.stdout
        assert f"{verb.group}:" in done.stdout
    assert "124 time-out" in " ".join(done.stdout.split())
    assert cli().exit_code == 2


def test_a_mistyped_verb_is_helped(cli: Cli) -> None:
    done = cli("lst")
    assert done.exit_code == 2
    assert "Did you mean 'list'?" in done.stderr


@pytest.mark.parametrize(
    ("reply", "code", "told"),
    [
        (Reply(401, {"detail": "Wrong token."}), 5, "PLAYGROUND_TOKEN"),
        (Reply(403, {"detail": "Not yours."}), 5, "ask whoever runs the server"),
        (Reply(404, {"detail": "No playground 'x'."}), 3, "playground list"),
        (Reply(409, {"detail": "It is being deleted."}), 4, "playground get"),
        (Reply(410, {"detail": "Its container is gone."}), 1, "Its container is gone."),
        (Reply(422, {"detail": [{"loc": ["tail"], "msg": "too big"}]}), 1, "tail: too big"),
        (Reply(429, {"detail": "Slow down."}), 1, "Slow down."),
        (Reply(500, {"detail": "Broken."}), 1, "server's log"),
        (Reply(302, headers={"Location": "http://x/"}), 1, "http://x/"),
    ],
)
def test_exit_codes_and_what_to_do_next(agent: Agent, cli: Cli, reply: Reply, code: int, told: str) -> None:
    agent.answers(reply)
    done = cli("logs", "x")
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.startswith("Error: ")
    assert told in done.stderr


def test_no_server(cli: Cli) -> None:
    done = cli("list", "--server", f"http://127.0.0.1:{closed_port()}")
    assert done.exit_code == 1
    assert "playground-server run" in done.stderr


def test_a_bad_address_is_a_usage_error(cli: Cli) -> None:
    done = cli("list", "--server", "localhost:8000")
    assert done.exit_code == 2
    assert "--server" in done.stderr


def test_a_bug_keeps_its_traceback() -> None:
    assert explain(KeyError("x")) is None


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        (["list", "--server", "u", "-q"], ["--server", "u", "-q", "list"]),
        (["list", "--token=t", "-o", "json"], ["--token=t", "list", "-o", "json"]),
        (["get", "--", "-v"], ["get", "--", "-v"]),
        (["list", "--server"], ["--server", "list"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(given: list[str], moved: list[str]) -> None:
    assert hoisted(given) == moved


def test_options_win_over_the_environment(agent: Agent, cli: Cli) -> None:
    agent.answers({}, {})
    cli("health", "--token", "mine")
    cli("--server", agent.url, "health", PLAYGROUND_SERVER="http://nowhere.invalid")
    assert [sent.headers["Authorization"] for sent in agent.sent] == ["mine", "secret"]


def test_verbose_logs_requests_without_the_token(agent: Agent, cli: Cli) -> None:
    agent.answers({})
    done = cli("health", "-v")
    assert f"playground_sdk: GET {agent.url}/health/: 200" in done.stderr
    assert "secret" not in done.output


@pytest.mark.parametrize("where", ["home", "xdg", "data-dir"])
def test_the_token_of_a_server_on_this_machine_is_found(agent: Agent, cli: Cli, tmp_path: Path, where: str) -> None:
    folders = {
        "home": cli.home / ".local/share/playground",
        "xdg": tmp_path / "xdg/playground",
        "data-dir": tmp_path / "data",
    }
    folders[where].mkdir(parents=True)
    (folders[where] / "token").write_text("from-the-file\n")
    variables = {
        "xdg": {"XDG_DATA_HOME": str(tmp_path / "xdg")},
        "data-dir": {"PLAYGROUND_DATA_DIR": str(tmp_path / "data")},
    }
    agent.answers({})
    cli("health", **{"PLAYGROUND_TOKEN": None, **variables.get(where, {})})
    assert agent.last.headers["Authorization"] == "from-the-file"


def test_without_a_token_none_is_sent(agent: Agent, cli: Cli) -> None:
    agent.answers({})
    cli("health", PLAYGROUND_TOKEN=None)
    assert agent.last.headers["Authorization"] is None


def test_the_token_of_this_machine_goes_to_no_other(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush")
    environ = {"PLAYGROUND_DATA_DIR": str(tmp_path)}
    assert find_token("http://127.0.0.1:8000", environ) == "hush"
    assert find_token("http://agent.example:8000", environ) is None
