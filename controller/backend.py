"""The platform's backend is told how its containers are: a push whenever that changes, that no pass waits for.

`POST {backend_url}/v2/_agent/containers/{backend_container_id}/health/`, for playgrounds that were asked for with a
`backend_container_id`. What waits to be sent is bounded, one message a playground: the newest. A push that fails is
tried again with back-off, and given up after a while; the next change tells everything anew.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

import requests
import structlog

from api.clock import Clock
from api.resources.phase import health, phase
from api.resources.playground import Playground
from api.resources.value import timestamp
from controller.planner.backoff import delay

log = structlog.get_logger()

MAX_WAITING = 1000
MAX_ATTEMPTS = 8
TIMEOUT = 5.0
LOOK_EVERY = 0.5

Message = dict[str, str | int | None]
Post = Callable[[str, Message], None]
"""Sends; raises OSError when it did not arrive."""


@dataclass(slots=True)
class _Waiting:
    """One message on its way."""

    backend_id: str
    message: Message
    due: float
    attempts: int = 0


@dataclass(slots=True)
class BackendHealth:
    """Takes what is to be told, and tells it from a thread of its own."""

    post: Post
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _told: dict[str, Message] = field(default_factory=dict)

    def note(self, playground: Playground) -> None:
        """A pass has reported this. Returns at once; what was told already is not told again."""
        metadata = playground.metadata
        if metadata.backend_container_id is None:
            return
        message = message_of(playground)
        with self._lock:
            if self._told.get(metadata.uid) == message:
                return
            if metadata.uid not in self._waiting and len(self._waiting) >= MAX_WAITING:
                log.warning("backend not told", uid=metadata.uid, error="too many messages wait already")
                return
            self._told[metadata.uid] = message
            self._waiting[metadata.uid] = _Waiting(metadata.backend_container_id, message, self.clock.monotonic())

    def run(self, stop: threading.Event) -> None:
        """Send what is due until `stop`."""
        while not stop.wait(LOOK_EVERY):
            self.send_due()

    def send_due(self) -> None:
        """Send what is due now, each once."""
        now = self.clock.monotonic()
        with self._lock:
            due = [(uid, waiting) for uid, waiting in self._waiting.items() if waiting.due <= now]
        for uid, waiting in due:
            self._send(uid, waiting)

    def _send(self, uid: str, waiting: _Waiting) -> None:
        checked_at = timestamp(self.clock.now())
        try:
            self.post(waiting.backend_id, {**waiting.message, "last_health_check_at": checked_at})
        except OSError as error:
            waiting.attempts += 1
            if waiting.attempts < MAX_ATTEMPTS:
                waiting.due = self.clock.monotonic() + delay(waiting.attempts, uid)
                return
            log.warning("backend not told", uid=uid, error=str(error))
        with self._lock:
            if self._waiting.get(uid) is waiting:  # else there is something newer to tell
                del self._waiting[uid]


def message_of(playground: Playground) -> Message:
    """What is told, but for the time."""
    failure = playground.status.last_failure
    word = health(playground)
    return {
        "status": phase(playground),
        "health_state": word,
        "consecutive_failures": playground.status.probe_failures,
        "last_health_error": failure.message if failure is not None and word != "healthy" else None,
    }


def http_post(base_url: str, token: str | None) -> Post:
    """Posts to the backend at that address."""

    def post(backend_id: str, message: Message) -> None:
        address = f"{base_url.rstrip('/')}/v2/_agent/containers/{quote(backend_id, safe='')}/health/"
        headers = {"Authorization": f"Token {token}"} if token else {}
        with requests.Session() as session:
            reply = session.post(address, json=message, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        if reply.status_code >= 300:
            raise OSError(f"the backend answered {reply.status_code}")

    return post
