"""A process that is killed in the middle of its writes takes nothing with it that it had acknowledged."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.store import Store

_WRITER = """
import sys, threading
from api.resources.playground import PlaygroundSpec
from api.resources.wanted import WantedPlayground
from api.store import Store

store = Store.open(sys.argv[1])
say = threading.Lock()

def write(thread):
    for number in range(1_000_000):
        spec = PlaygroundSpec(plugin_release=f"plugin-{thread}@{number}")
        applied = store.playgrounds.apply(WantedPlayground(spec=spec), now=1.0)
        with say:
            print(applied.playground.metadata.uid, applied.build.id, flush=True)

for thread in range(4):
    threading.Thread(target=write, args=(thread,)).start()
"""

_LOOP = """
import asyncio, sys
from api.http.writes import Writes
from api.resources.playground import PlaygroundSpec
from api.resources.wanted import WantedPlayground
from api.store import Store

store = Store.open(sys.argv[1])

async def write(writes, one):
    for number in range(1_000_000):
        spec = PlaygroundSpec(plugin_release=f"plugin-{one}@{number}")
        work = store.playgrounds.applying(WantedPlayground(spec=spec), now=1.0)
        applied = await writes.write(work, lambda applied: applied)
        print(applied.playground.metadata.uid, applied.build.id, flush=True)

async def main():
    writes = Writes(store.group_commit(), store.write)
    await asyncio.gather(*(write(writes, one) for one in range(16)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 40])
def test_all_acknowledged_writes_survive_a_kill(store: Store, url: str, acknowledged: int) -> None:
    _killed(store, [sys.executable, "-c", _WRITER, url], acknowledged)


def test_those_that_were_committed_together_do_too(sqlite_path: Path) -> None:
    url = f"sqlite:///{sqlite_path}"
    store = Store.open(url)
    _killed(store, [sys.executable, "-c", _LOOP, url], 200)
    store.close()


def _killed(store: Store, writer: list[str], acknowledged: int) -> None:
    process = subprocess.Popen(writer, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(acknowledged)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    whole = [line.split() for line in lines if line.endswith("\n")]
    assert len(whole) >= acknowledged
    desired = {state.playground.metadata.uid: state for state in store.work.load_all()}
    for uid, build_id in whole:
        assert [build.id for build in desired[uid].open_builds] == [build_id]
    # What was being written is there whole, or not at all.
    assert all(len(state.open_builds) == 1 for state in desired.values())
    store.check_schema()
