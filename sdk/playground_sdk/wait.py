"""Waiting: polls until a build or a playground is where it should be, tells what it waits for, and fails at once.

A create is recorded within milliseconds, and becomes a serving playground later. The server keeps saying what is
still missing; here that becomes calls of ``on_progress``, one for every change, and the text of the time-out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from playground_sdk._clock import Clock
from playground_sdk.errors import (
    BuildCancelledError,
    BuildFailedError,
    NotFoundError,
    RateLimitError,
    ServerError,
    StartFailedError,
    TransportError,
    WaitTimeoutError,
)
from playground_sdk.models import Build, Condition, Container

__all__ = ["OnProgress", "Progress", "await_build", "await_status", "upload_reporter"]

_FIRST_POLL = 0.1
_SLOWEST_POLL = 2.0
_GROWTH = 1.5
# An API that is being restarted is away for a moment; one that stays away this long is reported.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Progress:
    """One change on the way to a serving playground.

    Attributes:
        stage: ``uploading`` while the archive is sent; then the server's word (``pending``, ``building``, ``starting``,
            ``completed`` …); ``unreachable`` while the server does not answer.
        message: a sentence: what is happening, or what is being waited for.
        elapsed: seconds since the waiting (or the upload) began.
        sent, total: bytes of the upload; 0 otherwise.
        build_id: which build; empty during the upload.
        conditions: the playground's conditions, as far as the server tells them.
    """

    stage: str
    message: str
    elapsed: float = 0.0
    sent: int = 0
    total: int = 0
    build_id: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def status(self) -> str:
        """The same as ``stage``, by the name it has in the build's reply."""
        return self.stage


OnProgress = Callable[[Progress], None]


def await_build(
    fetch: Callable[[], Build], build_id: str, *, timeout: float, on_progress: OnProgress | None, clock: Clock
) -> Build:
    """Poll a build until it is completed, and return its last reply.

    Raises:
        BuildFailedError, BuildCancelledError: at once, when it ended so.
        WaitTimeoutError: ``timeout`` seconds are over; it names the last message.
        ApiError, TransportError: asking failed for good.
    """
    for reply in _polled(fetch, f"Build {build_id} is not completed", timeout, _reporter(on_progress, build_id), clock):
        build = cast("Build", reply)
        match build.get("status"):
            case "completed":
                return build
            case "failed":
                raise BuildFailedError(build, build_id)
            case "cancelled":
                raise BuildCancelledError(build, build_id)
    raise AssertionError("polling ends with an answer or an exception")


def await_status(
    fetch: Callable[[], Container],
    name: str,
    status: str,
    *,
    timeout: float,
    on_progress: OnProgress | None,
    clock: Clock,
) -> Container | None:
    """Poll a playground until it has ``status`` and return its last reply; gone (None) counts as ``deleted``.

    Raises:
        StartFailedError: at once, when it has failed instead (unless that, or its deletion, is what is waited for).
        WaitTimeoutError: ``timeout`` seconds are over.
        ApiError, TransportError: asking failed for good, or the playground is gone.
    """
    try:
        for reply in _polled(fetch, f"Playground {name} is not {status}", timeout, _reporter(on_progress, ""), clock):
            container = cast("Container", reply)
            reached = container.get("status")
            if reached == status:
                return container
            if reached == "failed" and status != "deleted":
                raise StartFailedError(container, name)
    except NotFoundError:
        if status == "deleted":
            return None
        raise
    raise AssertionError("polling ends with an answer or an exception")


_Report = Callable[[str, str, float, tuple[Condition, ...]], None]


def _reporter(on_progress: OnProgress | None, build_id: str) -> _Report:
    """Turn replies into calls of ``on_progress``, leaving out those that say nothing new."""
    said: tuple[str, str] | None = None

    def report(stage: str, message: str, elapsed: float, conditions: tuple[Condition, ...]) -> None:
        nonlocal said
        if on_progress is not None and said != (stage, message):
            on_progress(Progress(stage, message, elapsed, build_id=build_id, conditions=conditions))
        said = (stage, message)

    return report


def _polled(
    fetch: Callable[[], Any], what: str, timeout: float, report: _Report, clock: Clock
) -> Iterator[dict[str, Any]]:
    """Yield reply after reply, reporting each, at first every 0.1 s and slowing down to every 2 s.

    A server that does not answer, or answers 5xx, is asked again for 30 s: it may be restarting. So is one to which
    others with the same token speak too often (429): what is waited for goes on meanwhile.

    Raises:
        WaitTimeoutError: the consumer wants yet another reply, and ``timeout`` seconds are over.
    """
    start = answered = clock.monotonic()
    pause = _FIRST_POLL
    waiting_for, last = "the server's first answer", None
    while True:
        try:
            last = fetch()
        except (TransportError, ServerError, RateLimitError) as exc:
            if clock.monotonic() - answered > min(_PATIENCE, timeout):
                raise
            waiting_for = f"the server to answer again: {exc}"
            report("unreachable", waiting_for, clock.monotonic() - start, ())
        else:
            answered = clock.monotonic()
            stage = str(last.get("status") or "pending")
            waiting_for = _waiting_for(last, stage)
            report(stage, waiting_for, answered - start, tuple(last.get("conditions") or ()))
            yield last
        left = start + timeout - clock.monotonic()
        if left <= 0:
            raise WaitTimeoutError(what, seconds=timeout, waiting_for=waiting_for, last=last)
        clock.sleep(min(pause, left))
        pause = min(pause * _GROWTH, _SLOWEST_POLL)


def _waiting_for(reply: dict[str, Any], stage: str) -> str:
    """The server's sentence; else that of the first condition that does not hold; else the stage's word."""
    if reply.get("message"):
        return str(reply["message"])
    for condition in reply.get("conditions") or ():
        if condition.get("status") != "True" and condition.get("message"):
            return str(condition["message"])
    return stage


def upload_reporter(on_progress: OnProgress, name: str, clock: Clock) -> Callable[[int, int], None]:
    """Make the callback for an upload's bytes."""
    start = clock.monotonic()

    def sent(done: int, total: int) -> None:
        on_progress(Progress("uploading", f"sending {name}", clock.monotonic() - start, sent=done, total=total))

    return sent
