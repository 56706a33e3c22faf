"""Waiting until playgrounds are ready, or gone: many at once, each told as soon as it is decided.

A playground that has failed is told at once, with the reason and the last lines of its log; one that can't become
ready because it is wanted stopped, too. When the time is over, what each was waiting for is told.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from playground_sdk._clock import Clock
from playground_sdk.errors import (
    NotFoundError,
    PlaygroundError,
    RateLimitError,
    ServerError,
    StartFailedError,
    TransportError,
    WaitTimeoutError,
)
from playground_sdk.models import Container
from playground_sdk.objects import Playground
from playground_sdk.wait import OnProgress, Progress

__all__ = ["CONDITIONS", "Awaited", "WaitFor", "await_playgrounds", "find_condition", "waiting_for"]

WaitFor = Literal["Ready", "delete"]
CONDITIONS = ("Ready", "delete")
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.1, 1.0, 1.5
_PATIENCE = 30.0  # an API that is being restarted is away for a moment


@dataclass(frozen=True, slots=True)
class Awaited:
    """How the wait for one playground ended: it is there (or gone: None), or ``error`` says why not."""

    name: str
    playground: Playground | None = None
    error: PlaygroundError | None = None


def await_playgrounds(
    fetch: Callable[[], Mapping[str, Playground]],
    wanted: Mapping[str, str],
    condition: WaitFor,
    *,
    timeout: float,
    clock: Clock,
    on_progress: OnProgress | None = None,
) -> Iterator[Awaited]:
    """Ask again and again until every playground is decided, and yield each when it is.

    Args:
        fetch: all playgrounds (or at least those that are waited for), by name.
        wanted: the names waited for, each with the uid that was meant; an empty one means whichever has the name.
        timeout: seconds, for all of them together.
        on_progress: called at every change; the step's ``message`` begins with the name.

    Raises:
        ApiError, TransportError: asking failed for good.
    """
    start = answered = clock.monotonic()
    pause, left = _FIRST_PAUSE, dict(wanted)
    said: dict[str, tuple[str, str]] = {}
    last: Mapping[str, Playground] = {}
    while left:
        try:
            last = fetch()
        except (TransportError, ServerError, RateLimitError):
            if clock.monotonic() - answered > min(_PATIENCE, timeout):
                raise
        else:
            answered = clock.monotonic()
            for name, uid in list(left.items()):
                found = last.get(name)
                if found is not None and uid and found["metadata"]["uid"] != uid:
                    found = None
                if (decided := _decided(name, found, condition)) is not None:
                    del left[name]
                    yield decided
                elif found is not None and on_progress is not None:
                    step = (found["status"]["phase"], waiting_for(found))
                    if said.get(name) != step:
                        message = name if step[1] == step[0] else f"{name}: {step[1]}"
                        on_progress(Progress(step[0], message, answered - start))
                    said[name] = step
        over = start + timeout - clock.monotonic()
        if left and over <= 0:
            break
        if left:
            clock.sleep(min(pause, over))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
    word = "gone" if condition == "delete" else "ready"
    for name in left:
        reason = waiting_for(last[name]) if name in last else "the server's answer"
        error = WaitTimeoutError(f"Playground {name} is not {word}", seconds=timeout, waiting_for=reason, last=None)
        yield Awaited(name, last.get(name), error)


def find_condition(playground: Playground, kind: str) -> str:
    """A condition's status: True, False or Unknown, and Unknown while it speaks of an older spec."""
    for condition in playground["status"].get("conditions") or ():
        current = condition["observedGeneration"] >= playground["metadata"]["generation"]
        if condition["type"] == kind and current:
            return condition["status"]
    return "Unknown"


def waiting_for(playground: Playground) -> str:
    """What keeps a playground from being ready, as a sentence."""
    status = playground["status"]
    if message := status.get("message"):
        return message
    conditions = status.get("conditions") or []
    for condition in [*(one for one in conditions if one["type"] == "Ready"), *conditions]:
        if condition["status"] != "True" and condition["message"]:
            return condition["message"]
    return status["phase"]


def _decided(name: str, found: Playground | None, condition: WaitFor) -> Awaited | None:
    """The end of the wait for one playground, if this is it."""
    if found is None:
        gone = NotFoundError(
            f"There is no playground {name} (any more)", status_code=404, detail=None, call=f"the wait for {name}"
        )
        return Awaited(name) if condition == "delete" else Awaited(name, error=gone)
    if condition == "delete":
        return None
    if "deletionTimestamp" in found["metadata"]:
        return Awaited(name, found, _hopeless(found, "it is being deleted"))
    if find_condition(found, "Ready") == "True":
        return Awaited(name, found)
    current = found["status"]["observedGeneration"] >= found["metadata"]["generation"]
    if current and found["status"]["phase"] == "failed":
        return Awaited(name, found, _failed(found))
    if found["spec"].get("state") == "Stopped":
        return Awaited(name, found, _hopeless(found, "it is wanted stopped (spec.state)"))
    return None


def _hopeless(playground: Playground, why: str) -> StartFailedError:
    """Why waiting longer would be in vain."""
    container: Container = {"message": why, "last_error": why}
    return StartFailedError(container, playground["metadata"]["name"], "will not become ready")


def _failed(playground: Playground) -> StartFailedError:
    """The failure, told with the reason and the last lines that were kept."""
    message = waiting_for(playground)
    container: Container = {"message": message, "last_error": message}
    if failure := playground["status"].get("lastFailure"):
        container["last_error"] = f"{failure['reason']}: {failure['message']}"
        container["last_log_lines"] = failure.get("logTail") or []
    return StartFailedError(container, playground["metadata"]["name"])
