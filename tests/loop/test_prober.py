"""The prober asks pages from one thread, and wakes a key when its page answers as was waited for."""

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest

from api.clock import SystemClock
from controller.domain.observed import ProbeVerdict
from controller.domain.watch import Watch
from controller.loop import prober as prober_module
from controller.loop.prober import Prober
from tests.loop.stubs import PATIENCE

READY, NOT_READY = ProbeVerdict.READY, ProbeVerdict.NOT_READY
OK, BROKEN = b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n"


class Page:
    """A page that answers as it is told to; `asked` has the first line of each request."""

    def __init__(self, answer: bytes | None = OK) -> None:
        self.answer = answer
        """None: it takes the request and says nothing."""
        self.asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Nothing listens any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            with suppress(OSError):  # the prober has ended
                self.asked.put((connection.recv(4096).decode().splitlines() or [""])[0])
                if self.answer is not None:
                    for piece in (self.answer[:9], self.answer[9:]):
                        connection.sendall(piece)
                    connection.close()


@contextmanager
def serving(answer: bytes | None = OK) -> Iterator[Page]:
    page = Page(answer)
    try:
        yield page
    finally:
        page.close()


@contextmanager
def running(interval: float = 0.02) -> Iterator[tuple[Prober, "queue.SimpleQueue[str]"]]:
    """A prober in its thread, and the keys it wakes."""
    woken: queue.SimpleQueue[str] = queue.SimpleQueue()
    prober = Prober("127.0.0.1", interval, SystemClock(), woken.put)
    stop = threading.Event()
    thread = threading.Thread(target=prober.run, args=(stop,))
    thread.start()
    try:
        yield prober, woken
    finally:
        stop.set()
        prober.let_go()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def watch(port: int, until: ProbeVerdict, path: str = "/config") -> Watch:
    return Watch(port, path, until, SystemClock().now())


def test_a_page_that_starts_is_asked_until_it_serves() -> None:
    with serving(BROKEN) as page, running() as (prober, woken):
        prober.watch("one", watch(page.port, READY, "/ready"))
        assert page.asked.get(timeout=PATIENCE) == "GET /ready HTTP/1.1"
        assert woken.empty()
        page.answer = OK
        assert woken.get(timeout=PATIENCE) == "one"
        assert len(prober) == 0, "asked no more until the pass says so"


def test_a_page_that_serves_is_asked_until_it_fails() -> None:
    with serving(OK) as page, running() as (prober, woken):
        prober.watch("one", watch(page.port, NOT_READY))
        for _ in range(3):
            page.asked.get(timeout=PATIENCE)
        assert woken.empty()
        page.answer = BROKEN
        assert woken.get(timeout=PATIENCE) == "one"


def test_a_port_that_nothing_listens_on_and_a_page_that_says_nothing_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober_module, "ANSWER_WITHIN", 0.05)
    with serving(None) as silent, running() as (prober, woken):
        prober.watch("silent", watch(silent.port, NOT_READY))
        assert woken.get(timeout=PATIENCE) == "silent"
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = int(nobody.getsockname()[1])
        prober.watch("nobody", watch(port, NOT_READY))
        assert woken.get(timeout=PATIENCE) == "nobody"


def test_a_silent_page_holds_up_no_other() -> None:
    with serving(None) as silent, serving(OK) as page, running() as (prober, woken):
        for number in range(10):
            prober.watch(f"silent-{number}", watch(silent.port, NOT_READY))
        prober.watch("one", watch(page.port, READY))
        assert woken.get(timeout=PATIENCE) == "one"


def test_what_is_forgotten_or_asked_something_else_wakes_nobody() -> None:
    with serving(BROKEN) as page, running() as (prober, woken):
        prober.watch("forgotten", watch(page.port, NOT_READY))
        prober.forget("forgotten")
        prober.watch("other", watch(page.port, NOT_READY))
        prober.watch("other", watch(page.port, READY))
        for _ in range(5):
            page.asked.get(timeout=PATIENCE)
        assert woken.empty()
        assert len(prober) == 1


def test_many_at_once_are_spread_over_the_interval() -> None:
    """Each at a place of its own, the same each time; the others begin after a whole interval."""
    prober = Prober("127.0.0.1", 100.0, SystemClock(), lambda _uid: None)
    now = SystemClock().monotonic()
    for number in range(200):
        prober.watch(f"uid-{number}", watch(1, NOT_READY), spread=True)
    places = sorted(page.due - now for page in prober._pages.values())
    assert 0.0 <= places[0] < 10.0
    assert 90.0 < places[-1] <= 100.1
    assert max(b - a for a, b in pairwise(places)) < 10.0
    prober.watch("alone", watch(1, NOT_READY))
    assert prober._pages["alone"].due - now == pytest.approx(100.0, abs=1.0)


def test_a_young_page_is_asked_more_often_than_an_old_one() -> None:
    prober = Prober("127.0.0.1", 100.0, SystemClock(), lambda _uid: None)
    pauses = []
    for age in (0.0, 1.0, 5.0, 1000.0):
        prober.watch("one", Watch(1, "/", READY, SystemClock().now() - age))
        pauses.append(prober._pages["one"].due - SystemClock().monotonic())
    assert pauses == pytest.approx([0.002, 0.02, 0.1, 0.25], abs=0.002)


def test_a_prober_that_broke_and_is_begun_again_asks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as page:
        woken: queue.SimpleQueue[str] = queue.SimpleQueue()
        prober = Prober("127.0.0.1", 0.01, SystemClock(), woken.put)
        prober.watch("one", watch(page.port, READY))
        with monkeypatch.context() as broken:
            broken.setattr(Prober, "_listen", _break)
            with pytest.raises(RuntimeError):
                prober.run(threading.Event())
        stop = threading.Event()
        thread = threading.Thread(target=prober.run, args=(stop,))
        thread.start()
        assert woken.get(timeout=PATIENCE) == "one"
        stop.set()
        prober.let_go()
        thread.join(PATIENCE)


def _break(*_arguments: object) -> None:
    raise RuntimeError("a bug")
