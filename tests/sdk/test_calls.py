"""Each call's request, and what is made of the reply."""

from collections.abc import Callable
from typing import Any

import pytest

from playground_sdk import AgentClient
from tests.sdk.recorder import Agent, Reply

Call = Callable[[AgentClient], Any]

OBJECT_CALLS: list[tuple[Call, str, Any]] = [
    (lambda c: c.get_container(7), "GET /containers/7", None),
    (lambda c: c.get_container("abc123def456"), "GET /containers/abc123def456", None),
    (lambda c: c.get_container("a b/c?d"), "GET /containers/a%20b%2Fc%3Fd", None),
    (lambda c: c.update_container("a", status="stopped"), "PATCH /containers/a", {"status": "stopped"}),
    (lambda c: c.update_container("a"), "PATCH /containers/a", {}),
    (lambda c: c.restart_container("a"), "POST /containers/a/restart/", None),
    (lambda c: c.get_build_status("b-1_x"), "GET /builds/b-1_x/", None),
    (lambda c: c.list_containers(), "GET /containers/", None),
    (lambda c: c.list_containers({"status": "running"}), "GET /containers/?status=running", None),
    (lambda c: c.list_containers({"label": ["a", "b"]}), "GET /containers/?label=a&label=b", None),
    (lambda c: c.get_docker_container("d1"), "GET /containers/docker/d1", None),
    (lambda c: c.stop_docker_container("d1"), "POST /containers/docker/d1/stop/", None),
    (lambda c: c.start_docker_container("d1"), "POST /containers/docker/d1/start/", None),
    (
        lambda c: c.create_docker_container("a@1", params={}, envs={"A": 1}, labels=[]),
        "POST /containers/docker/",
        {"plugin_release": "a@1", "params": {}, "envs": {"A": 1}, "labels": []},
    ),
    (lambda c: c.create_docker_container("a@1"), "POST /containers/docker/", {"plugin_release": "a@1"}),
    (lambda c: c.list_plugin_releases(), "GET /plugin_releases/", None),
    (lambda c: c.get_plugin_release("a@1.0"), "GET /plugin_releases/a@1.0", None),
    (lambda c: c.get_plugin_release(3), "GET /plugin_releases/3", None),
    (
        lambda c: c.create_plugin_release("a", "1.0"),
        "POST /plugin_releases/",
        {"plugin": "a", "version": "1.0"},
    ),
    (lambda c: c.health_check(), "GET /health/", None),
]


@pytest.mark.parametrize(("call", "line", "body"), OBJECT_CALLS, ids=[line for _, line, _ in OBJECT_CALLS])
def test_a_call_that_answers_an_object(agent: Agent, client: AgentClient, call: Call, line: str, body: Any) -> None:
    agent.answers({"id": "x", "unknown": ["kept"]})
    assert call(client) == {"id": "x", "unknown": ["kept"]}
    assert agent.lines() == [line]
    assert (agent.last.json() if agent.last.body else None) == body
    if not line.startswith("GET"):
        assert agent.last.headers["Content-Type"] == "application/json"
        assert agent.last.headers["Content-Length"] == str(len(agent.last.body))


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda c: c.delete_container("a"), "DELETE /containers/a"),
        (lambda c: c.delete_docker_container("d1"), "DELETE /containers/docker/d1"),
        (lambda c: c.delete_plugin_release("a@1.0"), "DELETE /plugin_releases/a@1.0"),
    ],
)
def test_a_call_that_answers_nothing(agent: Agent, client: AgentClient, call: Call, line: str) -> None:
    agent.answers(Reply(204))
    assert call(client) is None
    assert agent.lines() == [line]


def test_docker_containers_are_a_bare_list(agent: Agent, client: AgentClient) -> None:
    agent.answers([{"id": "d1", "status": "running"}])
    assert client.list_docker_containers() == [{"id": "d1", "status": "running"}]


def test_logs_are_text(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(raw="Running on grüße\nline\n".encode(), headers={"Content-Type": "text/plain"}))
    assert client.get_container_logs("a", tail=5) == "Running on grüße\nline\n"
    assert agent.last.line == "GET /containers/a/logs/?tail=5"


def test_events_are_unwrapped(agent: Agent, client: AgentClient) -> None:
    agent.answers({"results": [{"type": "Normal", "reason": "ImageBuilt"}]})
    assert client.list_container_events(7) == [{"type": "Normal", "reason": "ImageBuilt"}]
    assert agent.last.line == "GET /containers/7/events/"


@pytest.mark.parametrize("bad", ["", " ", ".", ".."])
def test_an_empty_id_never_reaches_the_list(agent: Agent, client: AgentClient, bad: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        client.delete_container(bad)
    assert agent.sent == []


@pytest.mark.parametrize("bad", [None, True, 1.5, ["a"]])
def test_an_id_of_a_wrong_type(agent: Agent, client: AgentClient, bad: Any) -> None:
    with pytest.raises(TypeError):
        client.get_container(bad)
    assert agent.sent == []


def test_all_pages_are_followed_by_their_query_only(agent: Agent, client: AgentClient) -> None:
    following = "http://elsewhere.example/prefix/containers/?page=2&page_size=100&status=running&label=a&label=b"
    agent.answers(
        {"count": 3, "next": following, "previous": None, "results": [{"id": "1"}, {"id": "2"}]},
        {"count": 3, "next": None, "previous": "…", "results": [{"id": "3"}]},
    )
    containers, count = client.list_containers({"status": "running", "label": ["a", "b"]}, list_all=True)
    assert ([item["id"] for item in containers], count) == (["1", "2", "3"], 3)
    assert agent.lines() == [
        "GET /containers/?page_size=100&status=running&label=a&label=b",
        "GET /containers/?page=2&page_size=100&status=running&label=a&label=b",
    ]


def test_a_list_that_points_at_itself_ends(agent: Agent, client: AgentClient) -> None:
    page = {"count": 1, "next": f"{agent.url}/containers/?page=2", "previous": None, "results": [{"id": "1"}]}
    agent.answers(page, page)
    assert client.list_containers(list_all=True)[1] == 1
    assert len(agent.sent) == 2
