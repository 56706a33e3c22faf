"""Mark 5: a look at everything while all is settled. What does it cost, beside the one list of containers it asks for?

There is no scenario of its own for it: it is measured on whatever fleet is there.
"""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from api.settings import Settings
from api.store import Store
from bench.samples import Claim, Series, quantile
from tests.e2e.server import Server
from tests.testbed.pauses import await_true

_INTERVAL_S = 30.0
_CALLS, _CALL_SECONDS = "playground_engine_calls", "playground_engine_call_seconds"
_SWEEPS = "playground_resync_seconds"
_FACTOR = 2.0


def settled_passes(server: Server, count: int, passes: int) -> tuple[list[Series], list[Claim]]:
    """The next so many looks at everything by a server whose `count` playgrounds all serve."""
    port = server.log(event="controller started")[-1]["private_port"]
    url = f"http://127.0.0.1:{port}/metrics"
    store = Store.open(Settings(data_dir=server.data_dir).resolved_database_url)
    took, listing = [], []
    try:
        _next_pass(url)
        first, version = _metrics(url), store.work.changed_since(0)[0]
        before = first
        for _ in range(passes):
            after = _next_pass(url)
            took.append(_grown(before, after, f"{_SWEEPS}_sum"))
            listing.append(_grown(before, after, f"{_CALL_SECONDS}_sum", "listing"))
            before = after
        inspects = _grown(first, before, f"{_CALLS}_total", "containers_of")
        writes = store.work.changed_since(0)[0] - version
    finally:
        store.close()
    shares = [each / call for each, call in zip(took, listing, strict=True)]
    series = [
        Series("ours", f"a look at {count} settled playgrounds", "s", tuple(took)),
        Series("raw engine", f"a look at {count} settled playgrounds", "s", tuple(listing)),
    ]
    claims = [
        Claim(5, f"a look at {count}, p50, to its one list call", quantile(shares, 0.5), _FACTOR, "×"),
        Claim(5, "inspections in them", inspects, 0, ""),
        Claim(5, "writes in them", writes, 0, ""),
    ]
    return series, claims


def _next_pass(url: str) -> dict[tuple[str, str], float]:
    """Wait for the end of the next look at everything; what the metrics say right after it."""
    before = _metrics(url)[f"{_SWEEPS}_count", ""]
    await_true(
        "a look at everything", lambda: _metrics(url)[f"{_SWEEPS}_count", ""] > before, 4 * _INTERVAL_S, every=0.5
    )
    return _metrics(url)


def _metrics(url: str) -> dict[tuple[str, str], float]:
    """By name and method, all results of it added up."""
    with urllib.request.urlopen(url, timeout=10) as reply:
        text = reply.read().decode()
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, sample.labels.get("method", "")
            found[key] = found.get(key, 0.0) + sample.value
    return found


def _grown(
    before: dict[tuple[str, str], float], after: dict[tuple[str, str], float], name: str, method: str = ""
) -> float:
    return after.get((name, method), 0.0) - before.get((name, method), 0.0)
