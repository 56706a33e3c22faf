"""The verbs that show resources: get, describe, logs, events, open, releases, wait."""

import json
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent, Reply
from tests.sdk.test_declarative import messages, page, resource

NONE = Reply(404, {"detail": "There is no playground 'x'."})


def hello(**status: Any) -> dict[str, Any]:
    found = resource("hello", model=0)
    found["metadata"] |= {"creationTimestamp": "2020-01-01T00:00:00Z", "labels": {"team": "vision", "gpu": ""}}
    found["status"] |= {
        "endpoint": "http://127.0.0.1:7860",
        "hostPort": 7860,
        "containerId": "abc123def456789",
        **status,
    }
    return found


def broken() -> dict[str, Any]:
    failure = {"reason": "BuildFailed", "message": "no such\npackage", "time": "2020-01-01T00:00:00Z", "exitCode": 1}
    found = resource("broken", "failed")
    found["status"]["lastFailure"] = failure | {"oomKilled": True, "logTail": ["line one", "line two"]}
    return found


def test_a_table_of_all(agent: Agent, cli: Cli) -> None:
    agent.answers(page(hello(), broken()))
    header, first, second = cli("get", "-l", "team=vision", "--field-selector", "status.phase=x").stdout.splitlines()
    assert header.split() == ["NAME", "STATUS", "READY", "RELEASE", "MODEL", "AGE", "URL"]
    assert first.split()[:5] == ["hello", "running", "True", "hello@1", "0"]
    assert second.split() == ["broken", "failed", "False", "hello@1", "-", "-", "-"]
    assert ("labelSelector", "team=vision") in agent.last.query
    assert ("fieldSelector", "status.phase=x") in agent.last.query


def test_wide(agent: Agent, cli: Cli) -> None:
    agent.answers(page(hello(), broken()))
    _, first, second = cli("get", "-o", "wide").stdout.splitlines()
    assert "abc123def456 " in first
    assert "team=vision,gpu" in first
    assert second.endswith("told")


def test_one_and_several_in_formats(agent: Agent, cli: Cli) -> None:
    agent.answers(hello(), hello(), hello(), hello(), broken(), page(hello(), broken()))
    assert json.loads(cli("get", "hello", "-o", "json").stdout) == hello()
    assert yaml.safe_load(cli("get", "hello", "-o", "yaml").stdout) == hello()
    assert cli("get", "hello", "-o", "jsonpath={.status.phase}").stdout == "running\n"
    assert cli("get", "hello", "broken", "-o", "name").stdout == "playground/hello\nplayground/broken\n"
    listed = json.loads(cli("get", "-o", "json").stdout)
    assert (listed["kind"], len(listed["items"])) == ("PlaygroundList", 2)


def test_ids_are_taken_as_names_are(agent: Agent, cli: Cli) -> None:
    agent.answers(NONE, {"id": "abc", "name": "hello"}, hello())
    assert cli("get", "abc123def456", "-o", "name").stdout == "playground/hello\n"
    assert agent.lines() == [
        "GET /v1/playgrounds/abc123def456",
        "GET /containers/abc123def456",
        "GET /v1/playgrounds/hello",
    ]


@pytest.mark.parametrize(
    "arguments", [["x", "-l", "a"], ["", "y"], ["-o", "jsonpath={.a"], ["x", "y", "-o", "nonsense"]]
)
def test_what_get_refuses(agent: Agent, cli: Cli, arguments: list[str]) -> None:
    assert cli("get", *arguments).exit_code == 2
    assert agent.sent == []


def test_none_yet_and_none_that_matches(agent: Agent, cli: Cli) -> None:
    agent.answers(page(), page())
    assert "playground init" in cli("get").stderr
    assert "No playgrounds match" in cli("get", "-l", "a=b").stderr


def test_a_watch_prints_every_change(agent: Agent, cli: Cli) -> None:
    later = hello()
    later["metadata"]["resourceVersion"] = "11"
    change = {"type": "DELETED", "object": later}
    agent.answers(page(hello()), messages(change), Reply(401, {"detail": "no more"}))
    done = cli("get", "-w")
    assert done.exit_code == 5
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["NAME", "STATUS"],
        ["hello", "running"],
        ["hello", "deleted"],
    ]
    agent.answers(page(hello()), Reply(401, {"detail": "no more"}))
    assert json.loads(cli("get", "-w", "-o", "json").stdout)["type"] == "ADDED"


def test_describe_tells_everything(agent: Agent, cli: Cli) -> None:
    event = {"type": "Warning", "reason": "BuildFailed", "message": "no such package", "count": 2}
    agent.answers(broken(), {"items": [event]})
    shown = cli("describe", "broken").stdout
    for part in (
        "Name:       broken",
        "Status:     failed",
        "Message:    told",
        "plugin:",
        "release: hello@1",
        "CONDITION",
    ):
        assert part in shown
    assert "BuildFailed" in shown
    assert ", exit code 1, out of memory" in shown
    assert "  | line two" in shown
    assert "Warning  BuildFailed  2" in shown


def test_logs_are_printed_as_they_come(agent: Agent, cli: Cli) -> None:
    end = {"type": "end", "reason": "exited"}
    agent.answers(messages({"type": "log", "line": "one", "at": "1"}, {"type": "log", "line": "", "at": "2"}, end))
    done = cli("logs", "hello", "-f", "--tail", "2", "--since", "10m", "--previous")
    assert (done.exit_code, done.stdout) == (0, "one\n\n")
    assert sorted(agent.last.query) == [("follow", "true"), ("previous", "true"), ("since", "10m"), ("tail", "2")]
    assert cli("logs", "hello", "--previous", "--build").exit_code == 2
    agent.answers(messages(end))
    assert cli("logs", "hello").stdout == ""
    assert agent.last.line == "GET /v1/playgrounds/hello/log?tail=100"


def test_events_of_one_and_of_all(agent: Agent, cli: Cli) -> None:
    event = {"type": "Warning", "reason": "Unhealthy", "message": "No answer.", "count": 3, "lastTimestamp": "x"}
    event |= {"involvedObject": {"name": "hello"}, "metadata": {"name": "hello.1", "resourceVersion": "1"}}
    agent.answers(*[{"items": [event]}] * 3, {"items": []}, {"items": [event]}, Reply(401, {"detail": "over"}))
    assert cli("events", "hello").stdout.splitlines() == [
        "LAST SEEN  TYPE     REASON     COUNT  MESSAGE",
        "-          Warning  Unhealthy  3      No answer.",
    ]
    assert agent.last.path == "/v1/playgrounds/hello/events"
    assert "PLAYGROUND  COUNT" in cli("events").stdout
    assert json.loads(cli("events", "hello", "-o", "json").stdout) == [event]
    assert "Nothing has happened" in cli("events", "hello").stderr
    assert cli("events", "-w").stdout == "x  Warning  Unhealthy  hello  3  No answer.\n"


def test_open_prints_the_url_or_why_there_is_none(agent: Agent, cli: Cli) -> None:
    agent.answers(hello(), broken())
    assert cli("open", "hello").stdout == "http://127.0.0.1:7860\n"
    done = cli("open", "broken", "--print")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "broken has no page now: told" in done.stderr


def test_releases(agent: Agent, cli: Cli) -> None:
    record = {
        "metadata": {"name": "hello@1", "creationTimestamp": "2020-01-01T00:00:00Z"},
        "spec": {"archive": f"sha256:{'a' * 64}", "title": "Hello"},
    }
    answer = {"items": [record], "metadata": {}}
    agent.answers(answer, answer, answer, {"items": [], "metadata": {}})
    assert cli("releases").stdout.splitlines()[1].split()[:2] == ["hello@1", "sha256:aaaaaaaaaaaa"]
    assert cli("releases", "-o", "name").stdout == "hello@1\n"
    assert json.loads(cli("releases", "-o", "json").stdout) == [record]
    assert "playground push" in cli("releases").stderr


def test_wait_tells_each_and_ends_with_the_first_failure(agent: Agent, cli: Cli) -> None:
    agent.answers(hello(), broken(), page(hello(), broken()))
    done = cli("wait", "hello", "broken", "--for=condition=Ready")
    assert (done.exit_code, done.stdout) == (1, "playground/hello ready http://127.0.0.1:7860\n")
    assert "playground/broken: Error: Playground broken has failed: BuildFailed: no such" in done.stderr
    assert "  | line two" in done.stderr


def test_wait_for_what_is_gone_or_never_was(agent: Agent, cli: Cli) -> None:
    agent.answers(NONE, NONE)
    assert cli("wait", "x", "--for", "delete").stdout == "playground/x deleted\n"
    assert cli("wait", "x").exit_code == 3
    assert cli("wait", "x", "--for", "rain").exit_code == 2


def test_wait_has_an_end(agent: Agent, cli: Cli) -> None:
    starting = resource("hello", "starting")
    agent.answers(starting, starting)
    done = cli("wait", "hello", "--timeout", "0")
    assert done.exit_code == 124
    assert "is not ready after 0 s: told" in done.stderr
