"""The bytes that the platform's clients send, on a real socket."""

import contextlib
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.api.conftest import Api, running
from tests.api.plugins import plugin
from tests.api.raw import BOUNDARY, RawClient, field, file_head, file_part, form


def test_a_part_without_content_type_and_repeated_labels(api: Api, raw: RawClient) -> None:
    body = form(
        field("plugin_release", "my-plugin@1.0.0"),
        field("plugin", "my-plugin"),
        field("version", "1.0.0"),
        field("model", "0"),
        field("params", '{"input_size": 512}'),
        field("labels", "gradio"),
        field("labels", "production"),
        file_part(plugin()),
    )
    reply = raw.multipart("/containers/", body)
    assert reply.status == 201, reply.body
    assert (reply.json()["labels"], reply.json()["model"]) == (["gradio", "production"], 0)


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/zip", "text/plain; charset=x"])
def test_the_files_content_type_does_not_matter(raw: RawClient, content_type: str) -> None:
    head = file_head().replace(b"\r\n\r\n", f"\r\nContent-Type: {content_type}\r\n\r\n".encode())
    assert raw.multipart("/containers/", form(head + plugin() + b"\r\n")).status == 201


def test_the_archive_may_come_first_and_hold_what_looks_like_a_boundary(api: Api, raw: RawClient) -> None:
    tricky = f"\r\n--{BOUNDARY}x\r\n--{BOUNDARY[:-1]}\r\n\r\n--".encode() * 50
    content = plugin(page="import gradio\n" + tricky.hex(), others={"data.bin": tricky})
    assert raw.multipart("/containers/", form(file_part(content), field("model", "3"))).json()["model"] == 3


@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_a_chunked_upload_of_any_chunk_size(raw: RawClient, chunk: int) -> None:
    body = form(field("labels", "a"), file_part(plugin()))
    pieces = b"".join(
        f"{len(body[at : at + chunk]):x}\r\n".encode() + body[at : at + chunk] + b"\r\n"
        for at in range(0, len(body), chunk)
    )
    headers = [f'Content-Type: multipart/form-data; boundary="{BOUNDARY}"', "Transfer-Encoding: chunked"]
    assert raw.send("POST", "/containers", headers, pieces + b"0\r\n\r\n").status == 201


EMPTY = ["Content-Type: application/json", "Content-Length: 0"]


def test_empty_bodies_that_say_they_are_json(api: Api, raw: RawClient) -> None:
    uid = raw.multipart("/containers/", form(file_part(plugin()))).json()["uid"]
    assert raw.send("POST", f"/containers/docker/{uid}/stop/", EMPTY).status == 200
    assert raw.send("POST", f"/containers/docker/{uid}/start/", EMPTY).status == 200
    assert raw.send("POST", f"/containers/{uid}/restart", EMPTY).status == 200
    assert raw.send("PATCH", f"/containers/{uid}", EMPTY).status == 200
    for path in ("/containers/", "/containers/docker/", "/plugin_releases/"):
        assert raw.send("POST", path, EMPTY).status == 422
    reply = raw.send("DELETE", f"/containers/{uid}", EMPTY)
    assert (reply.status, reply.body) == (204, b"")


def test_an_at_sign_in_the_path_is_not_escaped(raw: RawClient) -> None:
    raw.multipart("/plugin_releases/", form(file_part(plugin())))
    assert raw.send("GET", "/plugin_releases/my-plugin@1.0.0").json()["id"] == 1
    assert raw.send("DELETE", "/plugin_releases/my-plugin%401.0.0/").status == 204


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "before its last boundary"),
        (b"garbage", "no multipart"),
        (field("labels", "a"), "before its last boundary"),
        (file_head() + plugin(), "before its last boundary"),
        (form(b"--" + BOUNDARY.encode() + b"\r\n\r\nx\r\n"), "no name"),
        (form(b"--" + BOUNDARY.encode() + b"\r\nContent-Disposition: form-data\r\n\r\nx\r\n"), "no name"),
        (form(file_part(plugin()), file_part(plugin())), "two"),
        (form(field("params", "\xff")).replace(b"\xc3\xbf", b"\xff"), "UTF-8"),
        (form(b"--" + BOUNDARY.encode() + b"\r\nA: " + b"x" * 10_000 + b"\r\n\r\nx\r\n"), "no multipart"),
    ],
)
def test_broken_multipart_is_422_and_leaves_nothing(api: Api, raw: RawClient, body: bytes, says: str) -> None:
    reply = raw.multipart("/containers/", body)
    assert reply.status == 422, reply.body
    assert says in reply.json()["detail"][0]["msg"]
    assert api.archives() == []


def test_a_multipart_body_without_a_boundary(raw: RawClient) -> None:
    reply = raw.send("POST", "/containers/", ["Content-Type: multipart/form-data", "Content-Length: 0"])
    assert (reply.status, reply.json()["detail"][0]["loc"]) == (422, ["header", "content-type"])


def test_too_many_parts_and_too_long_fields_are_413(api: Api, raw: RawClient) -> None:
    assert raw.multipart("/containers/", form(*[field("labels", "a")] * 1001)).status == 413
    assert raw.multipart("/containers/", form(field("params", "x" * (1024 * 1024 + 1)))).status == 413
    assert api.archives() == []


def test_a_client_that_still_sends_gets_to_read_why(api: Api, raw: RawClient) -> None:
    """The whole body is taken in before the refusal, as clients read only when they have sent everything."""
    too_large = form(file_part(b"x" * (8 * 1024 * 1024)))
    reply = raw.multipart("/containers/", too_large)
    assert reply.status == 413
    assert "retry-after" not in reply.headers
    stranger = RawClient(raw.port, "wrong")
    assert stranger.multipart("/containers/", too_large).status == 401
    assert api.archives() == []


def test_a_client_that_leaves_in_mid_upload_leaves_nothing(api: Api, raw: RawClient) -> None:
    connection = raw.connect()
    headers = [f"Content-Type: multipart/form-data; boundary={BOUNDARY}", "Content-Length: 900000"]
    connection.sendall(raw.head("POST", "/containers/", headers) + field("labels", "a") + file_head() + b"x" * 600_000)
    incoming = api.data_dir / "archives" / "incoming"
    _wait_for(lambda: incoming.is_dir() and any(incoming.iterdir()), raw)
    connection.close()
    _wait_for(lambda: api.archives() == [], raw)
    assert raw.send("GET", "/containers/").json()["count"] == 0


def _wait_for(reached: Callable[[], bool], raw: RawClient) -> None:
    """Asks the server something until a condition holds: each request lets its loop go on."""
    for _ in range(2000):
        if reached():
            return
        raw.send("GET", "/health/")
    raise AssertionError("never reached")


def test_no_reply_is_ever_5xx_for_garbage(raw: RawClient) -> None:
    for line in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", b"POST /containers/ HTTP/1.1\r\nHost: x\r\n\r\n"):
        with raw.connect() as connection:
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            with contextlib.suppress(ConnectionError):
                received = connection.recv(4096)
            assert b" 5" not in received.partition(b"\r\n")[0], received


UPLOAD = """
import socket, sys
port, token, size = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
head = b'--b\\r\\nContent-Disposition: form-data; name="file"; filename="p.zip"\\r\\n\\r\\n'
tail = b"\\r\\n--b--\\r\\n"
with socket.create_connection(("127.0.0.1", port)) as connection:
    lines = ["POST /containers/ HTTP/1.1", "Host: x", f"Authorization: {token}", "Connection: close",
             "Content-Type: multipart/form-data; boundary=b", f"Content-Length: {len(head) + size + len(tail)}"]
    connection.sendall(("\\r\\n".join(lines) + "\\r\\n\\r\\n").encode() + head)
    piece = b"x" * 65536
    for _ in range(size // len(piece)):
        connection.sendall(piece)
    connection.sendall(tail)
    print(connection.recv(4096).split(b"\\r\\n")[0].decode())
"""


def test_a_large_archive_is_never_in_memory_whole(api: Api) -> None:
    """200 MB from another process; this one, which serves, grows by a few MB."""
    size = 200 * 1024 * 1024
    settings = api.deps.settings.model_copy(update={"max_archive_bytes": 2 * size})
    with running(replace(api.deps, settings=settings)) as port:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        arguments = [sys.executable, "-c", UPLOAD, str(port), api.deps.token, str(size)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=True)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert done.stdout.startswith("HTTP/1.1 422 ")
    assert after - before < 48 * 1024, f"grew by {(after - before) // 1024} MiB"
    assert api.archives() == []
