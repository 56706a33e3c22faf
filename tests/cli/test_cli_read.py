"""``playground list``, ``get NAME``, ``health``, ``version``: by the calls of the Agent's contract."""

import json
from typing import Any

import pytest

from playground_sdk.cli.output import age, columns
from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent

HELLO: dict[str, Any] = {
    "id": "abc123def456789",
    "name": "hello-gradio",
    "status": "running",
    "plugin_release": "hello-gradio@1.0.0",
    "model": 0,
    "image": "synapse-plugin-hello-gradio-1.0.0",
    "endpoint": "http://127.0.0.1:7860",
    "host_port": 7860,
    "created_at": "2020-01-01T00:00:00Z",
    "labels": ["one", "two"],
    "restarts": 3,
}
BROKEN: dict[str, Any] = {
    "id": None,
    "name": "broken",
    "status": "failed",
    "plugin_release": "broken@0.1",
    "model": None,
    "endpoint": None,
    "message": "The app raised\nat import.",
}


def page(*items: Any) -> dict[str, Any]:
    return {"count": len(items), "next": None, "previous": None, "results": list(items)}


def test_a_piped_list_is_plain_columns(agent: Agent, cli: Cli) -> None:
    agent.answers(page(HELLO, BROKEN))
    done = cli("list")
    header, first, second = done.stdout.splitlines()
    assert header.split() == ["NAME", "STATUS", "RELEASE", "MODEL", "AGE", "URL"]
    assert first.split()[:4] == ["hello-gradio", "running", "hello-gradio@1.0.0", "0"]
    assert first.endswith("http://127.0.0.1:7860")
    assert second.split() == ["broken", "failed", "broken@0.1", "-", "-", "-"]
    assert header.index("STATUS") == first.index("running") == second.index("failed")
    assert "\x1b" not in done.output


def test_wide_shows_more(agent: Agent, cli: Cli) -> None:
    agent.answers(page(HELLO, BROKEN))
    header, first, second = cli("list", "-o", "wide").stdout.splitlines()
    assert header.split()[6:] == ["CONTAINER", "IMAGE", "PORT", "RESTARTS", "LABELS", "MESSAGE"]
    assert "abc123def456 " in first
    assert "one,two" in first
    assert second.endswith("The app raised at import.")


def test_a_uid_is_not_shown_as_a_container(agent: Agent, cli: Cli) -> None:
    agent.answers(page({**BROKEN, "id": "uid0", "uid": "uid0"}), {**HELLO, "uid": "uid0"})
    assert "uid0" not in cli("list", "-o", "wide").stdout
    assert "Container: abc123def456789\n" in cli("get", "hello").stdout


def test_names_and_json(agent: Agent, cli: Cli) -> None:
    agent.answers(page(HELLO, BROKEN), page(HELLO))
    assert cli("list", "-o", "name").stdout == "hello-gradio\nbroken\n"
    assert json.loads(cli("list", "-o", "json").stdout) == [HELLO]


def test_filters_are_sent(agent: Agent, cli: Cli) -> None:
    agent.answers(page())
    arguments = ["list", "--status", "running", "-l", "a", "--label", "b", "--release", "x@1", "--model", "0"]
    done = cli(*arguments)
    assert (done.stdout, done.stderr) == ("", "No playgrounds match.\n")
    assert agent.last.query == [
        ("page_size", "100"),
        ("status", "running"),
        ("label", "a"),
        ("label", "b"),
        ("plugin_release", "x@1"),
        ("model", "0"),
    ]


def test_an_empty_list_says_what_to_do(agent: Agent, cli: Cli) -> None:
    agent.answers(page(), page())
    assert "playground create" in cli("list").stderr
    assert cli("list", "-q").output == ""


def test_get_tells_what_is_known(agent: Agent, cli: Cli) -> None:
    condition = {"type": "Ready", "status": "False", "reason": "Starting", "message": "The app does not answer yet."}
    agent.answers({**HELLO, "params": {"size": 5}, "last_error": "exit code 1\nlast line", "conditions": [condition]})
    done = cli("get", "hello-gradio")
    assert agent.last.line == "GET /containers/hello-gradio"
    lines = done.stdout.splitlines()
    assert "Name:       hello-gradio" in lines
    assert "Model:      0" in lines
    assert 'Params:     {"size": 5}' in lines
    assert lines[lines.index("Last error: exit code 1") + 1] == "            last line"
    assert lines[-1].split(maxsplit=4) == ["Ready", "False", "Starting", "-", "The app does not answer yet."]
    assert "Metadata" not in done.stdout


@pytest.mark.parametrize(
    ("body", "code"), [({"status": "ok"}, 0), ({"status": "healthy"}, 0), ({"status": "degraded"}, 1), ({}, 0)]
)
def test_health(agent: Agent, cli: Cli, body: dict[str, Any], code: int) -> None:
    agent.answers({**body, "docker": {"reachable": False, "seen": None}, "notes": []})
    done = cli("health")
    assert done.exit_code == code
    assert f"Server: {agent.url}" in done.stdout
    assert "Docker: reachable no, seen -" in done.stdout


def test_health_as_json(agent: Agent, cli: Cli) -> None:
    agent.answers({"status": "degraded"})
    done = cli("health", "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"status": "degraded"})


def test_version_needs_no_server(agent: Agent, cli: Cli) -> None:
    assert cli("version").stdout.startswith("playground ")
    assert agent.sent == []


@pytest.mark.parametrize("verb", ["list", "get", "events", "health", "releases"])
def test_an_unknown_output_is_a_usage_error(agent: Agent, cli: Cli, verb: str) -> None:
    names = ["x"] if verb in {"get", "events"} else []
    done = cli(verb, *names, "-o", "nonsense")
    assert done.exit_code == 2
    assert "json" in done.stderr
    assert agent.sent == []


def test_columns_are_aligned_as_wide_as_they_look() -> None:
    assert columns([["A", "BB"], ["ccc", "d\ne"], ["모델", ""]]) == [
        ["A     ", "BB   "],
        ["ccc   ", "d e  "],
        ["모델  ", "     "],
    ]


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("1970-01-01T00:00:00Z", "12d"),
        ("1970-01-12T23:59:37Z", "23s"),
        ("1970-01-12T23:58:30Z", "90s"),
        ("1970-01-12T23:53:00Z", "7m"),
        ("1970-01-12T21:00:00Z", "3h"),
        ("2030-01-01T00:00:00Z", "0s"),
        ("1970-01-13T01:58:30+02:00", "90s"),
        ("nonsense", "-"),
        (None, "-"),
    ],
)
def test_ages(stamp: str | None, told: str) -> None:
    assert age(stamp, 12 * 86400.0) == told
