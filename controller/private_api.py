"""The controller's private port, on the loopback address: what only the process with the engine can answer.

    GET  /healthz                 {"engine": {"status": "ok" | "unavailable", "message"?}, "leading": true | false}
    GET  /logs/{uid}?tail=100     text/plain: the container's last lines, else the last image build's; 404 for neither
    GET  /plan/{uid}              {"plan": "…"}: what a pass would do now; 404 without such a playground
    POST /gc?dry_run=1            {"plan": ["…"], "removed": 0}: what garbage collection does, or would do

Every request needs `Authorization: Bearer <the controller's token>`.
"""

import hmac
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson
import structlog

from api.store import StoreError
from controller.builds.build_logs import BuildLogs
from controller.engine.breaker import BreakerEngine
from controller.engine.errors import EngineError, NotFound
from controller.loop.collector import Collector
from controller.loop.leader import Leader
from controller.loop.reconciler import Reconciler

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
    """Answers the API process and the operator's command."""

    engine: BreakerEngine
    build_logs: BuildLogs
    leader: Leader
    reconciler: Reconciler
    collector: Collector
    token: str

    def answer(self, method: str, target: str, authorization: str) -> Answer:
        """Answer one request for `target` (path and query). What cannot be answered now is a 409 with a sentence."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            return _sentence(401, "The controller's private port needs the controller's token.")
        url = urlsplit(target)
        query = parse_qs(url.query)
        head, _, uid = url.path.strip("/").partition("/")
        try:
            match method, head, uid:
                case "GET", "healthz", "":
                    return self._health()
                case "GET", "logs", uid if uid.isalnum():
                    return self._logs(uid, query.get("tail", [str(DEFAULT_TAIL)])[0])
                case "GET", "plan", uid if uid.isalnum():
                    return self._plan(uid)
                case "POST", "gc", "":
                    return self._collect(dry_run=query.get("dry_run", ["0"])[0] != "0")
                case _:
                    return _sentence(404, "There is GET /healthz, /logs/{uid}, /plan/{uid}, and POST /gc.")
        except (EngineError, StoreError) as error:
            return _sentence(409, str(error))

    def _health(self) -> Answer:
        why = self.engine.why_open
        engine = {"status": "ok"} if why is None else {"status": "unavailable", "message": why}
        return _json({"engine": engine, "leading": self.leader.claim() is not None})

    def _logs(self, uid: str, tail: str) -> Answer:
        if not re.fullmatch(r"[0-9]{1,9}", tail):
            return _sentence(422, f"`tail` is a number of lines, and not {tail!r}.")
        count = min(int(tail), MAX_TAIL)
        lines = self._container_log(uid, count)
        if lines is None:
            lines = self.build_logs.tail(uid, count)
        if lines is None:
            return _sentence(404, "Nothing has been built or started yet, so there is no log.")
        return Answer(200, "text/plain; charset=utf-8", "".join(f"{line}\n" for line in lines).encode())

    def _container_log(self, uid: str, count: int) -> tuple[str, ...] | None:
        """The last lines of the container that runs, or ran last; None when none ever did."""
        started = [c for c in self.engine.containers_of(uid) if c.started_at is not None]
        newest = max(started, key=lambda c: (c.is_up, c.started_at or 0.0), default=None)
        if newest is None:
            return None
        try:
            return self.engine.log_tail(newest.id, count)
        except NotFound:
            return None

    def _plan(self, uid: str) -> Answer:
        decided = self.reconciler.dry_run(uid)
        return _json({"plan": str(decided)}) if decided else _sentence(404, f"There is no playground {uid}.")

    def _collect(self, *, dry_run: bool) -> Answer:
        plan = [str(collection) for collection in self.collector.plan()]
        if dry_run:
            return _json({"plan": plan, "removed": 0})
        claim = self.leader.claim()
        if claim is None:
            return _sentence(409, "This controller does not lead; the one that does collects garbage.")
        return _json({"plan": plan, "removed": self.collector.run(claim)})


def serve(api: PrivateApi, port: int) -> ThreadingHTTPServer:
    """Listen on the loopback address in a thread of its own; `shutdown()` on the result ends it."""

    class Handler(BaseHTTPRequestHandler):
        """Hands requests on."""

        timeout = 10

        def do_GET(self) -> None:
            """Answer."""
            self._answer("GET")

        def do_POST(self) -> None:
            """Answer; no request of ours has a body."""
            self._answer("POST")

        def _answer(self, method: str) -> None:
            answer = api.answer(method, self.path, self.headers.get("Authorization", ""))
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


def _json(value: object) -> Answer:
    return Answer(200, "application/json", orjson.dumps(value))


def _sentence(status: int, text: str) -> Answer:
    return Answer(status, "application/json", orjson.dumps({"detail": text}))
