"""Our own SDK against our own API, over a socket: the two read the contract the same way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from playground_sdk import AgentClient, errors
from playground_sdk.releases import PluginRelease
from tests.api.conftest import TOKEN, Api, running
from tests.api.plugins import plugin


@pytest.fixture
def agent(api: Api) -> Iterator[AgentClient]:
    with running(api.deps) as port:
        yield AgentClient(host=f"http://127.0.0.1:{port}", token=TOKEN)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.zip"
    path.write_bytes(plugin())
    return path


def test_a_playgrounds_life(api: Api, agent: AgentClient, archive: Path) -> None:
    made = agent.create_container(
        "my-plugin@1.0.0", plugin_file=archive, model=0, params={"a": 1}, envs={"N": "1"}, labels=["x"], wait=False
    )
    controller = api.controller()
    controller.serving(str(made["id"]))
    build = agent.wait_for_build(made["build_id"], timeout=5)
    assert build["status"] == "completed"
    again = agent.create_container(
        "my-plugin@1.0.0", model=0, params={"a": 1}, envs={"N": "1"}, labels=["x"], wait=False
    )
    assert again["restarted"] is True
    containers, count = agent.list_containers({"label": ["x"], "page_size": 1}, list_all=True)
    assert (len(containers), count) == (1, 1)
    uid = str(made["id"])
    assert agent.update_container(uid, status="stopped")["status"] == "requested"
    assert agent.list_docker_containers()[0]["id"] == containers[0]["id"]
    agent.delete_container(uid)
    controller.removed(uid)
    agent.delete_container(uid)
    with pytest.raises(errors.NotFoundError):
        agent.get_container(uid)


def test_all_pages_are_read(agent: AgentClient, archive: Path) -> None:
    release = PluginRelease(
        config={"code": "my-plugin", "version": "1.0.0", "actions": {"train": {"entrypoint": "t.x"}}}
    )
    agent.create_container(plugin_file=archive, wait=False)
    for model in range(4):
        agent.create_container(release, model=model, wait=False)
    containers, count = agent.list_containers({"page_size": 2, "plugin_release": "my-plugin@1.0.0"}, list_all=True)
    assert [item["model"] for item in containers] == [None, 0, 1, 2, 3]
    assert count == 5


def test_failures_reach_the_caller_with_their_reason(
    api: Api, agent: AgentClient, archive: Path, tmp_path: Path
) -> None:
    made = agent.create_container(plugin_file=archive, wait=False)
    api.controller().failed(str(made["id"]))
    with pytest.raises(errors.BuildFailedError, match="pip could not install"):
        agent.wait_for_build(made["build_id"], timeout=5)
    with pytest.raises(errors.NotFoundError, match="Unknown release"):
        agent.create_container("other@1")
    no_zip = tmp_path / "no.zip"
    no_zip.write_text("text")
    with pytest.raises(errors.ValidationError, match="no ZIP"):
        agent.create_container(plugin_file=no_zip)
    with pytest.raises(errors.ConflictError, match="controller"):
        agent.get_container_logs(str(made["id"]))
    assert agent.list_container_events(str(made["id"]))[0]["reason"] == "BuildFailed"
    assert agent.health_check()["status"] == "ok"
