"""The breaker: when the engine has not answered a few times in a row, nobody waits for it any more.

While it is open every call but `ping` fails at once, as Unknown, so that a hung engine stops passes and not the
process. `watch` pings, and the first answer closes it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import structlog

from controller.domain.container_spec import ContainerSpec
from controller.domain.garbage import ListedImage, ListedNetwork
from controller.domain.observed import ListedContainer, ObservedContainer, Usage
from controller.engine.errors import EngineFailed, EngineUnavailable
from controller.engine.interface import Engine, EngineEvent, ImageToBuild

log = structlog.get_logger()

FAILURES_TO_OPEN = 3
PING_WHILE_CLOSED = 5.0
PING_WHILE_OPEN = 0.5


class BreakerEngine:
    """An engine behind a breaker. `measure` is put around each call. Safe to share between threads."""

    def __init__(self, engine: Engine, measure: Callable[[str], AbstractContextManager[None]] | None = None) -> None:
        self._engine = engine
        self._measure = measure or (lambda _method: nullcontext())
        self._lock = threading.Lock()
        self._failures = 0
        self._why: str | None = None
        self._opened = threading.Event()

    @property
    def why_open(self) -> str | None:
        """Why nobody asks the engine at present; None when it answers."""
        with self._lock:
            return self._why

    def watch(self, stop: threading.Event, on_recovery: Callable[[], None]) -> None:
        """Ping now and then, more often while open, until `stop`; calls `on_recovery` each time it closes again."""
        while not stop.is_set():
            was_open = self.why_open is not None
            try:
                self.ping()
            except EngineUnavailable:
                stop.wait(PING_WHILE_OPEN)
                continue
            if was_open:
                on_recovery()
            self._opened.clear()
            if self.why_open is None and not stop.is_set():  # either may have come before the line above
                self._opened.wait(PING_WHILE_CLOSED)

    def let_go(self) -> None:
        """End the pause that `watch` may be in."""
        self._opened.set()

    def ping(self) -> None:
        """Ask the engine even while open; an answer closes it."""
        with self._counted(), self._measure("ping"):
            self._engine.ping()

    def listing(self) -> tuple[ListedContainer, ...]:
        """As the engine."""
        with self._guarded("listing"):
            return self._engine.listing()

    def containers_of(self, uid: str) -> tuple[ObservedContainer, ...]:
        """As the engine."""
        with self._guarded("containers_of"):
            return self._engine.containers_of(uid)

    def inspected(self, containers: Sequence[str]) -> tuple[ObservedContainer, ...]:
        """As the engine."""
        with self._guarded("inspected"):
            return self._engine.inspected(containers)

    def published_ports(self) -> frozenset[int]:
        """As the engine."""
        with self._guarded("published_ports"):
            return self._engine.published_ports()

    def has_image(self, reference: str) -> bool:
        """As the engine."""
        with self._guarded("has_image"):
            return self._engine.has_image(reference)

    def images(self) -> tuple[ListedImage, ...]:
        """As the engine."""
        with self._guarded("images"):
            return self._engine.images()

    def remove_image(self, reference: str) -> None:
        """As the engine."""
        with self._guarded("remove_image"):
            self._engine.remove_image(reference)

    def networks(self) -> tuple[ListedNetwork, ...]:
        """As the engine."""
        with self._guarded("networks"):
            return self._engine.networks()

    def remove_network(self, name: str) -> None:
        """As the engine."""
        with self._guarded("remove_network"):
            self._engine.remove_network(name)

    def create(self, spec: ContainerSpec) -> str:
        """As the engine."""
        with self._guarded("create"):
            return self._engine.create(spec)

    def start(self, container: str) -> None:
        """As the engine."""
        with self._guarded("start"):
            self._engine.start(container)

    def restart(self, container: str, grace: int) -> None:
        """As the engine."""
        with self._guarded("restart"):
            self._engine.restart(container, grace)

    def stop(self, container: str, grace: int) -> None:
        """As the engine."""
        with self._guarded("stop"):
            self._engine.stop(container, grace)

    def remove(self, container: str) -> None:
        """As the engine."""
        with self._guarded("remove"):
            self._engine.remove(container)

    def usage(self, container: str) -> Usage:
        """As the engine."""
        with self._guarded("usage"):
            return self._engine.usage(container)

    def log_tail(self, container: str, lines: int) -> tuple[str, ...]:
        """As the engine."""
        with self._guarded("log_tail"):
            return self._engine.log_tail(container, lines)

    def events(self, since: float, stop: threading.Event) -> Iterator[EngineEvent]:
        """As the engine. A stream that breaks says nothing about calls: it does not count."""
        self._refuse_while_open()
        return self._engine.events(since, stop)

    def build(
        self,
        context: Iterable[bytes],
        image: ImageToBuild,
        *,
        cancelled: threading.Event,
        deadline: float,
        on_line: Callable[[str], None],
    ) -> str:
        """As the engine. A build's connection may break for reasons of its own: it does not count."""
        self._refuse_while_open()
        return self._engine.build(context, image, cancelled=cancelled, deadline=deadline, on_line=on_line)

    @contextmanager
    def _guarded(self, method: str) -> Iterator[None]:
        self._refuse_while_open()
        with self._counted(), self._measure(method):
            yield

    def _refuse_while_open(self) -> None:
        why = self.why_open
        if why is not None:
            raise EngineUnavailable(f"The engine does not answer and is not asked for the moment: {why}")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count the call: no answer is a failure, everything else is one, be it a 5xx."""
        try:
            yield
        except EngineFailed:
            self._answered()
            raise
        except EngineUnavailable as error:
            self._failed(str(error))
            raise
        except BaseException:
            self._answered()
            raise
        self._answered()

    def _failed(self, why: str) -> None:
        with self._lock:
            self._failures += 1
            opens = self._failures >= FAILURES_TO_OPEN and self._why is None
            if opens:
                self._why = why
        if opens:
            log.warning("engine does not answer", why=why)
            self._opened.set()

    def _answered(self) -> None:
        with self._lock:
            self._failures = 0
            closes, self._why = self._why is not None, None
        if closes:
            log.info("engine answers again")
