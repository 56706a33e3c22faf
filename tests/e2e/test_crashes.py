"""`kill -9` of the controller: started again, the playground comes up, and once."""

import os
import signal
from pathlib import Path

import pytest

from playground_sdk import NotFoundError
from tests.e2e.engine import containers_of, inspected
from tests.e2e.eventually import eventually
from tests.e2e.plugins import hello, pack, slow_to_install
from tests.e2e.server import Server, greeting

pytestmark = [pytest.mark.engine, pytest.mark.gradio]


def kill_controller(server: Server) -> None:
    """As the kernel's OOM killer would: nothing can be said or done any more."""
    leads = server.controller_pid()
    assert b"controller" in Path(f"/proc/{leads}/cmdline").read_bytes()
    os.kill(leads, signal.SIGKILL)


def log_of(server: Server, uid: str) -> str:
    """What the build has printed so far."""
    try:
        return server.client.get_container_logs(uid)
    except NotFoundError:
        return ""


def test_during_a_build(server: Server, tmp_path: Path) -> None:
    client = server.client
    plugin = pack(tmp_path / "slow.zip", hello("e2e-slow-build", slow_to_install()))
    asked = client.create_container(plugin_file=plugin, wait=False)
    eventually(lambda: "Building wheel for slow_lib" in log_of(server, asked["uid"]), 30, "the slow part of the build")
    kill_controller(server)
    assert client.get_build_status(asked["build_id"])["status"] == "building"

    build = client.wait_for_build(asked["build_id"], timeout=90)
    result = build["result"]
    assert result is not None
    assert greeting(result["endpoint"]) == "Hello, world!"
    assert server.actions(asked["uid"]).count("StartBuild") == 2, "the first build ended with its controller"
    _came_up_once(server, asked["uid"], asked["build_id"], str(result["id"]))


def test_during_a_start(server: Server, tmp_path: Path) -> None:
    client = server.client
    asked = client.create_container(plugin_file=pack(tmp_path / "a.zip", hello("e2e-start")), wait=False)
    (container,) = eventually(lambda: containers_of(server.controller_id, asked["uid"]), 60, "the container")
    kill_controller(server)
    assert client.get_build_status(asked["build_id"])["status"] not in {"completed", "failed"}

    result = client.wait_for_build(asked["build_id"], timeout=90)["result"]
    assert result is not None
    assert result["id"] == container["Id"], "what was created is adopted"
    assert greeting(result["endpoint"]) == "Hello, world!"
    _came_up_once(server, asked["uid"], asked["build_id"], container["Id"])


def _came_up_once(server: Server, uid: str, build_id: str, container_id: str) -> None:
    """One container, started once; one result."""
    assert [container["Id"] for container in containers_of(server.controller_id, uid)] == [container_id]
    assert inspected(container_id)["RestartCount"] == 0
    found = server.client.get_container(uid)
    assert (found["status"], found["restarts"], found["last_error"]) == ("running", 0, None)
    assert server.actions(uid).count("CreateContainer") <= 1
    assert len(server.log(event="build ended", build_id=build_id)) == 1
    events = [event for event in server.client.list_container_events(uid) if event["reason"] == "Serving"]
    assert [event["count"] for event in events] == [1]
    server.delete(uid)
