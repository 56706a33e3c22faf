"""The contract, call by call. Nothing here knows more of the server than an existing client does."""

import json
import re
from typing import Any

import pytest

from tests.conformance.wire import Wire
from tests.e2e.eventually import eventually
from tests.e2e.plugins import HELLO

WAIT_S = 300.0
ITEM = {
    "id", "name", "status", "image", "endpoint", "plugin_release", "model", "host_port", "created_at", "updated_at",
}  # fmt: skip
STATUSES = {
    "requested", "building", "starting", "running", "unhealthy", "stopped", "failed", "deleting", "deleted",
}  # fmt: skip


def archive(code: str, version: str = "1.0.0") -> bytes:
    """The shipped example as a ZIP, under another code."""
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(HELLO.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                text = path.read_text()
                if path.name == "config.yaml":
                    text = re.sub(r"(?m)^code:.*$", f"code: {code}", text)
                    text = re.sub(r"(?m)^version:.*$", f'version: "{version}"', text)
                made.writestr(path.relative_to(HELLO).as_posix(), text)
    return buffer.getvalue()


def waited(wire: Wire, build: str) -> dict[str, Any]:
    """The build when it has ended, polled as a client does."""

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = wire.get(f"builds/{build}/").json
        return found if found["status"] in {"completed", "failed", "cancelled"} else None

    return eventually(ended, WAIT_S, f"the end of build {build}") or {}


@pytest.fixture
def made(wire: Wire, code: str) -> dict[str, Any]:
    """A playground that serves, made as a client of 2026 does: the container dict, and how it was asked for."""
    fields = [
        ("plugin_release", f"{code}@1.0.0"), ("plugin", code), ("version", "1.0.0"), ("model", "0"),
        ("params", json.dumps({"greeting": "Hi"})), ("envs", json.dumps({"N": 1})),
        ("metadata", json.dumps({"a": [1]})),
        ("labels", "gradio"), ("labels", "team=vision"), ("backend_container_id", "17"),
    ]  # fmt: skip
    reply = wire.upload("containers/", fields, archive(code))
    assert reply.status in {200, 201}
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", reply.json["build_id"])
    build = waited(wire, reply.json["build_id"])
    assert (build["status"], build["error"]) == ("completed", None), build
    return {**build["result"], "build": reply.json}


def test_health_is_open_and_always_200(wire: Wire) -> None:
    for path in ("health", "health/"):
        assert wire.get(path, Authorization="").status == 200


@pytest.mark.parametrize("scheme", ["", "Bearer ", "Token "])
def test_the_token_is_raw_or_behind_a_scheme(scheme: str, wire: Wire) -> None:
    assert wire.get("containers/", Authorization=f"{scheme}{wire.token}").status == 200
    assert wire.get("containers/", Authorization=f"{scheme}wrong").status == 401


def test_a_waiting_create_ends_with_the_container(wire: Wire, code: str, made: dict[str, Any]) -> None:
    assert made["status"] == "running"
    assert made["endpoint"].startswith("http")
    assert len(made["id"]) == 64
    assert {"name", "image"} <= made.keys()
    for url in ("status_url", "sse_url", "ws_url"):
        assert made["build"]["build_id"] in made["build"][url]
    for form in (made["id"], made["id"][:12], made["name"], str(made["record_id"])):
        for path in (f"containers/{form}", f"containers/{form}/"):
            found = wire.get(path).json
            assert (found["id"], found["backend_container_id"]) == (made["id"], "17")
            assert found["labels"] == ["gradio", "team=vision"]
            assert "attrs" in found
            assert found["metadata"] == {"a": [1]}


def test_asked_for_again_it_is_restarted(wire: Wire, code: str, made: dict[str, Any]) -> None:
    body = {
        "plugin_release": f"{code}@1.0.0", "plugin": code, "version": "1.0.0", "model": 0,
        "params": {"greeting": "Hi"}, "envs": {"N": 1}, "metadata": {"a": [1]},
    }  # fmt: skip
    reply = wire.post("containers/", body)
    assert (reply.status, reply.json["restarted"]) == (200, True)
    assert reply.json["id"] == made["id"], "a client of 2025 takes this reply itself"
    result = waited(wire, reply.json["build_id"])["result"]
    assert (result["id"], result["restarted"]) == (made["id"], True)


def test_an_object_with_a_null_plugin_is_the_generation_before(wire: Wire, code: str, made: dict[str, Any]) -> None:
    body = {
        "plugin_release": f"{code}@1.0.0", "plugin": None, "version": "1.0.0", "action": "gradio",
        "entrypoint": "plugin/gradio_interface.py", "model": 0,
    }  # fmt: skip
    assert wire.post("containers/", body).status == 200
    assert wire.get(f"containers/{made['name']}/").json["plugin_release"] == f"{code}@1.0.0"


def test_streams_are_data_lines_that_end_explicitly(wire: Wire, made: dict[str, Any]) -> None:
    lines = wire.stream(f"builds/{made['build']['build_id']}/events/").decode().splitlines()
    assert all(line.startswith("data: ") for line in lines if line), "anything else shows up as text in the client"
    messages = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert all(message.keys() == {"type", "message"} for message in messages)
    assert messages[-1]["type"] == "complete"


def test_stop_start_and_nothing(wire: Wire, made: dict[str, Any]) -> None:
    path = f"containers/{made['record_id']}"

    def is_(status: str) -> bool:
        return bool(wire.get(path).json["status"] == status)

    assert wire.patch(path, {}).json["id"] == made["id"]
    assert wire.patch(path, {"status": "stopped"}).status == 200
    eventually(lambda: is_("stopped"), WAIT_S, "stopped")
    assert wire.patch(f"{path}/", {"status": "running"}).status == 200
    eventually(lambda: is_("running"), WAIT_S, "running")
    assert wire.post(f"containers/docker/{made['id']}/stop/").status == 200
    eventually(lambda: is_("stopped"), WAIT_S, "stopped")
    assert wire.post(f"containers/docker/{made['id']}/start/").json["id"] == made["id"]
    eventually(lambda: is_("running"), WAIT_S, "running")


def test_lists_have_pages_filters_and_a_next_that_is_right(wire: Wire, code: str, made: dict[str, Any]) -> None:
    wire.post("containers/", {"plugin_release": f"{code}@1.0.0", "model": 1})
    query = f"plugin_release={code}@1.0.0&kind=plugin_runtime"
    first = wire.get(f"containers/?{query}&page=1&page_size=1").json
    assert (first["count"], len(first["results"]), first["previous"]) == (2, 1, None)
    assert first["results"][0].keys() >= ITEM
    assert first["results"][0]["status"] in STATUSES
    assert first["next"].startswith(wire.base)
    second = wire.get(first["next"].removeprefix(wire.base)).json
    assert (second["count"], second["next"], len(second["results"])) == (2, None, 1)
    assert [item["model"] for item in first["results"] + second["results"]] == [0, 1]
    assert wire.get(f"containers/?{query}&label=gradio&label=team=vision&page_size=100").json["count"] == 1
    assert wire.get(f"containers/?{query}&model=0&status=running").json["count"] == 1
    docker = wire.get("containers/docker/").json
    assert {"id", "status"} <= next(item for item in docker if item["id"] == made["id"]).keys()
    assert wire.get(f"containers/docker/{made['id']}").json["id"] == made["id"]


def test_a_container_by_the_engines_name_is_created_too(wire: Wire, code: str, made: dict[str, Any]) -> None:
    body = {"plugin_release": f"{code}@1.0.0", "params": {}, "envs": {}, "metadata": {}, "labels": []}
    assert wire.post("containers/docker/", {**body, "model": 5}).json["id"]


def test_releases_by_number_and_by_name(wire: Wire, code: str) -> None:
    made = wire.upload("plugin_releases/", [], archive(code))
    assert made.status == 201
    known = wire.post("plugin_releases/", {"plugin": code, "version": "1.0.0"})
    assert known.json["id"] == made.json["id"]
    for lookup in (made.json["id"], f"{code}@1.0.0"):
        for path in (f"plugin_releases/{lookup}", f"plugin_releases/{lookup}/"):
            assert wire.get(path).json["plugin"] == code
    assert {"id", "plugin", "version"} <= wire.get("plugin_releases/?page_size=100").json["results"][0].keys()
    assert wire.delete(f"plugin_releases/{code}@1.0.0").status == 204
    assert wire.get(f"plugin_releases/{code}@1.0.0").status == 404


def test_delete_is_asked_for_once_or_again(wire: Wire, made: dict[str, Any]) -> None:
    for path in (f"containers/{made['id']}", f"containers/{made['id']}/", f"containers/docker/{made['id']}"):
        assert wire.delete(path).status == 204
    eventually(lambda: wire.get(f"containers/{made['id']}").status == 404, WAIT_S, "the container being gone")
    assert wire.get(f"containers/{made['id']}").json["status"] == "deleted"
    assert wire.get(f"builds/{made['build']['build_id']}/").json["status"] == "completed", "finished ones stay readable"


def test_errors_are_sentences_or_places(wire: Wire) -> None:
    assert wire.get("containers/never-was").status == 404
    assert wire.get("builds/never-was/").status == 404
    assert isinstance(wire.post("containers/", {"plugin_release": "no-such@1"}).json["detail"], str)
    wrong = wire.post("containers/", {"plugin_release": "a@1", "model": "x", "labels": "y"})
    assert wrong.status == 422
    assert all({"loc", "msg", "type", "input"} <= problem.keys() for problem in wrong.json["detail"])
    nothing = wire.post("containers/")
    assert nothing.status == 422
    problem = wire.send("POST", "containers/", b"{}", headers={"Accept": "application/problem+json"}, json_body=True)
    assert problem.headers["content-type"] == "application/problem+json"
