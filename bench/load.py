"""Load on an HTTP server by a program of its own (wrk): some connections, each asking again once it is answered."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.commands import run
from bench.peers.peer import PeerMissing

CONNECTIONS = 16
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s|m)\b")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a time under load."""

    rate: float
    """Answers a second."""
    p99: float
    """Seconds; waits that the generator itself caused by being late are counted, too."""


class LoadFailed(Exception):
    """Some requests were refused or broke off: such a rate says nothing."""


def version() -> str:
    """wrk's, from the distribution's package of that name. Raises PeerMissing."""
    if not shutil.which("wrk"):
        raise PeerMissing("wrk is not installed")
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    return " ".join(said.split()[:2])  # it says its version, and ends with 1


def load(
    url: str,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    script: Path | None = None,
    *,
    first: bool = False,
) -> Load:
    """Ask for the address, or for what the Lua script says, as often as it answers. Raises LoadFailed.

    `first`: before what works beside it on this machine, which a client on another one would not wait for.
    """
    command = [sys.executable, "-m", "bench.first"] if first else []
    command += ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--latency"]
    command += ["--duration", f"{max(1, round(seconds))}s"]
    for name, value in (headers or {}).items():
        command += ["--header", f"{name}: {value}"]
    if script is not None:
        command += ["--script", str(script)]
    return understood(run([*command, url]))


def understood(said: str) -> Load:
    """wrk's report. Raises LoadFailed when not all went well."""
    bad = _BAD.search(said)
    rate, p99 = _RATE.search(said), _P99.search(said)
    if bad is not None or rate is None or p99 is None:
        raise LoadFailed(f"wrk did not say what was expected: {' '.join(said.split())}")
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]])


def posts(path: Path, target: str, token: str, body: str, numbers: range) -> Path:
    """A script for wrk that posts a body with another number at each request, in the place of `%d`; its path.

    Where the numbers come to their end they begin anew.
    """
    quoted = body.replace("\\", "\\\\").replace('"', '\\"')
    path.write_text(
        f"local number = {numbers.start}\n"
        f'local headers = {{["Content-Type"] = "application/json", ["Authorization"] = "{token}"}}\n'
        "request = function()\n"
        f"  number = number + 1 < {numbers.stop} and number + 1 or {numbers.start}\n"
        f'  return wrk.format("POST", "{target}", headers, string.format("{quoted}", number))\n'
        "end\n"
    )
    return path


def rates(found: Sequence[Load]) -> tuple[float, ...]:
    """The rates of some."""
    return tuple(each.rate for each in found)


def p99s_ms(found: Sequence[Load]) -> tuple[float, ...]:
    """The p99s of some, in milliseconds."""
    return tuple(each.p99 * 1000 for each in found)
