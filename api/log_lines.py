"""Where the log's lines go: those of one turn of an event loop are written together, all others at once.

A call of the system for each line took a request as long as a statement of its database. What is serious is written at
once everywhere, and so is all that came before it.
"""

import asyncio
import atexit
import select
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

PIPE_BUFFER = select.PIPE_BUF
"""Bytes that reach a pipe in one piece, whoever else writes to it: API and controller may share one."""


class LineLogger:
    """A logger of structlog's kind for lines that are bytes already. Safe to share between threads."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: deque[bytes] = deque()
        self._writing = threading.Lock()
        atexit.register(self.flush)

    def msg(self, line: bytes) -> None:
        """Have the line written: at the end of this turn of the loop, where one runs in this thread."""
        self._lines.append(line)
        if len(self._lines) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()
        elif not _has_loop():
            self.flush()

    def at_once(self, line: bytes) -> None:
        """Have it written now, and what came before it."""
        self._lines.append(line)
        self.flush()

    debug = info = msg
    warning = warn = error = critical = fatal = exception = failure = err = at_once

    def flush(self) -> None:
        """Write what has not been written yet."""
        with self._writing:
            # One by one out of one queue: a line that comes meanwhile is in this lot or in the next.
            for piece in pieces([self._lines.popleft() for _ in range(len(self._lines))]):
                self._file.write(piece)
                self._file.flush()


def pieces(lines: Sequence[bytes]) -> Iterator[bytes]:
    """The lines, each with its end, in as few pieces as fit a pipe in one go; a long line is a piece of its own."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and size + len(line) + 1 > PIPE_BUFFER:
            yield b"".join(piece)
            piece, size = [], 0
        piece += (line, b"\n")
        size += len(line) + 1
    if piece:
        yield b"".join(piece)


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
