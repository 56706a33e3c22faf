"""One image build over BuildKit, through the plain Engine API: ``POST /build?version=2`` with a tar body.

A thread of its own sends the context and reads the answer; the caller's thread waits for lines, for the cancellation
and for the deadline. So a build that prints nothing, or an engine that says nothing, never holds the caller. Ending a
build means closing its connection: the engine then kills what runs in it.
"""

import json
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import requests

from api.clock import Clock, SystemClock
from controller.engine.build_trace import TraceError, TraceLog
from controller.engine.connect import EngineClient
from controller.engine.errors import (
    BuildCancelled,
    BuildTimedOut,
    EngineError,
    EngineFailed,
    EngineRefused,
    EngineUnavailable,
    ImageBuildFailed,
)
from controller.engine.log_tail import LogLine, LogTail

_CHUNK = 1 << 16
_POLL_S = 0.05
_GRACE_S = 2.0
_CLOCK = SystemClock()


@runtime_checkable
class Readable(Protocol):
    """A binary file, as far as a build needs one."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        ...


BuildContext: TypeAlias = Iterable[bytes] | Readable
"""A tar archive with the Dockerfile at its root: pieces of it, or a file to read it from. Never whole in memory."""


@dataclass(frozen=True)
class BuildRequest:
    """What to build: the image's name and labels, the Dockerfile's ARGs, and the network of its RUN lines."""

    tag: str
    labels: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] = field(default_factory=dict)
    network_mode: str | None = None

    def query(self) -> dict[str, str]:
        """The request as the Engine API spells it."""
        query = {
            "version": "2",
            "t": self.tag,
            "labels": json.dumps(dict(self.labels)),
            "buildargs": json.dumps(dict(self.build_args)),
        }
        return query | ({"networkmode": self.network_mode} if self.network_mode else {})


def build_image(
    api: EngineClient,
    context: BuildContext,
    request: BuildRequest,
    *,
    cancelled: Callable[[], bool] | threading.Event,
    deadline_s: float,
    on_line: Callable[[str], None],
    clock: Clock = _CLOCK,
) -> str:
    """Build an image and return its id (``sha256:…``).

    ``on_line`` gets, in this thread and as they come, the name of each step and what it prints. ``cancelled`` is asked
    twenty times a second; ``deadline_s`` counts seconds from now. Both end the build on the engine too.

    Raises ImageBuildFailed (a step failed, or the Dockerfile is wrong), BuildCancelled, BuildTimedOut, each with the
    last 100 lines (a LogTail: stderr is not pushed out by stdout); EngineRefused when the request itself is wrong;
    EngineFailed when the engine answered a 5xx; EngineUnavailable when the connection broke, in which case nothing is
    known about the build. An error of ``context`` itself comes through as it is.
    """
    is_cancelled = cancelled.is_set if isinstance(cancelled, threading.Event) else cancelled
    tail = LogTail()
    ends_at = clock.monotonic() + deadline_s
    stream = _BuildStream(api, context, request, deadline_s)
    stream.start()
    try:
        while True:
            if is_cancelled():
                raise BuildCancelled(f"The build of {request.tag} was cancelled.", tuple(tail))
            if clock.monotonic() >= ends_at:
                raise BuildTimedOut(f"The build of {request.tag} was not done after {deadline_s:g} s.", tuple(tail))
            try:
                item = stream.items.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(item, LogLine):
                tail.add(item)
                on_line(item.text)
            elif isinstance(item, _Built):
                return item.image_id
            elif isinstance(item, _Failure):
                raise ImageBuildFailed(item.reason, tuple(tail))
            else:
                raise item
    finally:
        stream.abort()


@dataclass(frozen=True)
class _Built:
    image_id: str


@dataclass(frozen=True)
class _Failure:
    reason: str


class _ContextError(Exception):
    """Carries an error of the caller's context through the HTTP client, which would call it a broken connection."""


class _AbortedError(Exception):
    """The sending is broken off on purpose."""


class _BuildStream:
    """The thread that talks to the engine. ``items`` carries lines and, last, how it ended."""

    def __init__(self, api: EngineClient, context: BuildContext, request: BuildRequest, deadline_s: float) -> None:
        self.items: queue.SimpleQueue[LogLine | _Built | _Failure | Exception] = queue.SimpleQueue()
        self._api = api
        self._context = context
        self._request = request
        # The caller's thread keeps the deadline. This one only sees to it that the thread ends some time later.
        self._timeout = (api.timeout, deadline_s + 5.0)
        self._lock = threading.Lock()
        self._aborted = False
        self._socket: socket.socket | None = None
        self._context_error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"build {request.tag}", daemon=True)

    def start(self) -> None:
        """Begin to send the context."""
        self._thread.start()

    def abort(self) -> None:
        """Close the connection, which ends the build if it still runs, and see the thread go."""
        with self._lock:
            self._aborted = True
            if self._socket is not None:
                _hang_up(self._socket)
        self._thread.join(_GRACE_S)

    def _run(self) -> None:
        try:
            end = self._talk()
        except requests.RequestException as error:
            end = self._context_error or EngineUnavailable(
                f"The connection to the engine broke during a build: {error}"
            )
        except (TraceError, json.JSONDecodeError) as error:
            end = EngineUnavailable(f"The engine sent something during a build that is no progress message: {error}")
        except Exception as error:  # the thread must never end without saying how
            end = self._context_error or error
        self.items.put(end)

    def _talk(self) -> _Built | _Failure | Exception:
        with self._api.post(
            f"{self._api.base_url}/v{self._api.api_version}/build",
            params=self._request.query(),
            data=self._pieces(),
            headers={"Content-Type": "application/x-tar"},
            timeout=self._timeout,
            stream=True,
        ) as response:
            if response.status_code >= 400:
                return _refusal(response)
            connection = socket.socket(fileno=os.dup(response.raw.fileno()))
            try:
                with self._lock:
                    if self._aborted:
                        _hang_up(connection)
                    self._socket = connection
                return self._read(response)
            finally:
                with self._lock:
                    self._socket = None
                connection.close()

    def _pieces(self) -> Iterator[bytes]:
        """The context, piece by piece, until the build is aborted."""
        try:
            for piece in _pieces_of(self._context):
                if self._aborted:
                    raise _AbortedError
                if piece:  # an empty chunk would end the body
                    yield piece
        except (GeneratorExit, _AbortedError):
            raise
        except Exception as error:
            self._context_error = error
            raise _ContextError from error

    def _read(self, response: requests.Response) -> _Built | _Failure | Exception:
        trace = TraceLog()
        built: _Built | None = None
        for raw in response.iter_lines():
            message = json.loads(raw) if raw else {}
            if message.get("id") == "moby.buildkit.trace":
                for line in trace.lines(message["aux"]):
                    self.items.put(line)
            elif message.get("id") == "moby.image.id":
                built = _Built(message["aux"]["ID"])
            elif "error" in message:
                for line in trace.rest():
                    self.items.put(line)
                return _failure(str(message["error"]))
            elif message.get("stream"):
                self.items.put(LogLine(str(message["stream"]).rstrip("\n")))
        for line in trace.rest():
            self.items.put(line)
        return built or EngineUnavailable("The engine ended a build without saying whether it is done.")


def _pieces_of(context: BuildContext) -> Iterator[bytes]:
    if isinstance(context, Readable):
        while piece := context.read(_CHUNK):
            yield piece
    else:
        yield from context


def _failure(reason: str) -> _Failure | EngineError:
    """A failed build, unless the engine broke it off by itself (it does so when it is being stopped)."""
    if _is_broken_off(reason):
        return EngineUnavailable(f"The engine broke a build off: {reason}")
    return _Failure(reason)


def _is_broken_off(reason: str) -> bool:
    return "context canceled" in reason or "shutting down" in reason


def _refusal(response: requests.Response) -> EngineError:
    """The error of an answer that is no stream."""
    try:
        text = str(response.json()["message"])
    except (ValueError, KeyError, TypeError, requests.RequestException):
        text = response.reason or "no reason given"
    if response.status_code >= 500 and not text.startswith("invalid "):  # 20.10 answers a bad image name with a 500
        kind = EngineUnavailable if _is_broken_off(text) else EngineFailed
        return kind(f"The engine could not begin a build ({response.status_code}): {text}")
    return EngineRefused(f"The engine refused a build ({response.status_code}): {text}")


def _hang_up(connection: socket.socket) -> None:
    """End a connection under the reader's hands: its read returns at once."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other end was faster
