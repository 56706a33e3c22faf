"""Cancelling: the last one who waits ends the image's build, really; and who asks again gets it after all."""

from pathlib import Path

import pytest
import requests

from playground_sdk import BuildCancelledError
from tests.e2e.eventually import eventually
from tests.e2e.plugins import hello, pack, slow_to_install
from tests.e2e.server import Server

pytestmark = [pytest.mark.engine, pytest.mark.gradio]


def cancel(server: Server, build: str) -> dict[str, object]:
    headers = {"Authorization": server.token}
    reply = requests.delete(f"{server.url}/builds/{build}/", headers=headers, timeout=10)
    assert reply.status_code == 200, reply.text
    found: dict[str, object] = reply.json()
    return found


def test_the_image_build_ends_with_the_last_who_waits(server: Server, tmp_path: Path) -> None:
    client = server.client
    archive = pack(tmp_path / "a.zip", hello("e2e-cancel", slow_to_install()))
    first = client.create_container(plugin_file=archive, wait=False)
    second = client.create_container("e2e-cancel@1.0.0", wait=False)
    uid = first["uid"]
    eventually(lambda: "StartBuild" in server.actions(uid), 30, "the image's build")
    for build in (first, second):
        assert "CancelBuild" not in server.actions(uid), "somebody still waits"
        cancelled = cancel(server, str(build["build_id"]))
        assert cancelled["status"] == "cancelled"
    eventually(lambda: "CancelBuild" in server.actions(uid), 20, "the end of the image's build")
    client.wait_for_status(uid, "stopped", timeout=20)
    assert server.log(event="image built", uid=uid) == []
    with pytest.raises(BuildCancelledError):
        client.wait_for_build(first["build_id"])
    assert client.create_container("e2e-cancel@1.0.0")["status"] == "running"
