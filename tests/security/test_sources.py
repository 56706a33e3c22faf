"""Releases that nobody uploaded: from a folder, or over HTTPS with all that may be wrong there."""

import hashlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.clock import SystemClock
from api.http.app import create_app
from tests.api.conftest import TOKEN, Api
from tests.api.plugins import plugin

RELEASE = {"plugin": "my-plugin", "version": "1.0.0"}
PATH = "/my-plugin/1.0.0.zip"


@dataclass
class Host:
    """An HTTPS server of releases, and what it answers: (status, body) by path."""

    port: int
    ca_file: Path
    replies: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stall: threading.Event = field(default_factory=threading.Event)

    def has(self, archive: bytes, checksum: str | None = None) -> None:
        digest = checksum or hashlib.sha256(archive).hexdigest()
        self.replies = {PATH: (200, archive), f"{PATH}.sha256": (200, f"{digest}  1.0.0.zip\n".encode())}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    certificate = tmp_path / "host.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    subprocess.run([*command, "-keyout", certificate, "-out", tmp_path / "ca.pem"], check=True, capture_output=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            status, body = found.replies.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"https://localhost:{found.port}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:1])
            if status == 200 and self.path in found.replies and b"stall" in body[:10]:
                found.stall.wait(10)
            self.wfile.write(body[1:])

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Host(server.server_port, tmp_path / "ca.pem")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.stall.set()
    server.shutdown()
    server.server_close()


def client_with(api: Api, **settings: object) -> TestClient:
    """A client of the same API with these settings, on a clock that goes."""
    changed = api.deps.settings.model_copy(update=settings)
    app = create_app(replace(api.deps, settings=changed, clock=SystemClock()))
    return TestClient(app, headers={"Authorization": TOKEN})


def client_of(api: Api, host: Host, **settings: object) -> TestClient:
    usual: dict[str, object] = {
        "release_url": f"https://localhost:{host.port}/{{code}}/{{version}}.zip",
        "release_hosts": frozenset({"localhost"}),
        "release_private_addresses": True,
        "release_ca_file": str(host.ca_file),
        "release_timeout": 1.0,
    }
    return client_with(api, **{**usual, **settings})


def detail(client: TestClient) -> tuple[int, str]:
    reply = client.post("/plugin_releases/", json=RELEASE)
    return reply.status_code, reply.text


@pytest.mark.parametrize("name", ["my-plugin/1.0.0.zip", "my-plugin-1.0.0.zip"])
def test_a_folder_of_releases(name: str, api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "releases"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(plugin())
    client = client_with(api, release_folder=folder)
    made = client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0"})
    assert made.status_code == 201, made.text
    assert client.get("/plugin_releases/my-plugin@1.0.0").status_code == 200
    assert client.post("/plugin_releases/", json={"plugin": "other", "version": "1"}).status_code == 404


@pytest.mark.parametrize("name", ["../my-plugin", "a/../../my-plugin", ".hidden", "a/..", "/etc/passwd", "a\\b"])
def test_nothing_beside_the_folder(name: str, api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "releases"
    folder.mkdir()
    (tmp_path / "my-plugin-1.0.0.zip").write_bytes(plugin())
    (folder / "link-1.0.0.zip").symlink_to(tmp_path / "my-plugin-1.0.0.zip")
    client = client_with(api, release_folder=folder)
    for code in (name, "link"):
        assert client.post("/plugin_releases/", json={"plugin": code, "version": "1.0.0"}).status_code == 404
    assert api.archives() == []


def test_a_release_is_fetched_once_and_kept(api: Api, host: Host) -> None:
    host.has(plugin())
    client = client_of(api, host)
    assert detail(client)[0] == 200
    assert detail(client)[0] == 200
    assert host.asked == [f"{PATH}.sha256", PATH]
    assert client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0"}).status_code == 201


def test_what_is_declared_is_fetched_too(api: Api, host: Host) -> None:
    host.has(plugin())
    client = client_of(api, host)
    assert declare(client, "my-plugin@1.0.0")[0] == 201
    assert declare(client, "my-plugin@1.0.0")[0] == 200
    assert host.asked == [f"{PATH}.sha256", PATH]
    status, text = declare(client, "other@1")
    assert status == 422
    assert "nobody has uploaded the release other@1" in text


def declare(client: TestClient, release: str) -> tuple[int, str]:
    manifest = {
        "apiVersion": "playground/v1",
        "kind": "Playground",
        "metadata": {"name": "declared"},
        "spec": {"plugin": {"release": release}},
    }
    reply = client.put("/v1/playgrounds/declared", json=manifest)
    return reply.status_code, reply.text


def test_what_nobody_has_is_404(api: Api, host: Host) -> None:
    assert detail(client_of(api, host))[0] == 404


def test_a_wrong_checksum_keeps_nothing(api: Api, host: Host) -> None:
    host.has(plugin(), checksum="0" * 64)
    status, text = detail(client_of(api, host))
    assert (status, "does not have the SHA-256" in text) == (409, True)
    host.has(plugin(), checksum="no checksum")
    assert detail(client_of(api, host))[0] == 409
    assert api.archives() == []


def test_a_redirect_is_not_followed(api: Api, host: Host) -> None:
    host.has(plugin())
    host.replies[PATH] = (302, b"")
    status, text = detail(client_of(api, host))
    assert (status, "answered 302" in text) == (409, True)
    assert "/elsewhere" not in host.asked


def test_one_that_is_too_large_or_another_release_is_refused(api: Api, host: Host) -> None:
    host.has(bytes(2 * 1024 * 1024))
    assert detail(client_of(api, host))[0] == 413
    host.has(plugin(code="another"))
    assert detail(client_of(api, host))[0] == 422
    host.has(b"no zip at all")
    assert detail(client_of(api, host))[0] == 422
    assert api.archives() == []


def test_one_that_takes_too_long_is_given_up(api: Api, host: Host) -> None:
    host.has(b"stall and nothing more")
    status, text = detail(client_of(api, host))
    assert status == 409
    assert "broke off" in text or "took longer" in text
    assert api.archives() == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"release_private_addresses": False}, "private address 127.0.0.1"),
        ({"release_hosts": frozenset({"other.example"})}, "see release_hosts"),
        ({"release_ca_file": None}, "could not be asked"),
    ],
)
def test_only_named_hosts_with_public_addresses_that_are_who_they_say(
    settings: dict[str, object], says: str, api: Api, host: Host
) -> None:
    host.has(plugin())
    status, text = detail(client_of(api, host, **settings))
    assert (status, says in text) == (409, True), text
    assert host.asked == []
