"""Metrics of both processes, for Prometheus: what the records say, read when they are asked for.

Each process adds its own instruments to a registry of its own.
"""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.resources.build import BuildState
from api.resources.phase import Phase
from api.store import Store, StoreError

CONTENT_TYPE = CONTENT_TYPE_LATEST
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
HTTP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RecordsCollector(Collector):
    """Playgrounds by phase, builds by state, ports in use: counted in the database at each scrape."""

    def __init__(self, store: Store, ports: range) -> None:
        self._store = store
        self._ports = ports

    def collect(self) -> Iterator[Metric]:
        """The metrics; of a database that does not answer, `playground_records_up` alone."""
        up = GaugeMetricFamily("playground_records_up", "Whether the database answered.")
        try:
            found = self._store.statistics.read()
        except StoreError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        playgrounds = GaugeMetricFamily("playground_playgrounds", "Playgrounds by phase.", labels=["phase"])
        for phase in Phase:
            if phase is not Phase.DELETED:
                playgrounds.add_metric([phase], found.phases.get(phase, 0))
        yield playgrounds
        builds = GaugeMetricFamily("playground_builds", "Builds on record, by state.", labels=["state"])
        for state in BuildState:
            builds.add_metric([state], found.builds.get(state, 0))
        yield builds
        ports = GaugeMetricFamily("playground_host_ports", "Host ports of the ledger, by use.", labels=["use"])
        ports.add_metric(["reserved"], found.reserved_ports)
        ports.add_metric(["quarantined"], found.quarantined_ports)
        ports.add_metric(["total"], len(self._ports))
        yield ports
        journal = GaugeMetricFamily("playground_journal_rows", "Changes that the journal keeps for watches.")
        journal.add_metric([], found.journal_rows)
        yield journal


class HttpMetrics:
    """The API's own instruments, in a registry of their own."""

    def __init__(self, store: Store, ports: range) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(RecordsCollector(store, ports))
        self.requests = Counter(
            "playground_http_requests", "Requests answered.", ["method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "playground_http_request_seconds",
            "From a request to the end of its reply.",
            ["method"],
            registry=self.registry,
            buckets=HTTP_BUCKETS,
        )
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, status: int, seconds: float) -> None:
        """One request was answered. Only methods that HTTP knows become labels."""
        children = self._children.get((method, status))
        if children is None:
            known = method if method in _METHODS else "other"
            children = self.requests.labels(known, str(status or "none")), self.seconds.labels(known)
            if known == method:  # the words of strangers are no reason to keep more and more
                self._children[method, status] = children
        count, histogram = children
        count.inc()
        histogram.observe(seconds)
