"""A shell on a pseudo-terminal: what is typed goes in as keys, what it shows comes out as people see it."""

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_PROMPT = "ready>"
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]")
_LIMIT_S = 240


class Terminal:
    """One session; ``transcript`` is all it has shown, escape sequences left out."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self._process = process
        self._end = end
        self.transcript = ""
        self.raw = ""
        self._until_prompt()

    def type(self, command: str) -> tuple[int, str]:
        """Type a command and return its exit code and what it showed."""
        os.write(self._end, f"{command}\n".encode())
        shown = self._until_prompt()
        os.write(self._end, b'echo "code=$?"\n')
        code = re.search(r"code=(\d+)", self._until_prompt().split("\n", 1)[1])
        assert code is not None
        return int(code[1]), shown.split("\n", 1)[1]

    def _until_prompt(self) -> str:
        """Read until the shell waits for the next command."""
        shown = b""
        deadline = time.monotonic() + _LIMIT_S
        while not shown.replace(b"\r", b"").endswith(f"{_PROMPT} ".encode()):
            ready, _, _ = select.select([self._end], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"the shell waits for something:\n{self.transcript}{shown.decode(errors='replace')}"
            shown += os.read(self._end, 65536)
        raw = shown.decode(errors="replace")
        self.raw += raw
        text = _ANSI.sub("", raw).replace("\r\n", "\n")
        # What was written over is not what stays to be seen.
        lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.removesuffix(f"{_PROMPT} ").split("\n")]
        self.transcript += "\n".join(lines)
        return "\n".join(lines)


@contextmanager
def shell(folder: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """A bash that starts in the folder, on a terminal of its own."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", "bash", "--norc", "--noprofile", "--noediting"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "140", "PS1": f"{_PROMPT} "},
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
        os.write(ours, b"exit\n")
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
