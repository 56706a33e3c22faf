"""The API process alone: it needs no Docker and no controller to take what is wanted, and says what is missing."""

from pathlib import Path

import pytest

from playground_sdk import ConflictError, WaitTimeoutError
from tests.e2e.plugins import hello, pack
from tests.e2e.server import free_range, running


def test_it_records_and_says_that_nobody_acts(tmp_path: Path) -> None:
    plugin = pack(tmp_path / "hello.zip", hello())
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/no-docker.sock"}
    with running(tmp_path / "server", free_range(1), nowhere, command="api") as server:
        client = server.client
        health = client.health_check()
        assert health["status"] == "degraded"
        assert "playground-server controller" in health["reasons"][0]
        assert (health["database"]["status"], health["controller"]["status"]) == ("ok", "absent")

        with pytest.raises(WaitTimeoutError, match="Waiting for the controller"):
            client.create_container(plugin_file=plugin, params={"greeting": "Later"}, timeout=0.5)
        (found,) = client.list_containers({"status": "requested"})["results"]
        assert (found["plugin_release"], found["host_port"], found["endpoint"]) == ("hello-gradio@1.0.0", None, None)
        assert client.get_container(found["name"])["params"] == {"greeting": "Later"}
        with pytest.raises(ConflictError, match="controller"):
            client.get_container_logs(found["uid"])

        client.delete_container(found["record_id"])
        assert client.get_container(found["record_id"])["status"] == "deleting"
        done = server.cli("health")
        assert (done.returncode, "degraded" in done.stdout) == (1, True)
