"""`/v1/playgrounds/{name}/log`: what the container or the build printed, from the controller's private port.

As text, or with `Accept: application/jsonl` or `text/event-stream` as messages: `log` (with `at`, from which a stream
can be resumed), `heartbeat`, and at last `end` with the reason. A stream without an `end` broke off; an `error` before
that says why.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlencode

import orjson
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.http.admission import LOOK_EVERY, admission_of
from api.http.controller_client import CONNECT_TIMEOUT, ControllerClient
from api.http.dependencies import context
from api.http.errors import ApiError, InvalidRequestError, Problem
from api.http.pages import integer
from api.http.v1.events import uid_of
from api.http.v1.operations import JSON_LINES, SSE, TEXT
from api.http.v1.watch import flag
from api.resources.log_position import LogPosition, parse_since

MAX_TAIL = 10_000
SILENCE = 30.0
"""Seconds without a message, heartbeats included, after which the controller counts as gone."""
_LINE_LIMIT = 1024 * 1024
_UNREACHABLE = "The logs come from the controller, which does not answer. Is 'playground-server controller' running?"

Message = dict[str, JsonValue]


async def read_log(request: Request) -> Response:
    """`GET /v1/playgrounds/{name}/log`."""
    ctx, admission, query = context(request), admission_of(request), request.query_params
    follow, previous, build = (flag(query, name) for name in ("follow", "previous", "build"))
    if build and previous:
        message = "Of builds the last one's log is kept only: leave previous out."
        raise InvalidRequestError(Problem(("query", "previous"), message, "conflict"))
    since = _since(request.headers.get("last-event-id") or query.get("since"), ctx.now())
    wanted = {"follow": int(follow and not previous), "previous": int(previous), "build": int(build)}
    if "tail" in query:
        wanted["tail"] = integer(query, "tail", 0, MAX_TAIL, 0)
    parameters = {name: str(value) for name, value in wanted.items()} | ({"since": str(since)} if since else {})
    uid = await uid_of(ctx, request.path_params["name"])
    stream = await ControllerStream.open(ctx.deps.controller, f"/logs/{uid}/lines?{urlencode(parameters)}")
    accept = request.headers.get("accept", "")
    form = SSE if SSE in accept else JSON_LINES if JSON_LINES in accept else TEXT
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}

    async def body() -> AsyncIterator[bytes]:
        try:
            async for message in stream.messages(LOOK_EVERY):
                if ctx.changes.closed:
                    return
                if (refusal := await admission.refusal()) is not None:
                    yield _encoded({"type": "error", "code": 401, "message": refusal}, form)
                    return
                if message is not None:
                    yield _encoded(message, form)
        finally:
            stream.close()

    return StreamingResponse(body(), media_type=form, headers=headers)


def _since(text: str | None, now: float) -> LogPosition | None:
    try:
        return None if text is None else parse_since(text, now)
    except ValueError as error:
        raise InvalidRequestError(Problem(("query", "since"), f"{error}.", "since", text)) from None


def _encoded(message: Message, form: str) -> bytes:
    if form == TEXT:
        word = {"log": "line", "error": "message"}.get(str(message["type"]))
        return f"{message[word]}\n".encode() if word else b""
    data = orjson.dumps(message)
    if form == JSON_LINES:
        return data + b"\n"
    number = f"id: {message['at']}\n" if "at" in message else ""
    return f"{number}event: {message['type']}\ndata: ".encode() + data + b"\n\n"


class ControllerStream:
    """One open reply of the controller's private port: a message a line, while it sends. No thread waits for it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, controller: ControllerClient, target: str) -> "ControllerStream":
        """Ask. Raises ApiError: 404 where there is no such log, 409 when the controller can't be asked."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                reader, writer = await asyncio.open_connection("127.0.0.1", controller.port, limit=_LINE_LIMIT)
        except (OSError, TimeoutError) as error:
            raise ApiError(409, _UNREACHABLE) from error
        stream = cls(reader, writer)
        try:
            async with asyncio.timeout(SILENCE):
                await stream._ask(controller, target)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            stream.close()
            raise ApiError(409, _UNREACHABLE) from error
        except ApiError:
            stream.close()
            raise
        return stream

    async def messages(self, look_every: float) -> AsyncIterator[Message | None]:
        """What it sends, until `end`, and None where nothing has come for so many seconds.

        A stream that broke off ends without an `end`.
        """
        silent = 0.0
        while silent < SILENCE:
            try:
                async with asyncio.timeout(look_every):
                    line = await self._reader.readline()
            except TimeoutError:  # what came of a line so far stays in the reader
                silent += look_every
                yield None
                continue
            except (OSError, ValueError):
                return
            silent = 0.0
            try:
                message = orjson.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                return
            if not isinstance(message, dict):
                return
            yield message
            if message.get("type") == "end":
                return

    def close(self) -> None:
        """Hang up; the controller notices."""
        with suppress(OSError):
            self._writer.close()

    async def _ask(self, controller: ControllerClient, target: str) -> None:
        headers = "".join(f"{name}: {value}\r\n" for name, value in controller.headers.items())
        self._writer.write(f"GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        if status == 200:
            return
        body = orjson.loads(await self._reader.read(_LINE_LIMIT))
        raise ApiError(404 if status == 404 else 409, str(body.get("detail", status)))
