"""Whose turn it is to write to a SQLite file, between threads and between processes.

SQLite has one writer. Who finds the file locked is told to come again, and comes less and less often, up to a tenth of
a second: two processes that write all the time meet that all the time, and one of them can starve. So the writers queue
here before they ask SQLite. Whoever waits holds the place next to the writer, and whoever has written has to queue
behind it: nobody writes twice in a row while somebody waits.

The end of a turn can be heard: the file `-writer` is closed then (`file_events`).

This orders those who ask here, and guards nothing: that there is one writer is SQLite's own lock. So nobody waits long
for a process that was frozen while it queued; it is passed by.
"""

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path

from api.clock import SystemClock

_POLL = 0.001
"""Seconds. The system wakes who waits for a file's lock without end, but not who waits for it up to a time."""
_PATIENCE = 0.5
"""Seconds that another process is waited for. It is either frozen then, and in nobody's way if it does not write, or it
writes, and SQLite knows."""
_clock = SystemClock()


class Turn:
    """The turn to write. For any number of threads; `path` is the database's file, None where only threads queue."""

    def __init__(self, path: Path | None) -> None:
        self._next, self._writer = threading.Lock(), threading.Lock()
        self._files = None if path is None else (_FileLock(f"{path}-next"), _FileLock(f"{path}-writer"))

    def acquire(self, *, timeout: float) -> bool:
        """Wait for the turn, up to so many seconds; whether it is ours. Then `release` has to follow.

        A thread of this process is waited for all that time, another process for a fraction of a second.

        Raises OSError when the files beside the database can't be opened.
        """
        deadline = _clock.monotonic() + timeout

        def waited(lock: threading.Lock) -> bool:
            return lock.acquire(timeout=max(0.0, deadline - _clock.monotonic()))

        def passed(next_: _FileLock, writer: _FileLock) -> bool:
            until = min(deadline, _clock.monotonic() + _PATIENCE)
            _through(next_, writer, lambda file: _polled(file, until))
            return True

        return self._acquire(waited, passed)

    def try_acquire(self) -> bool:
        """Take the turn if that needs no waiting; whether it is ours. As `acquire`."""
        return self._acquire(
            lambda lock: lock.acquire(blocking=False), lambda next_, writer: _through(next_, writer, _FileLock.try_lock)
        )

    def release(self) -> None:
        """End the turn, and let all who listen know. Any thread may do so."""
        if self._files is not None:
            self._files[1].close()
        self._writer.release()

    def close(self) -> None:
        """Close the files. They are opened again where they are needed."""
        for file in self._files or ():
            file.close()

    def _acquire(
        self, lock: Callable[[threading.Lock], bool], lock_files: Callable[["_FileLock", "_FileLock"], bool]
    ) -> bool:
        if not lock(self._next):
            return False
        try:
            if not lock(self._writer):
                return False
        finally:
            self._next.release()
        has_turn = False
        try:
            has_turn = self._files is None or lock_files(*self._files)
        finally:
            if not has_turn:
                self._writer.release()
        return has_turn


class _FileLock:
    """A lock between processes: it is let go of when its process ends, however it ends."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def try_lock(self) -> bool:
        """Take it, if nobody has it. Raises OSError."""
        if self._file is None:
            # Read by the group, where the processes' users share the folder: to read is enough for a lock.
            self._file = os.open(self._path, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self) -> None:
        """Let go of it."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, and let go of it."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _through(next_: _FileLock, writer: _FileLock, lock: Callable[[_FileLock], bool]) -> bool:
    if not lock(next_):
        return False
    try:
        return lock(writer)
    finally:
        next_.unlock()


def _polled(file: _FileLock, deadline: float) -> bool:
    while not file.try_lock():
        if _clock.monotonic() >= deadline:
            return False
        _clock.sleep(_POLL)
    return True
