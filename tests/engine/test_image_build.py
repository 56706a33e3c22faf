"""Image builds on the real engine: progress, failures, and an end that is one, whoever asks for it."""

import contextlib
import io
import json
import socketserver
import tarfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from controller.engine.base_images import find_image
from controller.engine.build_trace import STDERR
from controller.engine.connect import EngineClient, connect
from controller.engine.errors import (
    BuildCancelled,
    BuildTimedOut,
    EngineRefused,
    EngineUnavailable,
    ImageBuildFailed,
)
from controller.engine.image_build import BuildRequest, build_image
from controller.engine.log_tail import LOG_TAIL_LINES
from tests.engine.test_build_log import printed

BASE = "playground-python-base:latest"


@pytest.fixture(scope="module")
def api() -> Iterator[EngineClient]:
    client = connect(None, 20)
    assert find_image(client, BASE), "make setup builds it; without it nothing here could pass"
    yield client
    client.close()


@pytest.fixture
def tag(api: EngineClient) -> Iterator[str]:
    name = f"playground-test-build-{uuid.uuid4().hex[:8]}:t"
    yield name
    with contextlib.suppress(docker.errors.ImageNotFound):
        api.remove_image(name, force=True)


def context(dockerfile: str, **files: bytes) -> Iterator[bytes]:
    """A tar in small pieces, empty ones among them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in {"Dockerfile": dockerfile.encode(), **files}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    data = buffer.getvalue()
    for start in range(0, len(data), 4096):
        yield data[start : start + 4096]
        yield b""


def build(
    api: EngineClient,
    pieces: Iterator[bytes],
    request: BuildRequest,
    *,
    on_line: Callable[[str], None] = lambda line: None,
    cancelled: threading.Event | None = None,
    deadline_s: float = 60,
) -> str:
    return build_image(
        api, pieces, request, cancelled=cancelled or threading.Event(), deadline_s=deadline_s, on_line=on_line
    )


def running(marker: str) -> bool:
    """Whether a process with the marker in its command line runs anywhere on this machine."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in entry.read_bytes():
                return True
        except OSError:
            continue
    return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.mark.engine
def test_a_build_yields_the_image_with_its_labels_and_shows_steps_and_output(api: EngineClient, tag: str) -> None:
    lines: list[str] = []
    request = BuildRequest(tag, {"playground.test": "yes"}, {"WORD": "grüezi"})
    nonce = uuid.uuid4().hex
    dockerfile = (
        f'FROM {BASE}\nARG WORD\nCOPY payload /payload\nRUN echo "said $WORD {nonce}"; printf "no line end"; echo >&2'
    )
    image_id = build(api, context(dockerfile, payload=b"x" * 300_000), request, on_line=lines.append)

    image = find_image(api, tag)
    assert image
    assert image.image_id == image_id
    assert image.labels["playground.test"] == "yes"
    assert f"said grüezi {nonce}" in lines
    assert "no line end" in lines
    assert any(line.startswith("[") and "COPY payload" in line for line in lines)


@pytest.mark.engine
def test_a_cache_mount_outlives_the_build(api: EngineClient, tag: str) -> None:
    cache = f"id=playground-test-{uuid.uuid4().hex},target=/cache"
    lines: list[str] = []
    for step in ("one", "two"):
        dockerfile = f"FROM {BASE}\nRUN --mount=type=cache,{cache} touch /cache/{step}; echo kept $(ls /cache)\n"
        build(api, context(dockerfile), BuildRequest(tag), on_line=lines.append)
    assert "kept one" in lines
    assert "kept one two" in lines


@pytest.mark.engine
def test_a_failed_step_says_why_and_keeps_the_last_hundred_lines(api: EngineClient, tag: str) -> None:
    dockerfile = f"FROM {BASE}\nRUN for i in $(seq 250); do echo line $i; done; echo the cause >&2; exit 7\n"
    with pytest.raises(ImageBuildFailed) as failure:
        build(api, context(dockerfile), BuildRequest(tag))
    assert "exit code: 7" in failure.value.reason
    assert len(failure.value.log_tail) == LOG_TAIL_LINES
    assert "the cause" in failure.value.log_tail
    assert "line 250" in failure.value.log_tail
    assert not api.images(name=tag)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        (f"FROM {BASE}\nRUMBLE\n", "unknown instruction: RUMBLE"),
        (f"FROM {BASE}\nCOPY nowhere /there\n", "nowhere"),
        ("FROM playground-no-such-image:none\n", "playground-no-such-image"),
    ],
)
def test_a_wrong_dockerfile_is_a_failed_build(api: EngineClient, tag: str, dockerfile: str, words: str) -> None:
    with pytest.raises(ImageBuildFailed, match=words):
        build(api, context(dockerfile), BuildRequest(tag))


@pytest.mark.engine
def test_a_wrong_name_is_refused(api: EngineClient) -> None:
    with pytest.raises((EngineRefused, ImageBuildFailed), match="invalid"):
        build(api, context(f"FROM {BASE}\n"), BuildRequest("Not A Name"))


@pytest.mark.engine
def test_cancelling_a_silent_build_ends_its_processes_at_once(api: EngineClient, tag: str) -> None:
    marker = f"7{uuid.uuid4().int % 10**8:08d}"
    cancelled = threading.Event()

    def cancel_once_it_sleeps() -> None:
        if wait_until(lambda: running(f"sleep\0{marker}"), 20):
            cancelled.set()

    watcher = threading.Thread(target=cancel_once_it_sleeps)
    watcher.start()
    with pytest.raises(BuildCancelled) as end:
        build(
            api,
            context(f"FROM {BASE}\nRUN echo begun; sleep {marker}; echo over\n"),
            BuildRequest(tag),
            cancelled=cancelled,
        )
    watcher.join()
    assert "begun" in end.value.log_tail
    assert wait_until(lambda: not running(f"sleep\0{marker}"), 5)
    assert not api.images(name=tag)


@pytest.mark.engine
def test_a_deadline_ends_the_build_on_the_engine_too(api: EngineClient, tag: str) -> None:
    marker = f"6{uuid.uuid4().int % 10**8:08d}"
    begun = time.monotonic()
    with pytest.raises(BuildTimedOut, match="not done after 2 s"):
        build(api, context(f"FROM {BASE}\nRUN sleep {marker}\n"), BuildRequest(tag), deadline_s=2)
    assert time.monotonic() - begun < 4
    assert wait_until(lambda: not running(f"sleep\0{marker}"), 5)


@pytest.mark.engine
def test_an_error_of_the_context_comes_through(api: EngineClient, tag: str) -> None:
    def torn() -> Iterator[bytes]:
        yield from [b"\0" * 100]
        raise PermissionError("the archive may not be read")

    with pytest.raises(PermissionError, match="may not be read"):
        build(api, torn(), BuildRequest(tag))


@pytest.mark.engine
def test_cancelling_while_the_context_is_being_sent(api: EngineClient, tag: str) -> None:
    cancelled = threading.Event()

    def endless() -> Iterator[bytes]:
        yield from context(f"FROM {BASE}\n")
        while True:
            cancelled.set()
            yield b"\0" * 512

    with pytest.raises(BuildCancelled):
        build(api, endless(), BuildRequest(tag), cancelled=cancelled)


@pytest.mark.engine
def test_an_error_in_on_line_ends_the_build(api: EngineClient, tag: str) -> None:
    marker = f"5{uuid.uuid4().int % 10**8:08d}"

    def full(line: str) -> None:
        if line == "begun":
            raise OSError("no space left for the log")

    with pytest.raises(OSError, match="no space left"):
        build(api, context(f"FROM {BASE}\nRUN echo begun; sleep {marker}\n"), BuildRequest(tag), on_line=full)
    assert wait_until(lambda: not running(f"sleep\0{marker}"), 5)


class _BreakingEngine(socketserver.ThreadingUnixStreamServer):
    """Something at a socket that answers a build with given bytes and then hangs up (or stays silent)."""

    daemon_threads = True
    answer = b""
    silent = threading.Event()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _BreakingEngine)
        request = self.rfile.readline()
        for line in iter(self.rfile.readline, b"\r\n"):
            assert line
        if b"/version" in request:
            body = json.dumps({"ApiVersion": "1.41"}).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        while self.rfile.readline() != b"0\r\n":
            pass
        self.wfile.write(server.answer)
        self.wfile.flush()
        server.silent.wait(10)


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[_BreakingEngine]:
    with _BreakingEngine(str(tmp_path / "engine.sock"), _Handler) as server:
        server.silent = threading.Event()
        server.silent.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.silent.set()
        server.shutdown()
        thread.join()


def client_of(server: _BreakingEngine) -> EngineClient:
    return connect(f"unix://{server.server_address!s}", 5)


_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        _STREAM,
        _STREAM + b'b\r\n{"stream":""\r\n',
        _STREAM + b"0\r\n\r\n",
        b'HTTP/1.1 500 Oops\r\nContent-Length: 18\r\n\r\n{"message":"oops"}',
        _STREAM + b'1e\r\n{"error":"context canceled!"}\n\r\n0\r\n\r\n',
    ],
    ids=["no answer", "no line", "half a line", "no result", "a 500", "engine is stopped"],
)
def test_a_broken_connection_is_no_failed_build(broken: _BreakingEngine, answer: bytes) -> None:
    broken.answer = answer
    with client_of(broken) as api, pytest.raises(EngineUnavailable):
        build(api, context("FROM scratch\n"), BuildRequest("x:t"))


def test_a_400_is_a_refusal(broken: _BreakingEngine) -> None:
    broken.answer = b'HTTP/1.1 400 Bad\r\nContent-Length: 23\r\n\r\n{"message":"bad thing"}'
    with client_of(broken) as api, pytest.raises(EngineRefused, match="bad thing"):
        build(api, context("FROM scratch\n"), BuildRequest("x:t"))


def chunk(message: object) -> bytes:
    data = json.dumps(message).encode() + b"\r\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_cause_that_arrives_before_all_of_stdout_is_in_the_failure(broken: _BreakingEngine) -> None:
    said = [printed(b"the cause\n", STDERR), *(printed(f"line {i}\n".encode()) for i in range(250))]
    trace = b"".join(chunk({"id": "moby.buildkit.trace", "aux": aux}) for aux in said)
    broken.answer = _STREAM + trace + chunk({"error": "exit code: 7"}) + b"0\r\n\r\n"
    with client_of(broken) as api, pytest.raises(ImageBuildFailed, match="exit code: 7") as failure:
        build(api, context("FROM scratch\n"), BuildRequest("x:t"))
    assert failure.value.log_tail == ("the cause", *(f"line {i}" for i in range(151, 250)))


def test_an_engine_that_says_nothing_holds_nobody_past_the_deadline(broken: _BreakingEngine) -> None:
    broken.silent.clear()
    begun = time.monotonic()
    with client_of(broken) as api, pytest.raises(BuildTimedOut):
        build(api, context("FROM scratch\n"), BuildRequest("x:t"), deadline_s=0.3)
    assert time.monotonic() - begun < 4


def test_no_engine_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="there is no such socket"):
        connect(f"unix://{tmp_path}/none.sock", 1)
    with pytest.raises(EngineUnavailable, match="nobody listens there"):
        connect("tcp://127.0.0.1:1", 1)
