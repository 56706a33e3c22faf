"""Every example is applied, by the command line, to a real server with a real engine, in reading order."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.engine import containers_of
from tests.e2e.server import Server, greeting
from tests.examples.commands import ok, playground
from tests.examples.test_offline import EXAMPLES, FILES, documents

pytestmark = [pytest.mark.engine, pytest.mark.gradio, pytest.mark.timeout(900)]
ONE_BY_ONE = FILES[:-1]


def resource(server: Server, name: str) -> dict[str, Any]:
    found = json.loads(ok(server, "get", name, "-o", "json"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", ONE_BY_ONE, ids=lambda path: path.stem)
def test_an_example_comes_up_and_is_unchanged_when_applied_again(server: Server, path: Path) -> None:
    if path != FILES[0]:
        ok(server, "push", str(EXAMPLES.parent / "plugins" / "hello-gradio"))
    names = [document.name for document in documents(path)]
    told = ok(server, "apply", "-f", str(path), "--wait", "--timeout", "240")
    assert [line for line in told.splitlines() if " ready" not in line] == [
        f"playground/{name} created" for name in names
    ]
    again = ok(server, "apply", "-f", str(path))
    assert again.splitlines() == [f"playground/{name} unchanged" for name in names]
    assert ok(server, "diff", "-f", str(path)) == ""
    for name in names:
        _check(resource(server, name))


def _check(found: dict[str, Any]) -> None:
    """What an example promises holds."""
    name, spec, status = found["metadata"]["name"], found["spec"], found["status"]
    if spec["state"] == "Stopped":
        assert status["phase"] in {"requested", "building", "stopped"}
        return
    assert status["phase"] == "running"
    if (wanted := spec.get("port", {}).get("host")) is not None:
        assert status["hostPort"] == wanted
    if "image" not in spec["plugin"]:
        params = {"greeting": "Hello", "punctuation": "!", **spec.get("params", {})}
        assert greeting(status["endpoint"]) == f"{params['greeting']}, world{params['punctuation']}", name


def test_the_fleet_comes_up_and_goes_away(server: Server) -> None:
    for path in ONE_BY_ONE:
        playground(server, "delete", "-f", str(path), "--wait")
    ok(server, "push", str(EXAMPLES.parent / "plugins" / "hello-gradio"))
    fleet = str(FILES[-1])
    told = ok(server, "apply", "-f", fleet, "--wait", "--timeout", "580")
    assert told.count(" created\n") == told.count(" ready http") == 20
    gold = ok(server, "get", "-l", "fleet=demo,tier=gold", "-o", "name").split()
    assert gold == [f"playground/fleet-{number:02d}" for number in range(1, 6)]
    assert greeting(resource(server, "fleet-07")["status"]["endpoint"]) == "Hello from number 7, world!"
    assert len(containers_of(server.controller_id)) == 20
    assert ok(server, "apply", "-f", fleet).count(" unchanged\n") == 20
    assert ok(server, "delete", "-f", fleet, "--wait", "--timeout", "200").count(" deleted\n") == 20
    assert containers_of(server.controller_id) == []
