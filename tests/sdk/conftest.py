"""A scripted Agent, a clock that can be moved, and a client of both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from playground_sdk import AgentClient
from tests.sdk.fake_clock import FakeClock
from tests.sdk.recorder import Agent


@pytest.fixture
def agent() -> Iterator[Agent]:
    with Agent().serving() as agent:
        yield agent


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(agent: Agent, clock: FakeClock) -> Iterator[AgentClient]:
    with AgentClient(agent.url, "secret", clock=clock) as client:
        yield client


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "hello.zip"
    path.write_bytes(b"PK\x03\x04 not read by the client")
    return path
