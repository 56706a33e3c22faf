"""Addresses, headers, time-outs and repetitions."""

from pathlib import Path
from typing import Any

import pytest

from playground_sdk import (
    AgentClient,
    ConnectionFailedError,
    RequestTimeoutError,
    ServerError,
    UnexpectedReplyError,
)
from playground_sdk.http import Credentials, is_loopback
from tests.sdk.fake_clock import FakeClock
from tests.sdk.recorder import Agent, Reply, closed_port


def test_both_spellings_of_the_constructor(agent: Agent) -> None:
    agent.answers({"status": "ok"}, {"status": "ok"})
    for client in (AgentClient(host=agent.url, token="t"), AgentClient(agent.url, "t")):
        with client:
            assert client.health_check() == {"status": "ok"}
    assert [sent.headers["Authorization"] for sent in agent.sent] == ["t", "t"]
    assert agent.lines() == ["GET /health/"] * 2


def test_user_and_tenant_go_along(agent: Agent) -> None:
    agent.answers({})
    with AgentClient(agent.url, "t", user_token="u", tenant="acme") as client:
        client.health_check()
    assert agent.last.headers["SYNAPSE-User"] == "Token u"
    assert agent.last.headers["SYNAPSE-Tenant"] == "Token acme"


@pytest.mark.parametrize("suffix", ["/agent", "/agent/", "/agent//"])
def test_a_path_prefix_is_kept(agent: Agent, suffix: str) -> None:
    agent.answers({})
    with AgentClient(agent.url + suffix) as client:
        client.health_check()
    assert agent.last.line == "GET /agent/health/"
    assert agent.last.headers["Authorization"] is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, ValueError),
        ({"host": ""}, ValueError),
        ({"host": "localhost:8000"}, ValueError),
        ({"host": "ftp://there"}, ValueError),
        ({"host": "http://a", "base_url": "http://b"}, TypeError),
        ({"host": "http://a", "token": "a", "agent_token": "b"}, TypeError),
    ],
)
def test_bad_constructor_arguments(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        AgentClient(**arguments)


def test_netrc_and_proxies_do_not_touch_a_server_on_this_machine(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    agent.answers({}, {})
    with AgentClient(agent.url, "mine") as client:
        client.health_check()
    with AgentClient(agent.url) as client:
        client.health_check()
    assert [sent.headers["Authorization"] for sent in agent.sent] == ["mine", None]


def test_credentials_do_not_print_themselves() -> None:
    assert "hush" not in repr(Credentials("hush", "hush", "hush"))


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8000", True),
        ("http://localhost:1", True),
        ("http://a.localhost", True),
        ("http://localhost.example.org", False),
        ("http://10.0.0.1", False),
        ("https://agent", False),
    ],
)
def test_loopback(url: str, here: bool) -> None:
    assert is_loopback(url) is here


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_get_is_repeated_on_a_gateway_s_trouble(
    agent: Agent, client: AgentClient, clock: FakeClock, status: int
) -> None:
    agent.answers(Reply(status), Reply(status), {"id": "abc"})
    assert client.get_container("abc") == {"id": "abc"}
    assert agent.lines() == ["GET /containers/abc"] * 3
    assert clock.slept == [0.1, 0.4]


def test_repetition_is_bounded(agent: Agent, client: AgentClient) -> None:
    agent.answers(*[Reply(503, {"detail": "later"})] * 4)
    with pytest.raises(ServerError, match="later") as caught:
        client.delete_container(7)
    assert caught.value.status_code == 503
    assert agent.lines() == ["DELETE /containers/7"] * 3


def test_a_get_is_repeated_on_a_broken_connection(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(hang_up=True), {"status": "ok"})
    assert client.health_check() == {"status": "ok"}


@pytest.mark.parametrize("reply", [Reply(503, {"detail": "busy"}), Reply(hang_up=True)])
def test_a_post_that_may_have_arrived_is_never_repeated(agent: Agent, client: AgentClient, reply: Reply) -> None:
    agent.answers(reply, {"id": "second"})
    with pytest.raises((ServerError, ConnectionFailedError)):
        client.create_container("a@1", wait=False)
    assert len(agent.sent) == 1


def test_an_unanswered_post_says_that_it_may_have_been_carried_out(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(hang_up=True))
    with pytest.raises(ConnectionFailedError, match="may have been carried out"):
        client.create_container("a@1")


def test_a_refused_connection_is_tried_again_for_posts_too(clock: FakeClock) -> None:
    client = AgentClient(f"http://127.0.0.1:{closed_port()}", clock=clock)
    with client, pytest.raises(ConnectionFailedError, match="is it running") as caught:
        client.create_container("a@1")
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.status_code is None
    assert clock.slept == [0.1, 0.4]


def test_a_silent_server_ends_in_a_time_out(agent: Agent, clock: FakeClock) -> None:
    agent.answers(Reply(never=True))
    client = AgentClient(agent.url, timeout={"read": 0.2}, clock=clock)
    with client, pytest.raises(RequestTimeoutError) as caught:
        client.update_container("a", status="stopped")
    assert isinstance(caught.value, TimeoutError)
    assert len(agent.sent) == 1


@pytest.mark.parametrize("timeout", [0.2, (3, 0.2), {"read": 0.2}])
def test_every_spelling_of_the_time_out(agent: Agent, clock: FakeClock, timeout: float) -> None:
    agent.answers(*[Reply(never=True)] * 3)
    client = AgentClient(agent.url, timeout=timeout, clock=clock)
    with client, pytest.raises(RequestTimeoutError):
        client.health_check()
    assert len(agent.sent) == 3


def test_a_redirect_is_not_followed(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(301, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(UnexpectedReplyError, match="elsewhere"):
        client.create_container("a@1")


@pytest.mark.parametrize("reply", [Reply(raw=b"<html>hello</html>"), Reply(data=["a"]), Reply(raw=b"")])
def test_what_is_no_playground_server(agent: Agent, client: AgentClient, reply: Reply) -> None:
    agent.answers(reply)
    with pytest.raises(UnexpectedReplyError):
        client.health_check()
