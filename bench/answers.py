"""When does it answer? One prober for all systems: a bare HTTP GET over and over, until the status is 200."""

import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from bench.peers.peer import Instance, Runner
from controller.domain.observed import ProbeVerdict
from controller.probes import probe_http
from tests.testbed.pauses import pause

_CALL_S = 2.0
_PAUSE_S = 0.0005
"""Between two looks, for each that is asked: 20 ms for forty, so that asking costs little."""
_LEAST_PAUSE_S = 0.002


class NoAnswer(Exception):
    """Some did not answer in time; names them."""


def answers(url: str) -> bool:
    """Whether a GET of it is answered 200 now."""
    parts = urlsplit(url)
    assert parts.hostname
    probe = probe_http(parts.hostname, parts.port or 80, parts.path or "/", _CALL_S)
    return probe.verdict is ProbeVerdict.READY


def is_listening(port: int) -> bool:
    """Whether somebody takes connections on the port of this host."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def await_answers(urls: Mapping[str, str], began: float, timeout: float = 300.0) -> dict[str, float]:
    """For each name the seconds from `began` (of `time.perf_counter`) to its first 200.

    Raises NoAnswer after `timeout`.
    """
    left, seen = dict(urls), dict[str, float]()
    while True:
        for name, url in list(left.items()):
            if answers(url):
                seen[name] = time.perf_counter() - began
                del left[name]
        if not left:
            return seen
        if time.perf_counter() - began > timeout:
            raise NoAnswer(f"no answer within {timeout:g} s of {', '.join(sorted(left)[:5])}")
        pause(max(_LEAST_PAUSE_S, _PAUSE_S * len(left)))


def await_all(runner: Runner, instances: Sequence[Instance], began: float) -> float:
    """Wait until all are said to run, and do answer; the seconds from `began` to the last one's first 200."""
    runner.await_running(instances)
    return max(await_answers({each.name: runner.url(each) for each in instances}, began).values())


def count_answering(urls: Iterable[str]) -> int:
    """How many of them answer 200 now."""
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(answers, urls))
