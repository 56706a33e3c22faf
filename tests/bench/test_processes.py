"""What a process uses is counted whole: also what its threads used that have ended since."""

import os
import threading
import time

from bench.processes import cpu_seconds

_BUSY_S = 0.2


def test_the_time_of_a_thread_that_has_ended_is_counted() -> None:
    before = cpu_seconds(os.getpid())
    thread = threading.Thread(target=_busy)
    thread.start()
    thread.join()
    assert cpu_seconds(os.getpid()) - before >= _BUSY_S


def _busy() -> None:
    began = time.thread_time()
    while time.thread_time() - began < _BUSY_S:
        pass
