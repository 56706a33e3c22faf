"""A day with the command line, against a real server: what it prints and how it exits."""

import json

import pytest

from tests.e2e.engine import containers_of
from tests.e2e.eventually import eventually
from tests.e2e.plugins import HELLO
from tests.e2e.server import Server, free_port, greeting

pytestmark = [pytest.mark.engine, pytest.mark.gradio]


def ok(server: Server, *arguments: str) -> str:
    """What a command prints; its exit code has to be 0."""
    done = server.cli(*arguments)
    assert done.returncode == 0, f"playground {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_a_day(server: Server) -> None:
    assert "ok" in ok(server, "health")
    assert ok(server, "list") == ""

    created = server.cli(
        "create", "--file", str(HELLO), "--model", "3", "--param", "greeting=Ahoy", "--label", "day", "-e", "A=b"
    )
    assert created.returncode == 0, created.stderr
    url = created.stdout.strip()
    assert url == f"http://127.0.0.1:{server.ports[0]}"
    assert greeting(url) == "Ahoy, world!"
    assert "uploading" in created.stderr

    name = ok(server, "list", "-o", "name").strip()
    header, row = ok(server, "list", "-o", "wide").splitlines()
    assert header.split()[:6] == ["NAME", "STATUS", "RELEASE", "MODEL", "AGE", "URL"]
    assert row.split()[:4] == [name, "running", "hello-gradio@1.0.0", "3"]
    assert url in row
    assert [item["name"] for item in json.loads(ok(server, "list", "-o", "json", "--label", "day"))] == [name]
    assert ok(server, "list", "--status", "stopped") == ""

    shown = ok(server, "get", name)
    for words in (name, "running", url, "hello-gradio@1.0.0", "PortReserved", "ContainerStarted"):
        assert words in shown
    detail = json.loads(ok(server, "get", name, "-o", "json"))
    assert (detail["spec"]["model"], detail["spec"]["params"]) == (3, {"greeting": "Ahoy"})
    assert "Running on local URL" in ok(server, "logs", name)
    assert "Serving" in ok(server, "events", name)

    assert ok(server, "stop", name, "--wait") == f"playground/{name} stopped\n"
    assert ok(server, "list", "--status", "stopped", "-o", "name").strip() == name
    assert "URL" not in ok(server, "get", name)
    assert ok(server, "start", name, "--wait") == f"playground/{name} running\n"
    assert greeting(url) == "Ahoy, world!"
    before = json.loads(ok(server, "get", name, "-o", "json"))
    assert ok(server, "restart", name) == f"playground/{name} restarting\n"
    eventually(lambda: server.client.get_container(name)["restarts"] > before["status"]["restarts"], 30, "the restart")
    assert server.client.wait_for_status(name, "running", timeout=60)
    assert server.client.get_container(name)["id"] == before["status"]["containerId"]

    assert ok(server, "delete", name, "--wait") == f"playground/{name} deleted\n"
    assert containers_of(server.controller_id) == []
    gone = server.cli("get", name)
    assert (gone.returncode, "deleted" in gone.stderr) == (3, True)
    assert server.cli("stop", name).returncode == 3
    assert ok(server, "list") == ""
    nobody = server.cli("health", "--server", f"http://127.0.0.1:{free_port()}")
    assert (nobody.returncode, "playground-server run" in nobody.stderr) == (1, True)
