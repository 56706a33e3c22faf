"""Builds: asked for, cancelled, followed live."""

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from api.http import streams
from api.store import StoreUnavailable
from tests.api.conftest import TOKEN, Api
from tests.api.plugins import plugin
from tests.api.raw import RawClient


@pytest.fixture
def made(client: TestClient) -> dict[str, Any]:
    """The reply to a create."""
    body: dict[str, Any] = client.post("/containers/", files={"file": ("p.zip", plugin())}).json()
    return body


def test_the_word_is_the_phase_until_it_ends(api: Api, client: TestClient, made: dict[str, Any]) -> None:
    controller, url = api.controller(), f"/builds/{made['build_id']}/"
    assert client.get(url).json()["status"] == "requested"
    controller.building(made["uid"])
    building = client.get(url).json()
    assert (building["status"], building["message"], building["result"]) == ("building", "Installing packages.", None)
    assert [c["type"] for c in building["conditions"]] == ["ImageBuilt", "ContainerStarted", "Ready"]
    controller.serving(made["uid"])
    done = client.get(url.rstrip("/")).json()
    assert (done["status"], done["error"], done["message"]) == ("completed", None, "Serving at http://127.0.0.1:7860.")
    assert done["result"]["endpoint"] == "http://127.0.0.1:7860"
    assert done["finished_at"].endswith("Z")
    assert done["status_url"] == made["status_url"]


def test_a_failure_carries_the_reason(api: Api, client: TestClient, made: dict[str, Any]) -> None:
    api.controller().failed(made["uid"])
    body = client.get(f"/builds/{made['build_id']}").json()
    assert (body["status"], body["error"]) == ("failed", "pip could not install nosuch==1.")
    assert client.get(f"/containers/{made['uid']}").json()["last_log_lines"] == ["ERROR: no match"]


def test_an_open_build_of_a_playground_that_has_failed_does_not_end_early(api: Api, client: TestClient) -> None:
    uid = client.post("/containers/", files={"file": ("p.zip", plugin())}).json()["uid"]
    api.controller().failed(uid)
    again = client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0"}).json()
    assert client.get(f"/containers/{uid}").json()["status"] == "failed"
    assert client.get(f"/builds/{again['build_id']}/").json()["status"] == "starting"


def test_cancelling_ends_an_open_build_once(api: Api, client: TestClient, made: dict[str, Any]) -> None:
    url = f"/builds/{made['build_id']}/"
    assert client.delete(url).json()["status"] == "cancelled"
    assert client.delete(url).json()["status"] == "cancelled"
    assert client.get(f"/containers/{made['uid']}").status_code == 200
    again = client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0"}).json()
    api.controller().serving(made["uid"])
    assert client.delete(f"/builds/{again['build_id']}").json()["status"] == "completed"


@pytest.mark.parametrize("build", ["nothing", "x" * 101, "a%00b"])
def test_an_unknown_build_is_404(client: TestClient, build: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "events/")):
        assert client.request(method, f"/builds/{build}/{path}").status_code == 404


def _messages(text: str) -> list[dict[str, str]]:
    blocks = text.strip().split("\n\n")
    assert all(block.startswith("data: ") and "\n" not in block for block in blocks)
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def _until(seen: Callable[[], bool], connection_read: Callable[[], None]) -> None:
    while not seen():
        connection_read()


def test_events_over_sse_end_by_themselves(api: Api, raw: RawClient, made: dict[str, Any]) -> None:
    controller = api.controller()
    path = f"/builds/{made['build_id']}/events/"
    received = bytearray()
    with raw.connect() as connection:
        connection.sendall(raw.head("GET", path, ["Accept: text/event-stream"]))

        def read() -> None:
            chunk = connection.recv(65536)
            assert chunk, received
            received.extend(chunk)

        _until(lambda: b"to see the request" in received, read)
        controller.building(made["uid"])
        _until(lambda: b"Installing" in received, read)
        api.clock.seconds += streams.HEARTBEAT
        _until(lambda: b"heartbeat" in received, read)
        controller.serving(made["uid"])
        _until(lambda: received.endswith(b"0\r\n\r\n"), read)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert b"content-type: text/event-stream" in head.lower()
    lines = [line for line in body.decode().split("\r\n") if line.startswith("data: ")]
    messages = _messages("".join(lines))
    assert [message["type"] for message in messages] == ["log", "log", "heartbeat", "complete"]
    assert all(set(message) == {"type", "message"} for message in messages)
    assert messages[-1]["message"] == "Serving at http://127.0.0.1:7860."


def test_a_finished_build_answers_with_its_end(api: Api, client: TestClient, made: dict[str, Any]) -> None:
    api.controller().failed(made["uid"], "No.")
    assert _messages(client.get(f"/builds/{made['build_id']}/events").text) == [{"type": "error", "message": "No."}]


def test_a_stream_outlives_records_that_do_not_answer_for_a_moment(
    api: Api, client: TestClient, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, answer = itertools.count(), api.store.builds.get_with_playground

    def look(build_id: str) -> object:
        if next(reads) == 1:  # the first read of the stream itself
            raise StoreUnavailable("The database does not answer.")
        return answer(build_id)

    api.controller().failed(made["uid"], "No.")
    monkeypatch.setattr(api.store.builds, "get_with_playground", look)
    assert _messages(client.get(f"/builds/{made['build_id']}/events").text) == [{"type": "error", "message": "No."}]
    assert next(reads) == 3


def test_the_same_over_a_websocket(api: Api, client: TestClient, made: dict[str, Any]) -> None:
    controller = api.controller()
    with client.websocket_connect(f"/builds/{made['build_id']}/ws/", headers={"Authorization": TOKEN}) as socket:
        assert socket.receive_json()["type"] == "log"
        controller.failed(made["uid"], "No.")
        assert socket.receive_json() == {"type": "error", "message": "No."}
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    assert ended.value.code == 1000


def test_a_websocket_needs_the_token_and_a_known_build(client: TestClient, made: dict[str, Any]) -> None:
    del client.headers["Authorization"]
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/builds/{made['build_id']}/ws/"):
        pass
    with client.websocket_connect("/builds/nothing/ws", headers={"Authorization": TOKEN}) as socket:
        assert socket.receive_json()["type"] == "error"


def test_a_websocket_over_a_real_socket(api: Api, raw: RawClient, made: dict[str, Any]) -> None:
    """uvicorn finds its WebSocket implementation, and the token gate lets the handshake through."""
    api.controller().failed(made["uid"], "No.")
    handshake = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    head = raw.head("GET", f"/builds/{made['build_id']}/ws/", handshake).replace(
        b"Connection: close", b"Connection: Upgrade"
    )
    received = b""
    with raw.connect() as connection:
        connection.sendall(head)
        while b'"No."' not in received:
            chunk = connection.recv(4096)
            assert chunk, received
            received += chunk
    assert received.startswith(b"HTTP/1.1 101")


def test_streams_that_nobody_follows_any_more_ask_for_nothing(
    api: Api, raw: RawClient, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Event()
    real = api.store.feed.wait_for_any

    def counted(after: int, *, timeout: float, stop: threading.Event) -> int:
        looks.set()
        return real(after, timeout=timeout, stop=stop)

    monkeypatch.setattr(api.store.feed, "wait_for_any", counted)
    with raw.connect() as connection:
        connection.sendall(raw.head("GET", f"/builds/{made['build_id']}/events/"))
        assert looks.wait(10)
    reached = []
    for _ in range(20):
        looks.clear()
        if not looks.wait(1.0):
            break
        reached.append(1)
    assert len(reached) < 20
