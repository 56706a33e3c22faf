"""The controller's private port, on the loopback address: what only the process with the engine can answer.

    GET  /livez, /readyz          200, and 500 when this process cannot do its work; without a token
    GET  /metrics                 for Prometheus; without a token
    GET  /healthz                 {"engine": {"status": "ok" | "unavailable", "message"?}, "leading": true | false}
    GET  /logs/{uid}?tail=100     text/plain: the container's last lines, else the last image build's; 404 for neither
    GET  /logs/{uid}/lines?…      JSON lines: `log`, `heartbeat`, `end`; by tail, since, follow, previous, build
    GET  /usage/{uid}             what its container uses: cpu_percent, memory_bytes, …; 404 when none runs
    GET  /strangers               [{"id", "name", "image", "status"}]: the engine's containers that are not ours
    GET  /probe/{uid}             {"ready": …, "detail", "at"}: a probe made now; 404 when no container runs
    POST /plan                    what a pass would do if the DesiredState in the body were wanted
    GET  /plan/{uid}              {"plan": "…"}: what a pass would do now; 404 without such a playground
    POST /gc?dry_run=1            {"plan": ["…"], "removed": 0}: what garbage collection does, or would do

Every other request needs `Authorization: Bearer <the controller's token>`.
"""

import hmac
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson
import structlog
from pydantic import ValidationError

from api.metrics import CONTENT_TYPE
from api.resources.desired import DesiredState
from api.resources.log_position import LogPosition, parse_since
from api.store import StoreError
from controller.builds.build_logs import BuildLogs
from controller.domain.observed import ProbeVerdict, StrangersContainer
from controller.engine.breaker import BreakerEngine
from controller.engine.errors import EngineError, NotFound
from controller.logs.reader import LogQuery, LogReader, Message, NoLogError
from controller.loop.collector import Collector
from controller.loop.leader import Leader
from controller.loop.reconciler import Reconciler

log = structlog.get_logger()
DEFAULT_TAIL = 100
MAX_TAIL = 10_000
MAX_BODY = 4 * 1024 * 1024
JSON = "application/json"
_NOT_RUNNING = "No container of it runs."
_ROUTES = (
    "There is GET /livez, /readyz, /metrics, /healthz, /logs/{uid}, /usage/{uid}, /strangers, /probe/{uid}, "
    "/plan/{uid}, and POST /plan, /gc."
)


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
    log_reader: LogReader | None = None
    metrics: Callable[[], bytes] | None = None
    strangers: Callable[[], Sequence[StrangersContainer]] = tuple
    """Raises EngineError."""

    def answer(self, method: str, target: str, authorization: str, body: bytes = b"") -> Answer | Iterator[bytes]:
        """Answer one request for `target` (path and query). What cannot be answered now is a 409 with a sentence.

        Pieces of JSON lines are a stream, which may last.
        """
        if method == "GET":
            public = self._public(target)
            if public is not None:
                return public
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
                case "GET", "logs", rest if rest.endswith("/lines") and rest.removesuffix("/lines").isalnum():
                    return self._lines(rest.removesuffix("/lines"), query)
                case "GET", "usage", uid if uid.isalnum():
                    return self._usage(uid)
                case "GET", "strangers", "":
                    return _json([asdict(container) for container in self.strangers()])
                case "GET", "probe", uid if uid.isalnum():
                    return self._probe(uid)
                case "GET", "plan", uid if uid.isalnum():
                    return self._plan(uid)
                case "POST", "plan", "":
                    return self._proposed_plan(body)
                case "POST", "gc", "":
                    return self._collect(dry_run=query.get("dry_run", ["0"])[0] != "0")
                case _:
                    return _sentence(404, _ROUTES)
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

    def _usage(self, uid: str) -> Answer:
        running = next((c for c in self.engine.containers_of(uid) if c.is_up), None)
        return _json(asdict(self.engine.usage(running.id))) if running else _sentence(404, _NOT_RUNNING)

    def _probe(self, uid: str) -> Answer:
        probe = self.reconciler.probe(uid)
        if probe is None:
            return _sentence(404, _NOT_RUNNING)
        ready = probe.verdict is ProbeVerdict.READY
        return _json({"ready": ready, "detail": probe.detail, "at": self.reconciler.clock.now()})

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

    def _public(self, target: str) -> Answer | None:
        match urlsplit(target).path:
            case "/livez":
                return _json({"status": "ok"})
            case "/readyz":
                try:
                    self.reconciler.store.check_schema()
                except StoreError as error:
                    return Answer(500, JSON, orjson.dumps({"status": "unavailable", "reason": str(error)}))
                return _json({"status": "ok"})
            case "/metrics" if self.metrics is not None:
                return Answer(200, CONTENT_TYPE, self.metrics())
            case _:
                return None

    def _lines(self, uid: str, query: dict[str, list[str]]) -> Answer | Iterator[bytes]:
        if self.log_reader is None:
            return _sentence(404, "This controller keeps no logs.")
        given = {name: values[-1] for name, values in query.items()}
        tail = given.get("tail")
        try:
            since = parse_since(given["since"], 0.0) if "since" in given else LogPosition()
            wanted = LogQuery(
                since=since,
                tail=None if tail is None else int(tail),
                follow=given.get("follow") == "1",
                previous=given.get("previous") == "1",
                build=given.get("build") == "1",
            )
        except ValueError as error:
            return _sentence(422, f"The query cannot be read: {error}.")
        try:
            messages = self.log_reader.open(uid, wanted)
        except NoLogError as error:
            return _sentence(404, str(error))
        return (orjson.dumps(message) + b"\n" for message in _ended(messages))

    def _proposed_plan(self, body: bytes) -> Answer:
        try:
            proposed = DesiredState.model_validate_json(body)
        except ValidationError as error:
            return _sentence(422, f"The body is no desired state: {error.error_count()} fields do not fit.")
        decided = self.reconciler.plan_for(proposed)
        actions = [str(action) for action in decided.actions]
        return _json({"situation": decided.situation.value, "actions": actions, "text": str(decided)})

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
            """Answer, once the body is there."""
            declared = self.headers.get("Content-Length", "0")
            length = int(declared) if declared.isdigit() else 0
            if length > MAX_BODY:
                self.send_error(413)
                return
            self._answer("POST", self.rfile.read(length))

        def _answer(self, method: str, body: bytes = b"") -> None:
            answer = api.answer(method, self.path, self.headers.get("Authorization", ""), body)
            if not isinstance(answer, Answer):
                self._stream(answer)
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def _stream(self, pieces: Iterator[bytes]) -> None:
            """Send until the end, or until nobody listens."""
            self.send_response(200)
            self.send_header("Content-Type", "application/jsonl")
            self.end_headers()
            with suppress(OSError):
                for piece in pieces:
                    self.wfile.write(piece)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the library's)
            """Every request is one at debug."""
            log.debug("private request", line=format % args)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="private-api", daemon=True).start()
    return server


def _ended(messages: Iterator[Message]) -> Iterator[Message]:
    """The messages, with an end also where the engine breaks off."""
    try:
        yield from messages
    except EngineError as error:
        yield {"type": "end", "reason": f"The log broke off: {error}"}


def _json(value: object) -> Answer:
    return Answer(200, JSON, orjson.dumps(value))


def _sentence(status: int, text: str) -> Answer:
    return Answer(status, JSON, orjson.dumps({"detail": text}))
