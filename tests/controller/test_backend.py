"""The backend hears of every change once, however often it fails, and no pass waits for it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from api.resources.playground import Playground
from controller.backend import MAX_ATTEMPTS, MAX_WAITING, BackendHealth, Message, http_post
from tests.fakes.clock import FakeClock
from tests.planner.worlds import READY, current, playground, reported, view


def of_backend(number: int = 17, uid: str | None = None, *, serves: bool = True) -> Playground:
    made = playground()
    changes: dict[str, Any] = {"backend_container_id": str(number), **({"uid": uid} if uid else {})}
    made = made.model_copy(update={"metadata": made.metadata.model_copy(update=changes)})
    status = reported(view(made, current(made), probe=READY)).status if serves else made.status
    return made.model_copy(update={"status": status})


class Backend:
    """Takes messages, or is down for a while."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Message]] = []
        self.failures = 0
        self.tried = 0

    def post(self, backend_id: str, message: Message) -> None:
        self.tried += 1
        if self.failures:
            self.failures -= 1
            raise OSError("down")
        self.got.append((backend_id, message))


@pytest.fixture
def backend() -> Backend:
    return Backend()


def test_each_change_is_told_once(backend: Backend) -> None:
    clock = FakeClock()
    pushes = BackendHealth(backend.post, clock)
    pushes.note(playground())
    for _ in range(3):
        pushes.note(of_backend())
        pushes.send_due()
    ((backend_id, message),) = backend.got
    assert backend_id == "17"
    assert (message["status"], message["health_state"], message["consecutive_failures"]) == ("running", "healthy", 0)
    assert message["last_health_error"] is None
    assert str(message["last_health_check_at"]).endswith("Z")
    pushes.note(of_backend(serves=False))
    pushes.send_due()
    assert backend.got[-1][1]["status"] == "requested"


def test_one_that_fails_is_tried_again_with_back_off_and_the_newest_is_told(backend: Backend) -> None:
    clock = FakeClock()
    pushes = BackendHealth(backend.post, clock)
    backend.failures = 2
    pushes.note(of_backend(serves=False))
    pushes.send_due()
    pushes.send_due()
    assert backend.tried == 1, "not at once"
    pushes.note(of_backend())
    pushes.send_due()
    clock.advance(1.3)
    pushes.send_due()
    assert [message["status"] for _, message in backend.got] == ["running"]


def test_it_is_given_up_in_the_end(backend: Backend) -> None:
    clock = FakeClock()
    pushes = BackendHealth(backend.post, clock)
    backend.failures = 1000
    pushes.note(of_backend())
    for _ in range(100):
        pushes.send_due()
        clock.advance(400.0)
    assert backend.tried == MAX_ATTEMPTS


def test_what_waits_is_bounded(backend: Backend) -> None:
    pushes = BackendHealth(backend.post, FakeClock())
    for number in range(MAX_WAITING + 10):
        pushes.note(of_backend(number, f"{number:012x}"))
    pushes.send_due()
    assert len(backend.got) == MAX_WAITING


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    asked: list[tuple[str, str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers.get("Authorization", ""), body))
            self.send_response(500 if "bad" in self.path else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/base/", asked
    listening.shutdown()
    listening.server_close()


def test_what_goes_over_the_wire(server: tuple[str, list[tuple[str, str, Any]]]) -> None:
    address, asked = server
    http_post(address, "secret")("a/7", {"status": "running"})
    assert asked == [("/base/v2/_agent/containers/a%2F7/health/", "Token secret", {"status": "running"})]
    with pytest.raises(OSError, match="answered 500"):
        http_post(address, None)("bad", {})
    with pytest.raises(OSError):
        http_post("http://127.0.0.1:9", None)("x", {})
