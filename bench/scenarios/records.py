"""Mark 15: ten thousand records on the fake engine. What does a look at all of them cost, and how does memory grow?"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.samples import Claim, Findings, Series, quantile
from bench.scenario import Bench, Scenario

MANY = 10_000
_SHARES = (0.25, 0.5, 1.0)
_FULL_S, _SETTLED_S, _RECORD_KB = 1.0, 0.150, 25.0
_LINEAR = 1.25
"""The second half may need so many times what the first half needed for each record."""
_LIMIT_S = 900.0


def run(bench: Bench) -> Findings:
    """A world of each size in a process of its own; the largest is the one that counts."""
    sizes = [max(40, round(MANY * share * bench.scale)) for share in _SHARES]
    found = {}
    for size in sizes:
        bench.say(f"{size} records")
        found[size] = _world(size)
    quarter, half, whole = sizes
    largest = found[whole]
    grown = {size: sum(each["grown"]) for size, each in found.items()}
    first = (grown[half] - grown[quarter]) / (half - quarter)
    second = (grown[whole] - grown[half]) / (whole - half)
    full, settled = f"a look at all {whole}, CPU", f"a look at {whole} settled"
    series = (
        Series("ours", full, "s", tuple(largest["full"])),
        Series("ours", settled, "s", tuple(largest["settled"])),
        *(Series("ours", f"memory with {size} records", "MB", (sum(found[size]["memory"]) / 1e6,)) for size in sizes),
    )
    claims = (
        Claim(15, f"{full}, the slowest", max(largest["full"]), _FULL_S, "s"),
        Claim(15, f"{settled}, p50", quantile(largest["settled"], 0.5), _SETTLED_S, "s"),
        Claim(15, "memory for each record", grown[whole] / whole / 1000, _RECORD_KB, "KB"),
        Claim(15, "memory for each record, second half to first", second / max(first, 1.0), _LINEAR, "×"),
    )
    return Findings(series, claims)


def _world(size: int) -> Mapping[str, list[float]]:
    """What `bench.settled_world` prints, each value as a list. The records lie in memory: no disk is measured here."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="playground-bench-", dir=memory if memory.is_dir() else None)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.settled_world", folder, str(size)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_LIMIT_S,
        )
    finally:
        shutil.rmtree(folder)
    printed = json.loads(done.stdout.splitlines()[-1])
    return {name: value if isinstance(value, list) else [value] for name, value in printed.items()}


SCENARIO = Scenario("records", "Ten thousand records", (15,), run, needs_engine=False)
