"""What the base image is installed with: uv from whatever index, by pip where the index is odd, and byte code."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from controller.baseimage.image import compile_all, fetch_uv

NAME = "uv-1.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
OTHER = "uv-1.0-py3-none-musllinux_1_1_aarch64.whl"


def wheel(program: str = "#!/bin/sh\necho uv 1.0\n") -> bytes:
    """A wheel whose program is a script."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("uv-1.0.data/scripts/uv", program)
        archive.writestr("uv-1.0.data/scripts/uvx", "another")
    return buffer.getvalue()


def lock(*wheels: bytes) -> str:
    """The lock that pins them."""
    return "uv==1.0 \\\n" + " \\\n".join(f"    --hash=sha256:{hashlib.sha256(each).hexdigest()}" for each in wheels)


@contextmanager
def index(pages: dict[str, tuple[str, bytes]]) -> Iterator[str]:
    """An index with these pages by path: (content type, body). Yields its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = pages.get(self.path, ("", b""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every machine that runs this is one of a kind."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))


def test_the_wheel_that_fits_is_unpacked(tmp_path: Path) -> None:
    good = wheel()
    digest = hashlib.sha256(good).hexdigest()
    files = {OTHER: "0" * 64, NAME: digest}
    links = "\n".join(f'<a href="../../files/{name}#sha256={sha}">{name}</a>' for name, sha in files.items())
    page = ("text/html; charset=utf-8", links.encode())
    with index({"/simple/uv/": page, f"/files/{NAME}": ("binary/octet-stream", good)}) as url:
        fetch_uv.fetch(lock(good), tmp_path, url)
    assert (tmp_path / "bin" / "uv").read_text().startswith("#!/bin/sh")
    assert not (tmp_path / "bin" / "uvx").exists()


@pytest.mark.parametrize(
    ("pinned", "served", "said"),
    [
        (wheel("another"), wheel(), "no wheel of uv that is pinned"),
        (wheel(), wheel("another"), "another hash"),
        (wheel("#!/bin/sh\nexit 3\n"), wheel("#!/bin/sh\nexit 3\n"), "does not run here"),
    ],
)
def test_what_is_not_pinned_is_not_taken(tmp_path: Path, pinned: bytes, served: bytes, said: str) -> None:
    listed = hashlib.sha256(wheel() if "no wheel" in said else pinned).hexdigest()
    page = ("text/html", f'<a href="/files/{NAME}#sha256={listed}">{NAME}</a>'.encode())
    with (
        index({"/simple/uv/": page, f"/files/{NAME}": ("binary/octet-stream", served)}) as url,
        pytest.raises(fetch_uv.NotAsKnown, match=said),
    ):
        fetch_uv.fetch(lock(pinned), tmp_path, url)


@pytest.mark.parametrize(
    ("name", "libc", "fitting"),
    [
        (NAME, "manylinux", True),
        (NAME, "musllinux", False),
        (OTHER, "musllinux", False),
        ("uv-1.0.tar.gz", "manylinux", False),
        ("uv-1.0-py3-none-macosx_11_0_x86_64.whl", "manylinux", False),
    ],
)
def test_a_wheel_fits_by_its_name(name: str, libc: str, fitting: bool) -> None:
    assert fetch_uv.fits(f"http://index/{name}", "x86_64", libc) is fitting


def test_pip_installs_where_the_index_is_odd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(fetch_uv, "PIP_CONF", tmp_path / "pip.conf")

    def install(lock: Path, folder: Path, pip: list[str]) -> int:
        asked.append(folder)
        return 7

    monkeypatch.setattr(fetch_uv, "install", install)
    (tmp_path / "uv.lock").write_text(lock(wheel()))
    with index({}) as url:
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {url}\n")
        assert fetch_uv.main([str(tmp_path / "uv.lock"), str(tmp_path / "tools")]) == 7
    assert asked == [tmp_path / "tools"]
    assert "uv comes by pip: HTTPError" in capsys.readouterr().out


def test_the_index_is_the_one_that_pip_asks(tmp_path: Path) -> None:
    from pip._internal.models.index import PyPI

    assert fetch_uv.index_url(tmp_path / "none", []) == PyPI.simple_url
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = http://mirror/simple\n")
    assert fetch_uv.index_url(tmp_path / "pip.conf", []) == "http://mirror/simple"


def test_byte_code_of_all_but_tests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("a.py", "package/b.py", "package/tests/c.py", "package/test/d.py", "package/data.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x = 1\n")
    (tmp_path / "package" / "broken.py").write_text("this is no Python\n")
    assert compile_all.main([str(tmp_path)]) == 0
    names = {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")}
    assert names == {"a", "b"}
    assert capsys.readouterr().out == "Byte code of 2 files, of 3.\n"
