"""Who writes into a folder's files, as the Linux kernel tells it (inotify(7)): a hint that costs nothing at rest.

Where the kernel has no such thing, or no more of it to give, there is none, and whoever waits has to look now and then.
"""

import ctypes
import os
import select
from pathlib import Path

_IN_MODIFY, _IN_CREATE = 0x002, 0x100
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


class FileEvents:
    """Writes into the files of one folder. One thread's own."""

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
        if libc.inotify_add_watch(descriptor, os.fsencode(folder), _IN_MODIFY | _IN_CREATE) < 0:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def wait(self, timeout: float) -> bool:
        """Whether somebody has written within so many seconds, or since the last call."""
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
