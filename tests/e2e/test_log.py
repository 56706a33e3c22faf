"""The controller's log: an operator can follow a playground's life by reading it."""

from pathlib import Path

import pytest

from tests.e2e.plugins import hello, pack
from tests.e2e.server import Server

pytestmark = [pytest.mark.engine, pytest.mark.gradio]

LIFE = """
controller ReserveHostPort: no port is reserved yet
controller StartBuild: the image is not there
controller CreateContainer: there is no container
controller StartContainer: there is no container
controller event Built
controller event Serving
controller build ended: completed
controller RestartContainer: a restart was asked for
controller event Serving
controller build ended: completed
controller StopContainer: it is wanted stopped
controller StartContainer: it is not running
controller event Serving
controller RemoveContainer: deletion was asked for
controller ForgetPlayground: deletion was asked for and no container is left
"""


def test_a_life_is_told_once_and_in_order(server: Server, tmp_path: Path) -> None:
    client = server.client
    uid = client.create_container(plugin_file=pack(tmp_path / "a.zip", hello("e2e-life")))["uid"]
    client.create_container("e2e-life@1.0.0")
    client.update_container(uid, status="stopped")
    client.wait_for_status(uid, "stopped", timeout=30)
    client.update_container(uid, status="running")
    client.wait_for_status(uid, "running", timeout=60)
    server.delete(uid)

    lines = server.log()
    assert all({"time", "level", "process", "event"} <= line.keys() for line in lines)
    assert {line["process"] for line in lines} == {"api", "controller"}
    assert {line["level"] for line in lines} == {"info"}
    for process in ("api", "controller"):  # of two, one may say a moment later what it noted before the other
        times = [line["time"] for line in lines if line["process"] == process]
        assert times == sorted(times)

    passes = [line for line in lines if "reconcile_id" in line]
    told = [f"{line['process']} {_in_words(line)}" for line in passes if line["uid"] == uid]
    assert told == LIFE.strip().splitlines()
    keys = {(line["reconcile_id"], line["uid"], line["playground"]) for line in passes}
    assert len(keys) == len({line["reconcile_id"] for line in passes}), "an id stands for one pass of one playground"
    for line in server.log(event="action"):
        assert line["plan"] == f"{line['plan'].partition(',')[0]}, {line['cause']}"
        assert line["plan"].startswith(line["action"])
        assert line["seconds"] >= 0

    wanted = [line["outcome"] for line in server.log(event="playground wanted", uid=uid)]
    assert wanted == ["created", "restarted"]
    assert len(server.log(event="image built", uid=uid)) == 1


def _in_words(line: dict[str, object]) -> str:
    match line["event"]:
        case "action":
            return f"{line['action']}: {line['cause']}"
        case "event":
            return f"event {line['reason']}"
        case "build ended":
            return f"build ended: {line['state']}"
        case other:
            return str(other)
