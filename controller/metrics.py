"""The controller's metrics, for Prometheus: by the names that controllers use, and ours beside them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from api.clock import Clock
from api.metrics import RecordsCollector
from api.store import Store
from controller.engine.errors import EngineError

NAME = "playground"
PASS_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ControllerMetrics:
    """All instruments of one controller process, in a registry of their own. Safe to share between threads."""

    def __init__(self, store: Store, ports: range, clock: Clock) -> None:
        self._clock = clock
        self.registry = CollectorRegistry()
        self.registry.register(RecordsCollector(store, ports))
        self._passes = Counter(
            "controller_runtime_reconcile",
            "Passes by result: success (settled until a hint), requeue_after, error.",
            ["controller", "result"],
            registry=self.registry,
        )
        self._pass_seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "How long a pass took.",
            ["controller"],
            registry=self.registry,
            buckets=PASS_BUCKETS,
        )
        self._calls = Counter(
            "playground_engine_calls",
            "Calls to the engine by method and result: ok, or the error's name.",
            ["method", "result"],
            registry=self.registry,
        )
        self._call_seconds = Histogram(
            "playground_engine_call_seconds", "How long a call to the engine took.", ["method"], registry=self.registry
        )

        self._sweep_seconds = Histogram(
            "playground_resync_seconds",
            "How long a look at everything took.",
            registry=self.registry,
            buckets=PASS_BUCKETS,
        )

    def note_sweep(self, seconds: float) -> None:
        """A look at everything has ended."""
        self._sweep_seconds.observe(seconds)

    def note_pass(self, result: str, seconds: float) -> None:
        """A pass has ended."""
        self._passes.labels(NAME, result).inc()
        self._pass_seconds.labels(NAME).observe(seconds)

    @contextmanager
    def measure_call(self, method: str) -> Iterator[None]:
        """Around one call to the engine."""
        began, result = self._clock.monotonic(), "ok"
        try:
            yield
        except EngineError as error:
            result = type(error).__name__
            raise
        finally:
            self._calls.labels(method, result).inc()
            self._call_seconds.labels(method).observe(self._clock.monotonic() - began)

    def watch_queue(self, depth: Callable[[], int], adds: Callable[[], int]) -> None:
        """The workqueue's depth and adds, read at each scrape."""
        gauge = Gauge("workqueue_depth", "Keys that are due and wait for a worker.", ["name"], registry=self.registry)
        gauge.labels(NAME).set_function(lambda: float(depth()))
        self.registry.register(_Adds(adds))

    def watch_state(self, *, leads: Callable[[], bool], breaker_open: Callable[[], bool]) -> None:
        """Whether this process leads, and whether the engine's breaker is open, read at each scrape."""
        for name, text, value in (
            ("playground_leading", "Whether this controller holds the lease.", leads),
            (
                "playground_engine_breaker_open",
                "Whether the engine is not asked because it did not answer.",
                breaker_open,
            ),
        ):
            Gauge(name, text, registry=self.registry).set_function(_as_number(value))

    def text(self) -> bytes:
        """All of them, in Prometheus' text form."""
        return generate_latest(self.registry)


class _Adds(Collector):
    def __init__(self, adds: Callable[[], int]) -> None:
        self._adds = adds

    def collect(self) -> Iterator[Metric]:
        """The one metric."""
        family = CounterMetricFamily("workqueue_adds", "Keys that were added to the queue.", labels=["name"])
        family.add_metric([NAME], self._adds())
        yield family


def _as_number(value: Callable[[], bool]) -> Callable[[], float]:
    return lambda: float(value())
