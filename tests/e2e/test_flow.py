"""The documented flow: create, use, create again, look, change, stop, start, delete."""

from pathlib import Path

import docker.errors
import pytest

from playground_sdk import NotFoundError
from tests.e2e.conftest import NewServer
from tests.e2e.engine import containers_of, inspected
from tests.e2e.plugins import LATER, LONG_AGO, PAGE, hello, pack
from tests.e2e.server import Server, greeting, predict

pytestmark = [pytest.mark.engine, pytest.mark.gradio]


def test_create_use_create_again_list_get_delete(new_server: NewServer, tmp_path: Path) -> None:
    """On one port only: what one playground has left, the next one needs."""
    plugin = pack(tmp_path / "hello-gradio.zip", hello())
    with new_server(ports=1) as server:
        client, (port,) = server.client, server.ports
        assert client.health_check()["status"] == "ok"
        assert client.health_check()["engine"] == {"status": "ok"}
        made = client.create_container(plugin_file=plugin, params={"greeting": "Servus"}, labels=["gradio", "team=e2e"])
        assert (made["status"], made["endpoint"]) == ("running", f"http://127.0.0.1:{port}")
        assert "restarted" not in made
        assert inspected(made["id"])["State"]["Running"]
        assert predict(made["endpoint"]) == "Servus, world!"

        again = client.create_container("hello-gradio@1.0.0", params={"greeting": "Servus"})
        assert again["restarted"] is True
        assert [again[key] for key in ("id", "endpoint", "record_id")] == [
            made[key] for key in ("id", "endpoint", "record_id")
        ]
        assert inspected(made["id"])["State"]["StartedAt"] > inspected(made["id"])["Created"]
        assert predict(again["endpoint"], "again") == "Servus, again!"

        container_id = made["id"]
        assert container_id is not None
        _look(server, container_id)

        client.delete_container(container_id)
        client.wait_for_status(container_id, "deleted", timeout=30)
        assert client.list_containers()["results"] == []
        assert containers_of(server.controller_id) == []
        with pytest.raises(docker.errors.NotFound):
            inspected(made["id"])
        with pytest.raises(NotFoundError, match="was deleted at"):
            client.get_container(container_id)
        with pytest.raises(NotFoundError):
            client.update_container(container_id, status="running")

        other = client.create_container("hello-gradio@1.0.0", model=7)
        assert (other["host_port"], other["model"]) == (port, 7)
        assert other["record_id"] != made["record_id"]
        assert other["id"] != made["id"]


def _look(server: Server, container_id: str) -> None:
    """One playground, by every list and every lookup there is."""
    client = server.client
    listed = client.list_containers()
    assert (listed["count"], [item["id"] for item in listed["results"]]) == (1, [container_id])
    for filters, count in (
        ({"status": "running"}, 1),
        ({"status": "stopped"}, 0),
        ({"label": ["gradio", "team=e2e"]}, 1),
        ({"label": ["gradio", "team=other"]}, 0),
        ({"plugin_release": "hello-gradio@1.0.0"}, 1),
        ({"model": 7}, 0),
    ):
        assert client.list_containers(params=filters)["count"] == count, filters
    containers, count = client.list_containers(list_all=True)
    assert (count, [item["id"] for item in containers]) == (1, [container_id])
    record = client.get_container(container_id)
    assert record["attrs"]["Id"] == container_id
    for lookup in (container_id[:12], record["record_id"], record["name"]):
        assert client.get_container(lookup)["id"] == container_id, lookup
    assert [item["id"] for item in client.list_docker_containers()] == [container_id]
    assert inspected(container_id)["Config"]["Image"] == record["image"]


def test_what_has_changed_is_replaced_and_what_has_not_is_restarted(server: Server, tmp_path: Path) -> None:
    client, files = server.client, hello("e2e-changing")
    first = client.create_container(plugin_file=pack(tmp_path / "a.zip", files, LATER))
    assert greeting(first["endpoint"]) == "Hello, world!"
    builds = server.actions(first["uid"]).count("StartBuild")
    assert builds == 1

    zipped_again = pack(tmp_path / "b.zip", dict(reversed(files.items())), LONG_AGO)
    assert zipped_again.read_bytes() != (tmp_path / "a.zip").read_bytes()
    same = client.create_container(plugin_file=zipped_again)
    assert (same["id"], same["restarted"]) == (first["id"], True)
    assert server.actions(first["uid"]).count("StartBuild") == builds

    page = files[PAGE].replace('return f"{greeting}', "return f\"{os.environ.get('MOOD', 'New')}: {greeting}")
    steps = (
        ({"plugin_file": pack(tmp_path / "c.zip", {**files, PAGE: page})}, "New: Hello, world!"),
        ({"plugin_release": "e2e-changing@1.0.0", "params": {"punctuation": "?"}}, "New: Hello, world?"),
        (
            {"plugin_release": "e2e-changing@1.0.0", "params": {"punctuation": "?"}, "envs": {"MOOD": "Glad"}},
            "Glad: Hello, world?",
        ),
    )
    ids = {first["id"]}
    for arguments, answer in steps:
        changed = client.create_container(**arguments)
        assert greeting(changed["endpoint"]) == answer
        assert "restarted" not in changed
        assert [changed[key] for key in ("record_id", "uid", "name", "host_port")] == [
            first[key] for key in ("record_id", "uid", "name", "host_port")
        ]
        assert changed["id"] not in ids
        ids.add(changed["id"])
        left = [container["Id"] for container in containers_of(server.controller_id)]
        assert left == [changed["id"]], "the container that was replaced goes when the new one serves"
    assert server.actions(first["uid"]).count("StartBuild") == 2, "only the changed content needs a build"
    server.delete(first["uid"])


def test_stop_and_start_keep_container_and_port(server: Server, tmp_path: Path) -> None:
    client = server.client
    made = client.create_container(plugin_file=pack(tmp_path / "a.zip", hello("e2e-resting")))
    client.update_container(made["uid"], status="stopped")
    stopped = client.wait_for_status(made["uid"], "stopped", timeout=30)
    assert stopped is not None
    assert (stopped["id"], stopped["host_port"]) == (made["id"], made["host_port"])
    assert stopped["endpoint"] is None
    assert inspected(made["id"])["State"]["Running"] is False
    assert client.list_containers({"status": "stopped"})["count"] == 1

    client.start_docker_container(str(made["id"]))
    started = client.wait_for_status(made["uid"], "running", timeout=60)
    assert started is not None
    assert (started["id"], started["endpoint"]) == (made["id"], made["endpoint"])
    assert greeting(started["endpoint"]) == "Hello, world!"
    server.delete(made["uid"])
