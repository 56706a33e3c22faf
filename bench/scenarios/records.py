"""Mark 15: ten thousand records on the fake engine. What does a look at all of them cost, and how does memory grow?"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.samples import Claim, Findings, Series, quantile
from bench.scenario import Bench, Scenario

MANY = 10_000
_SHARES = (0.25, 0.5, 1.0)
_FEWEST = 40
_FULL_S, _SETTLED_S, _RECORD_KB = 1.0, 0.150, 25.0
_LINEAR = 1.25
"""The second half may need so many times for each record what the second quarter needed."""
_LIMIT_S = 900.0
_SHARE = "share of a first look's time"


def run(bench: Bench) -> Findings:
    """A world that grows, in a process of its own; at its largest it is the one that counts."""
    sizes = [round(max(_FEWEST, MANY * bench.scale) * share) for share in _SHARES]
    bench.say(f"{', '.join(map(str, sizes))} records")
    quarter, half, whole = worlds(sizes)
    first = (half["grown"] - quarter["grown"]) / (sizes[1] - sizes[0])
    second = (whole["grown"] - half["grown"]) / (sizes[2] - sizes[1])
    many = sizes[2]
    full, again = f"the first look at all {many}, CPU", f"a look at all {many} after a break, CPU"
    settled = f"a look at {many} settled"
    series = (
        Series("ours", full, "s", tuple(whole["first"])),
        Series("ours", again, "s", tuple(whole["full"])),
        Series("ours", settled, "s", tuple(whole["settled"])),
        Series("ours", f"{settled}, CPU", "s", tuple(whole["settled_cpu"])),
        Series("the fake engine's list", settled, "s", tuple(whole["list"])),
        *(
            Series("ours", f"memory for {each['records']} records", "MB", (each["grown"] / 1e6,))
            for each in (quarter, half, whole)
        ),
        *_shares(whole["parts"]),
    )
    claims = (
        Claim(15, f"{full}, p50", quantile(whole["first"], 0.5), _FULL_S, "s"),
        Claim(15, f"{again}, p50", quantile(whole["full"], 0.5), _FULL_S, "s"),
        Claim(15, f"{settled}, p50", quantile(whole["settled"], 0.5), _SETTLED_S, "s"),
        Claim(15, "memory for each record", whole["grown"] / many / 1000, _RECORD_KB, "KB"),
        Claim(15, "memory for each record, second half to second quarter", second / max(first, 1.0), _LINEAR, "×"),
    )
    return Findings(series, claims)


def _shares(parts: dict[str, int]) -> list[Series]:
    """Of each part of the code, how much of a first look's time it takes, the largest first."""
    whole = sum(parts.values())
    largest_first = sorted(parts.items(), key=lambda part: -part[1])
    return [Series(part, _SHARE, "%", (100 * count / whole,)) for part, count in largest_first]


def worlds(sizes: list[int]) -> list[dict[str, Any]]:
    """What `bench.settled_world` prints, for each size. The records lie in memory: no disk is measured here."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="playground-bench-", dir=memory if memory.is_dir() else None)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.settled_world", folder, *map(str, sizes)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_LIMIT_S,
        )
    finally:
        shutil.rmtree(folder)
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


SCENARIO = Scenario("records", "Ten thousand records", (15,), run, needs_engine=False)
