"""The API as a process: no Docker, no controller, two at once, stopped cleanly."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.http.serve import listen
from api.priority import NICE
from tests.api.conftest import running
from tests.api.raw import RawClient

Process = subprocess.Popen[str]


@contextmanager
def serving(data_dir: Path, **environment: str) -> Iterator[tuple[Process, RawClient]]:
    """`python -m api.http` on a free port, ready."""
    process = start(data_dir, PLAYGROUND_PORT="0", **environment)
    try:
        port = listening(process)
        yield process, RawClient(port, (data_dir / "token").read_text().strip())
    finally:
        process.kill()
        process.communicate()


def start(data_dir: Path, **environment: str) -> Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PLAYGROUND_", "DOCKER_"))}
    clean |= {"PLAYGROUND_DATA_DIR": str(data_dir), "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    clean |= {"PLAYGROUND_ALLOWED_IMAGES": "i", **environment}
    return subprocess.Popen(
        [sys.executable, "-m", "api.http"], env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def listening(process: Process) -> int:
    """The port, from the line of the log that names it."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        said: dict[str, Any] = json.loads(line)
        if said["event"] == "api listening":
            port: int = said["port"]
            return port
    raise AssertionError(lines)


def test_it_serves_without_docker_and_ends_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (process, client):
        assert client.send("GET", "/health/").json()["database"] == {"status": "ok"}
        assert client.send("GET", "/containers/").json()["count"] == 0
        assert RawClient(client.port, "wrong").send("GET", "/containers/").status == 401
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert json.loads(err.splitlines()[-1])["event"] == "api stopped"
    assert (tmp_path / "data" / "token").stat().st_mode & 0o777 == 0o600


def test_the_socket_is_one_that_asyncio_sends_on_without_delay() -> None:
    """It turns Nagle's algorithm off only where the protocol is named; with it each kept-alive reply takes 40 ms."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_it_ends_at_once_while_a_stream_is_open(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, client):
        made = _create(client)
        with client.connect() as connection:
            connection.sendall(client.head("GET", f"/builds/{made['build_id']}/events/"))
            assert connection.recv(65536)
            process.send_signal(signal.SIGINT)
            rest = b"".join(iter(lambda: connection.recv(65536), b""))
            _, err = process.communicate(timeout=20)
    assert rest.endswith(b"0\r\n\r\n"), "the stream ends properly, it is not cut off"
    assert process.returncode == 0
    assert "error" not in {json.loads(line)["level"] for line in err.splitlines()}


def _create(client: RawClient) -> Any:
    body = json.dumps({"kind": "code_server", "plugin_release": "ide@1", "image": "i"}).encode()
    reply = client.send("POST", "/containers/", [f"Content-Length: {len(body)}"], body)
    assert reply.status == 201, reply.body
    return reply.json()


def test_two_may_start_at_once_on_a_new_database(tmp_path: Path) -> None:
    processes = [start(tmp_path, PLAYGROUND_PORT="0") for _ in range(2)]
    try:
        ports = [listening(process) for process in processes]
        token = (tmp_path / "token").read_text().strip()
        _create(RawClient(ports[0], token))
        assert RawClient(ports[1], token).send("GET", "/containers/").json()["count"] == 1
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_a_killed_one_leaves_records_that_the_next_one_serves(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, client):
        made = _create(client)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with serving(tmp_path) as (_, client):
        assert client.send("GET", f"/containers/{made['uid']}").json()["name"] == made["name"]


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path, api: Any) -> None:
    with running(api.deps) as port:
        process = start(tmp_path, PLAYGROUND_PORT=str(port))
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    [line] = err.splitlines()
    assert f"The API can't listen on 127.0.0.1:{port}" in json.loads(line)["error"]


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:////proc/nowhere/x.db"])
def test_a_database_that_can_not_be_is_one_sentence(tmp_path: Path, url: str) -> None:
    process = start(tmp_path, PLAYGROUND_PORT="0", PLAYGROUND_DATABASE_URL=url)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert json.loads(err.splitlines()[-1])["event"] == "api failed"
    assert "Traceback" not in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may go first")
def test_it_goes_before_what_works_beside_it(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, _):
        before, its_own = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (os.getpid(), process.pid))
    assert (its_own, before >= 0) == (NICE, True), "and only it does"
