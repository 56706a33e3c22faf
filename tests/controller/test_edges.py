"""Probes against a small server, the host's ports, small local files."""

import multiprocessing
import queue
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.local_files import ensure_controller_id, ensure_token, read_or_create
from api.settings import Settings
from controller import host_ports
from controller.domain.observed import Probe, ProbeVerdict
from controller.host_ports import TABLES, listening_ports, ports_in_tables
from controller.probes import probe_http

PATIENCE = 10.0


@contextmanager
def answering(*pieces: bytes, hold: bool = False) -> Iterator[tuple[int, "queue.SimpleQueue[bytes]"]]:
    """A server that answers one connection with those pieces (and then stays silent); what it was sent is told."""
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    release = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                requests.put(connection.recv(4096))
                for piece in pieces:
                    connection.sendall(piece)
                if hold:
                    release.wait(PATIENCE)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], requests
        release.set()
        thread.join(PATIENCE)


ANSWERS: dict[str, tuple[tuple[bytes, ...], Probe]] = {
    "200": ((b"HTTP/1.1 200 OK\r\n\r\n{}",), Probe(ProbeVerdict.READY)),
    "200 by an old server, in two pieces": ((b"HTTP/1.0 2", b"00 OK\r\n\r\n"), Probe(ProbeVerdict.READY)),
    "500": ((b"HTTP/1.1 500 Oh\r\n\r\n",), Probe(ProbeVerdict.NOT_READY, "it answered 500")),
    "204": ((b"HTTP/1.1 204 No Content\r\n\r\n",), Probe(ProbeVerdict.NOT_READY, "it answered 204")),
    "302": ((b"HTTP/1.1 302 Found\r\n\r\n",), Probe(ProbeVerdict.NOT_READY, "it answered 302")),
    "2000": ((b"HTTP/1.1 2000 No\r\n\r\n",), Probe(ProbeVerdict.NOT_READY, "it answered something that is not HTTP")),
    "garbage": ((b"\x00\xffSSH-2.0\n",), Probe(ProbeVerdict.NOT_READY, "it answered something that is not HTTP")),
    "nothing": ((), Probe(ProbeVerdict.NOT_READY, "the connection was closed before an answer")),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_the_probe_meets(answer: str) -> None:
    pieces, verdict = ANSWERS[answer]
    with answering(*pieces) as (port, requests):
        assert probe_http("127.0.0.1", port, "/config", PATIENCE) == verdict
        request = requests.get(timeout=PATIENCE)
    assert request.startswith(f"GET /config HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())


def test_silence_is_given_a_limited_time() -> None:
    with answering(hold=True) as (port, _):
        assert probe_http("127.0.0.1", port, "/", 0.05) == Probe(ProbeVerdict.NOT_READY, "no answer within 0.05 s")


def test_a_server_that_drips_does_not_hold_the_worker() -> None:
    release = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not release.wait(0.02):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        found = probe_http("127.0.0.1", server.getsockname()[1], "/", 5.0)
        release.set()
        thread.join(PATIENCE)
    assert found == Probe(ProbeVerdict.NOT_READY, "it answered something that is not HTTP")


def test_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    detail = "connection refused: nothing listens on the port"
    assert probe_http("127.0.0.1", port, "/", 1.0) == Probe(ProbeVerdict.NOT_READY, detail)


def test_a_connection_that_is_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.close()

        thread = threading.Thread(target=reset)
        thread.start()
        found = probe_http("127.0.0.1", server.getsockname()[1], "/", PATIENCE)
        thread.join(PATIENCE)
    assert found.detail == "the connection broke before an answer (ConnectionResetError)"


TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1EB4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:1EB5 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 3
   3: short
"""
TABLE6 = """\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1EB6 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_ports_that_listen_are_read_from_the_kernels_tables(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(TABLE)
    (tmp_path / "tcp6").write_text(TABLE6)
    assert ports_in_tables((tmp_path / "tcp", tmp_path / "tcp6", tmp_path / "none")) == {7860, 22, 7862}


def test_a_real_listener_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] in listening_ports()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert bound.getsockname()[1] not in listening_ports(), "bound, and not listening"


def test_the_kernel_says_what_its_tables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not answer the question, the tables do."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as server6,
    ):
        wanted = {server.getsockname()[1], server6.getsockname()[1]}
        assert wanted <= listening_ports()
        assert wanted <= ports_in_tables(TABLES)
        monkeypatch.setattr(host_ports, "_BY_FAMILY", 99)
        assert wanted <= listening_ports()


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    token = ensure_token(settings)
    path = tmp_path / "data" / "token"
    assert (len(token) >= 40, ensure_token(settings), path.read_text()) == (True, token, token + "\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["token"], "nothing else is left"
    assert ensure_controller_id(settings) == ensure_controller_id(settings)


def test_what_is_set_goes_before_what_was_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, token="given", controller_id="mine")
    assert (ensure_token(settings), ensure_controller_id(settings)) == ("given", "mine")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "two words", "\n", "bell\x07"])
def test_a_spoiled_file_is_told_with_how_to_mend_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    with pytest.raises(ValueError, match="remove the file to have it made anew"):
        read_or_create(tmp_path / "token", lambda: "new")


def _make(path: Path, number: int, go: "multiprocessing.synchronize.Event", out: "multiprocessing.Queue[str]") -> None:
    go.wait(PATIENCE)
    out.put(read_or_create(path, lambda: f"made-by-{number}"))


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    go, out = spawn.Event(), spawn.Queue()
    processes = [spawn.Process(target=_make, args=(tmp_path / "token", number, go, out)) for number in range(4)]
    for process in processes:
        process.start()
    go.set()
    words = {out.get(timeout=PATIENCE) for _ in processes}
    for process in processes:
        process.join(PATIENCE)
    assert len(words) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["token"]
