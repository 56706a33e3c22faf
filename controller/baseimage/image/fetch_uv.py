"""Gets uv before anything is installed. Runs in the build of the base image, with the standard library only.

    python3 fetch_uv.py LOCK FOLDER

LOCK pins uv, with the hashes of its wheels; FOLDER/bin/uv is there afterwards. pip could do it alone, and does so where
anything is not as it is known here. But pip would have to be installed first, or be started from a wheel, without byte
code: that would take a fifth of the whole image's time, the download itself takes next to nothing.
"""

import configparser
import importlib.util
import io
import os
import platform
import re
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from hashlib import sha256
from html import unescape
from pathlib import Path
from urllib.parse import urldefrag, urljoin

PIP_CONF = Path("/etc/pip.conf")
_TIMEOUT_S = 30.0
_LINK = re.compile(r"""<a\s[^>]*?href=["']([^"']+)["']""", re.IGNORECASE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class NotAsKnown(Exception):
    """Something about the index or the wheel is not as this file knows it; says what."""


def say(text: str) -> None:
    """One line into the build's log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def pip_path() -> list[str]:
    """What must be added to the path for `import pip`: nothing, or the wheel that comes with Python."""
    if importlib.util.find_spec("pip"):
        return []
    folders = [Path(sysconfig.get_path("stdlib"), "ensurepip", "_bundled")]
    if sysconfig.get_config_var("WHEEL_PKG_DIR"):  # distributions keep it there
        folders.insert(0, Path(sysconfig.get_config_var("WHEEL_PKG_DIR")))
    wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    if not wheels:
        raise SystemExit("The Python image has neither pip nor the wheel of it that ensurepip installs.")
    return [str(wheels[0])]


def index_url(pip_conf: Path, pip: list[str]) -> str:
    """The index that pip would ask: the one in its configuration, else the one that it knows itself."""
    parser = configparser.RawConfigParser()
    parser.read(pip_conf, encoding="utf-8")
    url = parser.get("global", "index-url", fallback="")
    if url:
        return url
    sys.path[:0] = pip
    from pip._internal.models.index import PyPI  # noqa: PLC0415 - its own, so no public API; pip installs where it fails

    return str(PyPI.simple_url)


def wheel_links(page: bytes, url: str) -> list[tuple[str, str]]:
    """(address, SHA-256) of what a project's page lists, in the form that every index has (PEP 503)."""
    found = []
    for href in _LINK.findall(page.decode()):
        address, fragment = urldefrag(urljoin(url, unescape(href)))
        found.append((address, fragment.removeprefix("sha256=")))
    return found


def fits(address: str, machine: str, libc: str) -> bool:
    """Whether it is a wheel for this processor and this C library (`manylinux`, `musllinux`)."""
    name = address.rpartition("/")[2]
    return name.endswith(".whl") and any(
        tag.startswith(libc) and tag.endswith(f"_{machine}")
        for tag in name.removesuffix(".whl").split("-")[-1].split(".")
    )


def fetch(lock: str, folder: Path, index: str) -> None:
    """Download, check and unpack. Raises NotAsKnown, OSError, and what the parsers raise."""
    hashes = set(_HASH.findall(lock))
    page_url = f"{index.rstrip('/')}/uv/"
    request = urllib.request.Request(page_url, headers={"Accept": "text/html"})  # noqa: S310 - as configured for pip
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - likewise
        links = wheel_links(answer.read(), answer.url)
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    fitting = [(url, digest) for url, digest in links if digest in hashes and fits(url, platform.machine(), libc)]
    if not fitting:
        raise NotAsKnown("the index lists no wheel of uv that is pinned and fits this machine")
    url, digest = fitting[0]
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - likewise
        wheel = answer.read()
    if sha256(wheel).hexdigest() != digest:
        raise NotAsKnown("the wheel of uv has another hash than the index says")
    target = folder / "bin" / "uv"
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".data/scripts/uv")]
        if len(names) != 1:
            raise NotAsKnown("the wheel of uv holds no program")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive.read(names[0]))
    target.chmod(0o755)
    if subprocess.run([target, "--version"], check=False).returncode != 0:
        raise NotAsKnown("the uv of this wheel does not run here")


def install(lock: Path, folder: Path, pip: list[str]) -> int:
    """Have pip do it; its exit code."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir", "--upgrade"]
    command += ["--no-deps", "--require-hashes", "--target", str(folder), "--requirement", str(lock)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(pip)}, check=False).returncode


def main(arguments: list[str]) -> int:
    """Gets it; 0, or pip's exit code."""
    lock, folder = map(Path, arguments)
    pip = pip_path()
    try:
        fetch(lock.read_text(encoding="utf-8"), folder, index_url(PIP_CONF, pip))
    except Exception as error:  # whatever it is, pip knows more about indexes than this file
        # Others' errors may quote the index's address, and with it a password.
        say(f"uv comes by pip: {error if isinstance(error, NotAsKnown) else type(error).__name__}")
        return install(lock, folder, pip)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
