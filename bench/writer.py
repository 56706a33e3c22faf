"""`python -m bench.writer URL COUNT`: another process that wants playgrounds, and says when each was committed.

A line a playground: its uid, and the machine's monotonic clock right after the commit, in nanoseconds. It waits for a
line on its standard input before each, so that whoever reads it decides how busy it is.
"""

import sys
import time

from api.resources.playground import PlaygroundSpec
from api.resources.wanted import WantedPlayground
from api.store import Store


def main(url: str, count: int) -> None:
    """Write so many."""
    store = Store.open(url)
    for number in range(count):
        sys.stdin.readline()
        spec = PlaygroundSpec(plugin_release=f"wanted@{number}")
        applied = store.playgrounds.apply(WantedPlayground(spec=spec), now=time.time())
        print(applied.playground.metadata.uid, time.monotonic_ns(), flush=True)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
