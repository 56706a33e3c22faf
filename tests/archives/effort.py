"""How much CPU something takes, whatever else this process has on its mind."""

import gc
import time
from collections.abc import Callable

TRIES = 3


def cpu_seconds(work: Callable[[], object]) -> float:
    """The least of a few runs in seconds of this thread's CPU, without garbage collection of what other tests left."""
    used = []
    gc.disable()
    try:
        for _ in range(TRIES):
            started = time.thread_time()
            work()
            used.append(time.thread_time() - started)
    finally:
        gc.enable()
    return min(used)
