"""The prober: asks pages between passes, all of them from one thread, and wakes a key when its page answers otherwise.

It is a source of hints like the engine's events: the pass that it wakes asks for itself, and only what a pass has seen
counts. What the prober knows is lost with the process, and costs time only: the first look at everything tells it anew.
"""

import heapq
import itertools
import os
import selectors
import socket
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from api.clock import Clock
from controller.domain.observed import ProbeVerdict
from controller.domain.watch import Watch
from controller.probes import MOST_READS, probe_of, probe_request

ANSWER_WITHIN = 2.0
SHARE = 0.02
"""Of a start's age: so much later than it could have been a page that starts is seen to answer."""
SHORTEST, LONGEST = 0.002, 0.25
"""Between two questions to a page that starts."""
MOST_AT_ONCE = 64


class Watcher(Protocol):
    """What the loop asks of a prober."""

    def watch(self, uid: str, watch: Watch, *, spread: bool = False) -> None:
        """Ask this from now on, in place of what was asked of the key before."""
        ...

    def forget(self, uid: str) -> None:
        """Ask nothing any more."""
        ...


@dataclass(eq=False, slots=True)
class _Page:
    """One page that is asked. `due` and `began` are of the monotonic clock."""

    uid: str
    watch: Watch
    began: float
    due: float


@dataclass(eq=False, slots=True)
class _Question:
    """One that waits for its answer."""

    page: _Page
    connection: socket.socket
    until: float
    sent: bool = False
    reads: int = 0
    answer: bytes = b""


@dataclass(eq=False)
class Prober:
    """Safe to share between threads; `run` is one thread's."""

    host: str
    """Where the playgrounds' ports are reached."""
    interval: float
    """Seconds between two questions to a page that serves."""
    clock: Clock
    wake: Callable[[str], None]
    """Has a key looked at; returns at once."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pages: dict[str, _Page] = field(default_factory=dict)
    _heap: list[tuple[float, int, _Page]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _alarm: tuple[int, int] | None = None
    _sleeps_until: float = 0.0

    def watch(self, uid: str, watch: Watch, *, spread: bool = False) -> None:
        """Ask this from now on, in place of what was asked of the key before.

        A page that serves is asked for the first time after the interval; with `spread`, for many at once, somewhere
        in it, each key at its own place.
        """
        now = self.clock.monotonic()
        began = now - max(0.0, self.clock.now() - watch.since)
        page = _Page(uid, watch, began, now)
        page.due = now + (zlib.crc32(uid.encode()) / 2**32 * self.interval if spread else self._pause(page, now))
        with self._lock:
            self._pages[uid] = page
            self._schedule(page)
            self._ring(page.due)

    def forget(self, uid: str) -> None:
        """Ask nothing any more."""
        with self._lock:
            self._pages.pop(uid, None)

    def __len__(self) -> int:
        """How many pages are asked."""
        with self._lock:
            return len(self._pages)

    def let_go(self) -> None:
        """End the pause that `run` may be in."""
        with self._lock:
            self._ring(0.0)

    def run(self, stop: threading.Event) -> None:
        """Ask what is due until `stop`, whose setter calls `let_go`."""
        ears, mouth = os.pipe()
        os.set_blocking(ears, False)
        os.set_blocking(mouth, False)
        with selectors.DefaultSelector() as selector:
            selector.register(ears, selectors.EVENT_READ)
            with self._lock:
                self._alarm = (ears, mouth)
            open_questions: set[_Question] = set()
            try:
                while not stop.is_set():
                    self._turn(selector, open_questions)
            finally:
                with self._lock:
                    self._alarm = None
                    self._heap.clear()
                    for page in self._pages.values():
                        self._schedule(page)  # a question that is dropped here is asked again
                for question in open_questions:
                    question.connection.close()
                os.close(ears)
                os.close(mouth)

    def _turn(self, selector: selectors.BaseSelector, open_questions: set[_Question]) -> None:
        """Ask what is due, wait for what comes first, and take the answers that are there."""
        for page in self._due(MOST_AT_ONCE - len(open_questions)):
            self._ask(page, selector, open_questions)
        for key, _ in selector.select(self._time_to_wait(open_questions)):
            if isinstance(key.data, _Question):
                self._listen(key.data, selector, open_questions)
            else:
                _drain(key.fd)
        now = self.clock.monotonic()
        for question in [question for question in open_questions if question.until <= now]:
            self._end(question, selector, open_questions, ProbeVerdict.NOT_READY)

    def _due(self, most: int) -> list[_Page]:
        now = self.clock.monotonic()
        due: list[_Page] = []
        with self._lock:
            while self._heap and self._heap[0][0] <= now and len(due) < most:
                when, _, page = heapq.heappop(self._heap)
                if self._pages.get(page.uid) is page and page.due == when:
                    due.append(page)
        return due

    def _time_to_wait(self, open_questions: set[_Question]) -> float | None:
        with self._lock:
            times = [question.until for question in open_questions]
            if self._heap and len(open_questions) < MOST_AT_ONCE:
                times.append(self._heap[0][0])
            self._sleeps_until = min(times, default=float("inf"))
            return max(0.0, self._sleeps_until - self.clock.monotonic()) if times else None

    def _ask(self, page: _Page, selector: selectors.BaseSelector, open_questions: set[_Question]) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError:  # no file descriptor is left: later
            self._answered(page, None)
            return
        question = _Question(page, connection, self.clock.monotonic() + ANSWER_WITHIN)
        open_questions.add(question)
        connection.connect_ex((self.host, page.watch.port))
        selector.register(connection, selectors.EVENT_WRITE, question)

    def _listen(self, question: _Question, selector: selectors.BaseSelector, open_questions: set[_Question]) -> None:
        try:
            if not question.sent:
                watch = question.page.watch
                question.connection.send(probe_request(self.host, watch.port, watch.path))
                question.sent = True
                selector.modify(question.connection, selectors.EVENT_READ, question)
                return
            piece = question.connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            self._end(question, selector, open_questions, ProbeVerdict.NOT_READY)
            return
        question.answer += piece
        question.reads += 1
        if not piece or b"\n" in question.answer or question.reads >= MOST_READS:
            self._end(question, selector, open_questions, probe_of(question.answer).verdict)

    def _end(
        self,
        question: _Question,
        selector: selectors.BaseSelector,
        open_questions: set[_Question],
        verdict: ProbeVerdict,
    ) -> None:
        selector.unregister(question.connection)
        question.connection.close()
        open_questions.discard(question)
        self._answered(question.page, verdict)

    def _answered(self, page: _Page, verdict: ProbeVerdict | None) -> None:
        """Wake the key when it is the answer that was waited for, else ask again after a pause."""
        now = self.clock.monotonic()
        with self._lock:
            if self._pages.get(page.uid) is not page:
                return  # it was forgotten, or is asked something else by now
            is_it = verdict is page.watch.until
            if is_it:
                del self._pages[page.uid]
            else:
                page.due = now + self._pause(page, now)
                self._schedule(page)
        if is_it:
            self.wake(page.uid)

    def _pause(self, page: _Page, now: float) -> float:
        if page.watch.until is ProbeVerdict.NOT_READY:
            return self.interval
        return min(LONGEST, max(SHORTEST, SHARE * (now - page.began)))

    def _schedule(self, page: _Page) -> None:
        heapq.heappush(self._heap, (page.due, next(self._numbers), page))

    def _ring(self, due: float) -> None:
        """End the pause of `run` where it would last longer; with the lock held."""
        if self._alarm is not None and due < self._sleeps_until:
            self._sleeps_until = due
            with suppress(BlockingIOError):  # it is full, so it rings already
                os.write(self._alarm[1], b"!")


def _drain(descriptor: int) -> None:
    with suppress(BlockingIOError):
        os.read(descriptor, 4096)
