"""From a playground to the log that is meant, as messages: `log`, `heartbeat`, and an explicit `end`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from api.clock import Clock
from api.resources.log_position import LogPosition
from controller.builds.build_logs import BuildLogs
from controller.builds.pool import BuildPool
from controller.domain.observed import BuildInProgress, ObservedContainer
from controller.engine.errors import NotFound
from controller.engine.interface import Engine
from controller.logs.kept_logs import KeptLogs
from controller.logs.lines import ContainerLogs, LogLine, Span

POLL = 0.25
HEARTBEAT = 5.0
_TOLERANCE = 0.5
"""Seconds by which a container may print before the engine notes that it has started."""

Message = dict[str, str]


class NoLogError(Exception):
    """There is no such log; the text says which."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked for."""

    since: LogPosition = field(default_factory=LogPosition)
    tail: int | None = None
    follow: bool = False
    previous: bool = False
    build: bool = False


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads only. Safe to share between threads."""

    engine: Engine
    containers: ContainerLogs
    build_logs: BuildLogs
    builds: BuildPool
    kept: KeptLogs
    clock: Clock

    def open(self, uid: str, query: LogQuery) -> Iterator[Message]:
        """The messages; what there is to be said at once is found out before the first.

        Raises:
            NoLogError: there is no such log.
            EngineError: the engine can't be asked.
        """
        if query.build:
            return self._build(uid, query)
        span = Span(query.since.nanoseconds, tail=query.tail)
        started = sorted(
            (c for c in self.engine.containers_of(uid) if c.started_at is not None),
            key=lambda c: (c.is_up, c.started_at or 0.0),
        )
        if query.previous:
            return self._previous(uid, started, span)
        if started:
            newest = started[-1]
            after = max(span.after, _run_begins(newest))
            lines = self.containers.lines(newest.id, Span(after, tail=span.tail), follow=query.follow)
            return _messages(_begun(lines), "The container has ended." if query.follow else "That is all so far.")
        path = self.kept.newest(uid)
        if path is not None:
            return _messages(self.kept.read(path, span), "The container is gone; this was kept of its log.")
        return self._build(uid, query)

    def _previous(self, uid: str, started: list[ObservedContainer], span: Span) -> Iterator[Message]:
        if started:
            begins = _run_begins(started[-1])
            if begins:
                before = Span(span.after, begins, span.tail)
                lines = list(self.containers.lines(started[-1].id, before))
                if lines:
                    return _messages(iter(lines), "The run before this one has ended.")
        if len(started) > 1:
            lines_of = self.containers.lines(started[-2].id, span)
            return _messages(_begun(lines_of), "The container before is not the one that is wanted now.")
        path = self.kept.newest(uid)
        if path is None:
            raise NoLogError("There was no container or run before this one, or its log is kept no longer.")
        return _messages(self.kept.read(path, span), "The container is gone; this was kept of its log.")

    def _build(self, uid: str, query: LogQuery) -> Iterator[Message]:
        if self.build_logs.tail(uid, 0) is None:
            raise NoLogError("Nothing has been built or started yet, so there is no log.")
        return self._build_messages(uid, query)

    def _build_messages(self, uid: str, query: LogQuery) -> Iterator[Message]:
        told, tail, silent_for = query.since.lines, query.tail, 0.0
        while True:
            runs = isinstance(self.builds.look(uid), BuildInProgress)
            lines = self.build_logs.tail(uid, 10**9) or ()
            if len(lines) < told:
                told = 0  # another build began
            first = told if tail is None else max(told, len(lines) - tail)
            tail = None
            for number in range(first, len(lines)):
                silent_for = 0.0
                yield {"type": "log", "at": str(number + 1), "line": lines[number]}
            told = len(lines)
            if not query.follow or not runs:
                yield {"type": "end", "reason": "The build has ended." if not runs else "That is all so far."}
                return
            self.clock.sleep(POLL)
            silent_for += POLL
            if silent_for >= HEARTBEAT:
                silent_for = 0.0
                yield {"type": "heartbeat"}


def _run_begins(container: ObservedContainer) -> int:
    """When this run's first line may have come, in nanoseconds; 0 where there was none before."""
    started, ended = container.started_at or 0.0, container.finished_at
    if ended is None:
        return 0
    if ended < started:
        return round(ended * 10**9)
    return max(0, round((started - _TOLERANCE) * 10**9))


def _begun(lines: Iterator[LogLine | None]) -> Iterator[LogLine | None]:
    """The same lines, the first of them asked for already: what fails at once, fails here."""
    try:
        first = next(lines)
    except StopIteration:
        return iter(())
    except NotFound as error:
        raise NoLogError("The container has just gone; ask again.") from error
    return chain((first,), lines)


def _messages(lines: Iterator[LogLine | None] | Iterator[LogLine], reason: str) -> Iterator[Message]:
    for line in lines:
        if line is None:
            yield {"type": "heartbeat"}
        else:
            yield {"type": "log", "at": str(LogPosition(line.at)), "line": line.text}
    yield {"type": "end", "reason": reason}
