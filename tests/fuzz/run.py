"""Sends them, on kept connections to a real server, and counts: no 5xx, nothing that hangs, nothing that is left.

`python -m tests.fuzz.run` takes FUZZ_REQUESTS (100,000) from the environment.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, Verbosity, given, settings

from tests.conformance.wire import Reply, Wire
from tests.e2e.eventually import eventually
from tests.fuzz.requests import Asked, requests

TOKEN = "fuzz-token"
HANGS_S = 20.0
MAY_GROW = 96 * 1024 * 1024
WARM_UP = 200


@dataclass
class Figures:
    """What it came to."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    asked: int = 0
    memory_before: int = 0
    memory_after: int = 0
    files_before: int = 0
    files_after: int = 0
    seconds: float = 0.0
    left: list[str] = field(default_factory=list)

    @property
    def leaks(self) -> bool:
        """Whether the server holds more than it should."""
        grown = self.memory_after - self.memory_before
        return bool(self.left) or grown > MAY_GROW or self.files_after > self.files_before + 20

    def __str__(self) -> str:
        by_status = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        grown = (self.memory_after - self.memory_before) / 1024 / 1024
        return (
            f"{self.asked} requests in {self.seconds:.0f} s ({self.asked / self.seconds:.0f}/s); {by_status}\n"
            f"slowest {self.slowest * 1000:.0f} ms; the server's memory grew by {grown:.1f} MiB, "
            f"its open files from {self.files_before} to {self.files_after}; uploads left: {len(self.left)}"
        )


class FuzzWire(Wire):
    """The platform's client, that stands any reply but those that nobody may get."""

    def ask(self, asked: Asked) -> Reply:
        """One request; the connection is made anew when the server has closed it."""
        target = quote(asked.path, safe="/?=&%@:~.,!$'()*+;[]")
        head = (
            f"{asked.method} {target} HTTP/1.1\r\nHost: fuzz\r\nAuthorization: {TOKEN}\r\n"
            f"Content-Type: {asked.content_type}\r\nContent-Length: {len(asked.body)}\r\n\r\n"
        )
        self.head_only = asked.method == "HEAD"
        if self._is_dropped():
            self.close()
        return self._exchange(head.encode("latin-1", "replace") + asked.body)

    head_only = False

    def _is_dropped(self) -> bool:
        """Whether the server has closed the kept connection since, as it does with one that is silent for long.

        Every client looks before it sends; making up a request takes longer than that on a machine that is busy.
        """
        if self._connection is None or self._rest:
            return False
        readable, _, _ = select.select([self._connection], [], [], 0)
        return bool(readable)

    def _body(self, status: int, headers: object) -> bytes:
        return b"" if self.head_only else super()._body(status, headers)  # type: ignore[arg-type]  # as it was called


def fuzz(count: int) -> Figures:
    """Send that many. Fails with the smallest request that is answered as it must not be."""
    folder = Path(tempfile.mkdtemp(prefix="playground-fuzz-"))
    settings_of = {"PLAYGROUND_DATA_DIR": str(folder), "PLAYGROUND_TOKEN": TOKEN, "PLAYGROUND_PORT": "0"}
    settings_of |= {"PLAYGROUND_LOG_LEVEL": "info", "PLAYGROUND_LOG_FORMAT": "json", "PLAYGROUND_CONTROLLER_PORT": "9"}
    kept = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    log = (folder / "log").open("w+")
    try:
        server = subprocess.Popen([sys.executable, "-m", "api.http"], env=kept | settings_of, stderr=log)
        with server:
            try:
                figures = _send(_port(folder / "log"), count, server.pid)
            finally:
                server.terminate()
        figures.left = [str(path) for path in (folder / "archives" / "incoming").glob("*")]
        return figures
    finally:
        log.close()
        shutil.rmtree(folder)


def _port(log: Path) -> int:
    """The port that the server says it listens on."""

    def said() -> int:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return next((int(line["port"]) for line in lines if line["event"] == "api listening"), 0)

    return eventually(said, 30, "the server")


def _send(port: int, count: int, pid: int) -> Figures:
    figures = Figures()
    wire = FuzzWire(f"http://127.0.0.1:{port}", TOKEN)

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(requests())
    def send(asked: Asked) -> None:
        began = time.monotonic()
        try:
            reply = wire.ask(asked)
        except (OSError, AssertionError) as error:
            wire.close()
            raise AssertionError(f"no whole reply: {error!r}") from error
        took = time.monotonic() - began
        figures.asked += 1
        figures.statuses[reply.status] += 1
        figures.slowest = max(figures.slowest, took)
        if figures.asked == WARM_UP:
            figures.memory_before, figures.files_before = _held_by(pid)
        assert reply.status < 500 or reply.status == 507, reply
        assert took < HANGS_S, f"it took {took:.1f} s"

    began = time.monotonic()
    send()
    figures.seconds = time.monotonic() - began
    wire.close()
    figures.memory_after, figures.files_after = _held_by(pid)
    return figures


def _held_by(pid: int) -> tuple[int, int]:
    """The server's memory in bytes, and how many files it has open."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main() -> int:
    """Exit code 0 when nothing was found."""
    figures = fuzz(int(os.environ.get("FUZZ_REQUESTS", "100000")))
    sys.stdout.write(f"{figures}\n")
    return int(figures.leaks)


if __name__ == "__main__":
    sys.exit(main())
