"""The declarative client: what it sends, and what it makes of the answers."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from playground_sdk import AgentClient, ConflictError, ConnectionFailedError, NotFoundError, UnexpectedReplyError
from playground_sdk.plugin_store import Pushed
from tests.sdk.fake_clock import FakeClock
from tests.sdk.recorder import Agent, Reply

MANIFEST: dict[str, Any] = {
    "apiVersion": "playground/v1",
    "kind": "Playground",
    "metadata": {"name": "hello"},
    "spec": {"plugin": {"release": "hello@1"}},
}


def resource(name: str = "hello", phase: str = "running", version: int = 1, **spec: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True" if phase == "running" else "False", "reason": "X", "message": "told"}
    condition |= {"observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z"}  # type: ignore[dict-item] # JSON
    return {
        **MANIFEST,
        "metadata": {"name": name, "uid": f"uid-{name}", "generation": 1, "resourceVersion": str(version)},
        "spec": {"plugin": {"release": "hello@1"}, "state": "Running", **spec},
        "status": {"phase": phase, "observedGeneration": 1, "conditions": [condition], "restarts": 0, "failures": 0},
    }


def applied(result: str, **more: Any) -> Reply:
    return Reply(201 if result == "created" else 200, resource(**more), headers={"Playground-Result": result})


def dry(result: str, after: dict[str, Any], plan: Any = None, unavailable: str | None = None) -> dict[str, Any]:
    reply = {"apiVersion": "playground/v1", "kind": "DryRun", "result": result, "object": after, "plan": plan}
    return reply | ({"planUnavailable": unavailable} if unavailable else {})


def page(*items: dict[str, Any], version: int = 9, following: str | None = None) -> dict[str, Any]:
    metadata = {"resourceVersion": str(version)} | ({"continue": following} if following else {})
    return {"kind": "PlaygroundList", "metadata": metadata, "items": list(items)}


def messages(*values: dict[str, Any]) -> Reply:
    return Reply(raw="".join(json.dumps(value) + "\n" for value in values).encode())


@pytest.mark.parametrize("result", ["created", "configured", "unchanged"])
def test_apply_puts_the_document_and_tells_the_result(agent: Agent, client: AgentClient, result: str) -> None:
    agent.answers(applied(result))
    found = client.playgrounds.apply(MANIFEST)
    assert (found.outcome, found.name, found.plan) == (result, "hello", None)
    assert agent.last.line == "PUT /v1/playgrounds/hello"
    assert agent.last.json() == MANIFEST
    assert agent.last.headers["If-Match"] is None


def test_apply_of_one_version_only(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(412, {"detail": "it has changed"}))
    with pytest.raises(ConflictError, match="it has changed"):
        client.playgrounds.apply(MANIFEST, resource_version="7")
    assert agent.last.headers["If-Match"] == '"7"'


def test_a_dry_run_tells_the_plan_or_why_there_is_none(agent: Agent, client: AgentClient) -> None:
    agent.answers(
        dry("created", resource(), {"text": "CreateContainer hello", "actions": []}),
        dry("configured", resource(), unavailable="the controller does not answer"),
    )
    planned = client.playgrounds.apply(MANIFEST, dry_run=True)
    assert (planned.outcome, planned.plan, planned.note) == ("created", "CreateContainer hello", "")
    assert agent.last.line == "PUT /v1/playgrounds/hello?dryRun=All"
    assert client.playgrounds.apply(MANIFEST, dry_run=True).note == "the controller does not answer"


def test_a_reply_without_a_result_is_another_server_s(agent: Agent, client: AgentClient) -> None:
    agent.answers(resource())
    with pytest.raises(UnexpectedReplyError, match="of this version"):
        client.playgrounds.apply(MANIFEST)


@pytest.mark.parametrize("name", [None, "", "..", 5.0])
def test_a_document_without_a_name_is_not_sent(agent: Agent, client: AgentClient, name: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        client.playgrounds.apply({**MANIFEST, "metadata": {"name": name}})
    assert agent.sent == []


def test_diff_has_both_sides(agent: Agent, client: AgentClient) -> None:
    agent.answers(dry("configured", resource(model=2)), resource(), dry("unchanged", resource()), resource())
    difference = client.playgrounds.diff(MANIFEST)
    assert difference.before is not None
    assert (difference.same, difference.applied.playground["spec"]["model"]) == (False, 2)
    assert client.playgrounds.diff(MANIFEST).same
    agent.answers(dry("created", resource()), Reply(404, {"detail": "none"}))
    assert client.playgrounds.diff(MANIFEST).before is None


def test_a_list_goes_through_all_pages_with_its_selectors(agent: Agent, client: AgentClient) -> None:
    agent.answers(page(resource("a"), following="t"), page(resource("b")))
    found = client.playgrounds.list(labels="team=vision", fields="status.phase=running")
    assert [item["metadata"]["name"] for item in found] == ["a", "b"]
    selectors = [("limit", "500"), ("labelSelector", "team=vision"), ("fieldSelector", "status.phase=running")]
    assert agent.sent[0].query == selectors
    assert agent.sent[1].query == [*selectors, ("continue", "t")]


def test_a_list_whose_moment_is_forgotten_begins_again(agent: Agent, client: AgentClient) -> None:
    agent.answers(page(resource("a"), following="t"), Reply(410, {"detail": "gone"}), page(resource("b")))
    assert [item["metadata"]["name"] for item in client.playgrounds.list()] == ["b"]


def test_a_watch_lists_then_streams_and_goes_on_after_the_end(agent: Agent, client: AgentClient) -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "12"}}}
    agent.answers(
        page(resource("a", version=3), version=9),
        messages({"type": "MODIFIED", "object": resource("a", version=11)}, bookmark),
        messages({"type": "DELETED", "object": resource("a", version=13)}),
    )
    changes = client.playgrounds.watch(labels="x")
    told = [(change.type, change.resource_version) for change in islice(changes, 3)]
    assert told == [("ADDED", "3"), ("MODIFIED", "11"), ("DELETED", "13")]
    assert dict(agent.sent[1].query) == {"watch": "true", "resourceVersion": "9", "labelSelector": "x"}
    assert dict(agent.sent[2].query)["resourceVersion"] == "12"


def test_events_and_their_watch(agent: Agent, client: AgentClient) -> None:
    def event(number: int, version: int) -> dict[str, Any]:
        return {"reason": f"R{number}", "metadata": {"name": f"a.{number}", "resourceVersion": str(version)}}

    listed = {"items": [event(1, 4)], "metadata": {"resourceVersion": "4"}}
    agent.answers(listed, listed, Reply(410, {"detail": "gone"}), {**listed, "items": [event(1, 4), event(2, 6)]})
    assert [one["reason"] for one in client.playgrounds.events("a")] == ["R1"]
    watched = client.playgrounds.watch_events()
    assert [one["reason"] for one in islice(watched, 2)] == ["R1", "R2"]
    assert [sent.path for sent in agent.sent] == ["/v1/playgrounds/a/events", *["/v1/events"] * 3]


def test_wait_asks_until_it_is_ready(agent: Agent, client: AgentClient, clock: FakeClock) -> None:
    agent.answers(resource(phase="starting"), resource())
    found = client.playgrounds.wait("hello")
    assert found is not None
    assert clock.slept == [0.1]
    agent.answers(Reply(404, {"detail": "none"}))
    assert client.playgrounds.wait("hello", "delete") is None
    agent.answers(Reply(404, {"detail": "none"}))
    with pytest.raises(NotFoundError):
        client.playgrounds.wait("hello")


def test_changes_of_state(agent: Agent, client: AgentClient) -> None:
    agent.answers(applied("configured"), resource(), resource())
    client.playgrounds.set_state("hello", "Stopped")
    assert (agent.last.line, agent.last.json()) == ("PATCH /v1/playgrounds/hello", {"spec": {"state": "Stopped"}})
    assert agent.last.headers["Content-Type"] == "application/merge-patch+json"
    client.playgrounds.restart("hello")
    client.playgrounds.delete("hello")
    assert agent.lines()[1:] == ["POST /v1/playgrounds/hello/restart", "DELETE /v1/playgrounds/hello"]


def test_a_log_is_taken_up_after_its_last_position(agent: Agent, client: AgentClient, clock: FakeClock) -> None:
    agent.answers(
        messages({"type": "log", "line": "one", "at": "2026-01-01T00:00:00.1Z"}, {"type": "heartbeat"}),
        Reply(hang_up=True),
        Reply(hang_up=True),
        Reply(hang_up=True),
        messages({"type": "log", "line": "two", "at": "t2"}, {"type": "end", "reason": "exited"}),
    )
    assert list(client.playgrounds.logs("hello", follow=True, tail=5)) == ["one", "two"]
    assert agent.sent[0].query == [("tail", "5"), ("follow", "true")]
    assert agent.last.query == [("follow", "true"), ("since", "2026-01-01T00:00:00.1Z")]
    assert agent.last.headers["Accept"] == "application/jsonl"


def test_a_log_that_can_t_be_read_says_so_at_once(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(409, {"detail": "the controller does not answer"}))
    with pytest.raises(ConflictError, match="controller"):
        list(client.playgrounds.logs("hello", build=True))
    assert agent.last.query == [("build", "true")]


def test_a_log_is_given_up_in_the_end(agent: Agent, client: AgentClient, clock: FakeClock) -> None:
    agent.answers(messages({"type": "log", "line": "one", "at": "t"}), *[Reply(hang_up=True)] * 90)
    with pytest.raises(ConnectionFailedError):
        list(client.playgrounds.logs("hello", follow=True))
    assert 1060 < clock.now < 1090


def test_plugins_are_found_by_content_and_pushed(agent: Agent, client: AgentClient, archive: Path) -> None:
    record = {"metadata": {"name": "hello@1"}, "spec": {"archive": "sha256:a"}, "warnings": ["odd"]}
    agent.answers({"items": [record], "metadata": {"continue": "2"}}, {"items": [], "metadata": {}}, Reply(201, record))
    assert client.plugins.find("sha256:b") is None
    assert client.plugins.push(archive) == Pushed("hello@1", "sha256:a", "created", ("odd",))
    assert agent.last.line == "POST /v1/pluginreleases"
    agent.answers(record, Reply(200, record))
    assert client.plugins.get("hello@1")["spec"]["archive"] == "sha256:a"
    client.plugins.delete("hello@1")
    assert agent.last.line == "DELETE /v1/pluginreleases/hello@1"
