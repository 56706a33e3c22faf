"""The controller's private port, on the loopback address: logs and health, for the API process beside it.

    GET /healthz                 {"engine": {"status": "ok" | "unavailable", "message"?}, "leading": true | false}
    GET /logs/{uid}?tail=100     text/plain: the container's last lines, else the last image build's; 404 for neither

Every request needs `Authorization: Bearer <the controller's token>`.
"""

import hmac
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson
import structlog

from controller.builds.build_logs import BuildLogs
from controller.engine.breaker import BreakerEngine
from controller.engine.errors import EngineError, NotFound
from controller.loop.leader import Leader

log = structlog.get_logger()
DEFAULT_TAIL = 100
MAX_TAIL = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, media type, body."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class PrivateApi:
    """Answers the questions that only the process with the engine can answer."""

    engine: BreakerEngine
    build_logs: BuildLogs
    leader: Leader
    token: str

    def answer(self, target: str, authorization: str) -> Answer:
        """Answer one GET for `target` (path and query)."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            return _sentence(401, "The controller's private port needs the controller's token.")
        url = urlsplit(target)
        head, _, uid = url.path.strip("/").partition("/")
        if head == "healthz" and not uid:
            return self._health()
        if head == "logs" and uid.isalnum():
            tail = parse_qs(url.query).get("tail", [str(DEFAULT_TAIL)])[0]
            if not tail.isdigit():
                return _sentence(422, f"`tail` is a number of lines, and not {tail!r}.")
            return self._logs(uid, min(int(tail), MAX_TAIL))
        return _sentence(404, "There is /healthz and /logs/{uid}.")

    def _health(self) -> Answer:
        why = self.engine.why_open
        engine = {"status": "ok"} if why is None else {"status": "unavailable", "message": why}
        body = {"engine": engine, "leading": self.leader.claim() is not None}
        return Answer(200, "application/json", orjson.dumps(body))

    def _logs(self, uid: str, tail: int) -> Answer:
        try:
            containers = self.engine.containers_of(uid)
            newest = max(containers, key=lambda c: (c.is_up, c.started_at or 0.0), default=None)
            lines = self.engine.log_tail(newest.id, tail) if newest is not None and newest.started_at else None
        except NotFound:
            lines = None
        except EngineError as error:
            return _sentence(409, str(error))
        if lines is None:
            lines = self.build_logs.tail(uid, tail)
        if lines is None:
            return _sentence(404, "Nothing has been built or started yet, so there is no log.")
        return Answer(200, "text/plain; charset=utf-8", "".join(f"{line}\n" for line in lines).encode())


def serve(api: PrivateApi, port: int) -> ThreadingHTTPServer:
    """Listen on the loopback address in a thread of its own; `shutdown()` on the result ends it."""

    class Handler(BaseHTTPRequestHandler):
        """Hands requests on."""

        timeout = 10

        def do_GET(self) -> None:
            """Answer."""
            answer = api.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the library's)
            """Every request is one at debug."""
            log.debug("private request", line=format % args)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="private-api", daemon=True).start()
    return server


def _sentence(status: int, text: str) -> Answer:
    return Answer(status, "application/json", orjson.dumps({"detail": text}))
