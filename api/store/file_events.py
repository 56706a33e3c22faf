"""When a file of a folder that was only read is closed, as the Linux kernel tells it (inotify(7)).

Writes are not listened to: a commit is dozens of them, and none is its end. The end of a `Turn` is such a close.

Where the kernel has no such thing, or no more of it to give, there is none, and whoever waits has to look now and then.
"""

import ctypes
import os
import select
from pathlib import Path

_IN_CLOSE_NOWRITE = 0x010
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


class FileEvents:
    """Closes of the files of one folder. One thread's own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    @classmethod
    def of(cls, folder: Path) -> "FileEvents | None":
        """Listen from now on; None where that can't be done."""
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            descriptor = libc.inotify_init1(_FLAGS)
        except (OSError, AttributeError):
            return None
        if descriptor < 0:
            return None
        if libc.inotify_add_watch(descriptor, os.fsencode(folder), _IN_CLOSE_NOWRITE) < 0:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def wait(self, timeout: float) -> bool:
        """Whether somebody has closed one within so many seconds, or since the last call."""
        if not self._poll.poll(timeout * 1000.0):
            return False
        try:
            while os.read(self._descriptor, 65536):
                pass
        except BlockingIOError:
            pass
        return True

    def close(self) -> None:
        """Listen no more."""
        os.close(self._descriptor)
