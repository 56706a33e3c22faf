"""``playground top``: what the server measured, the busiest first."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent, Reply
from tests.sdk.test_declarative import page, resource

NOTHING = {"cpu_percent": None, "memory_bytes": None, "network_rx_bytes": None, "network_tx_bytes": None}


@pytest.fixture(autouse=True)
def one_request_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground_sdk.cli.top._AT_ONCE", 1)


def running(name: str) -> dict[str, Any]:
    item = resource(name)
    item["status"]["containerId"] = name * 10
    return item


def usage(cpu: float) -> dict[str, Any]:
    return {"cpu_percent": cpu, "memory_bytes": 117 * 2**20, "network_rx_bytes": 900, "network_tx_bytes": 2048}


def test_the_busiest_first(agent: Agent, cli: Cli) -> None:
    gone = Reply(404, {"detail": "No playground c."})
    agent.answers(page(running("a"), running("b"), running("c"), resource("d")), usage(1), usage(80), gone)
    rows = [row.split("  ") for row in cli("top", "-l", "a=b").stdout.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells[0] == ["NAME", "CPU", "MEMORY", "NETWORK IN", "NETWORK OUT", "RESTARTS"]
    assert cells[1:] == [
        ["b", "80.0%", "117.0 MiB", "900 B", "2.0 KiB", "0"],
        ["a", "1.0%", "117.0 MiB", "900 B", "2.0 KiB", "0"],
    ]
    assert agent.lines()[1:] == [f"GET /containers/uid-{name}/resources/" for name in "abc"], "one without a container"


def test_as_json(agent: Agent, cli: Cli) -> None:
    agent.answers(page(running("a")), usage(3))
    assert json.loads(cli("top", "-o", "json").stdout) == [{"name": "a", **usage(3)}]


def test_nothing_runs(agent: Agent, cli: Cli) -> None:
    agent.answers(page(running("a")), NOTHING)
    assert "No playground runs" in cli("top").stderr


def test_a_server_that_cannot_measure_says_why(agent: Agent, cli: Cli) -> None:
    agent.answers(page(running("a")), Reply(409, {"detail": "This is measured by the controller."}))
    done = cli("top")
    assert (done.exit_code, "measured by the controller" in done.stderr) == (4, True)
