"""``playground stop``, ``start``, ``restart``, ``delete``."""

import pytest

from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent, Reply

GONE = Reply(404, {"detail": "No playground 'b'."})


@pytest.mark.parametrize(
    ("verb", "lines", "body", "word"),
    [
        ("stop", ["PATCH /containers/a", "PATCH /containers/7"], {"status": "stopped"}, "stopping"),
        ("start", ["PATCH /containers/a", "PATCH /containers/7"], {"status": "running"}, "starting"),
        ("restart", ["POST /containers/a/restart/", "POST /containers/7/restart/"], None, "restarting"),
        ("delete", ["DELETE /containers/a", "DELETE /containers/7"], None, "deleting"),
    ],
)
def test_several_at_once(
    agent: Agent, cli: Cli, verb: str, lines: list[str], body: dict[str, str] | None, word: str
) -> None:
    reply = Reply(204) if verb == "delete" else Reply(data={"status": "running"})
    agent.answers(reply, reply)
    done = cli(verb, "a", "7", "a")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"playground/a {word}\nplayground/7 {word}\n", "")
    assert agent.lines() == lines
    assert (agent.last.json() if agent.last.body else None) == body


def test_one_that_fails_does_not_keep_the_others(agent: Agent, cli: Cli) -> None:
    agent.answers(Reply(204), GONE, Reply(204))
    done = cli("delete", "a", "b", "c")
    assert done.exit_code == 3
    assert done.stdout == "playground/a deleting\nplayground/c deleting\n"
    assert done.stderr.startswith("playground/b: Error: No playground 'b'. (404 to DELETE /containers/b)\n")


def test_quiet_prints_names(agent: Agent, cli: Cli) -> None:
    agent.answers(Reply(204))
    assert cli("-q", "delete", "a").output == "a\n"


def test_delete_waits_until_it_is_gone(agent: Agent, cli: Cli) -> None:
    agent.answers(Reply(204), {"status": "deleting", "message": "stops the container"}, GONE)
    done = cli("delete", "b", "--wait")
    assert (done.exit_code, done.stdout) == (0, "playground/b deleted\n")
    assert done.stderr == "deleting: stops the container\n"


def test_start_that_fails_says_why(agent: Agent, cli: Cli) -> None:
    agent.answers({"status": "starting"}, {"status": "failed", "last_error": "exit code 137, out of memory"})
    done = cli("start", "a", "--wait")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Playground a has failed: exit code 137, out of memory" in done.stderr
    assert "playground logs" in done.stderr


def test_a_stop_that_takes_too_long(agent: Agent, cli: Cli) -> None:
    agent.answers({"status": "running"}, {"status": "running"})
    done = cli("stop", "a", "--wait", "--timeout", "0")
    assert done.exit_code == 124
    assert "Playground a is not stopped after 0 s: running" in done.stderr


@pytest.mark.parametrize("arguments", [["delete"], ["delete", ""], ["delete", "a", " "], ["get", ""], ["stop", ".."]])
def test_an_empty_name_asks_for_nothing(agent: Agent, cli: Cli, arguments: list[str]) -> None:
    done = cli(*arguments)
    assert done.exit_code == 2
    assert agent.sent == []
