"""Multipart bodies as a stream: text fields in memory (a little), the archive straight to disk, piece by piece.

Starlette's own form parser spools whole files; here a piece that has arrived is written, and the limits hold while
the rest is still on its way. A client that goes away leaves nothing: the writer is left without `commit`.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.archives.files import ArchiveWriter
from api.http.body import MAX_JSON_BYTES
from api.http.dependencies import Context
from api.http.errors import ApiError, InvalidRequestError, Problem, archive_errors

FILE_PART = "file"
_MAX_PARTS = 1000
_MAX_OVERHEAD = 2 * MAX_JSON_BYTES
"""Bytes of a body beside the archive: fields, part headers, boundaries."""
_WRITE_AT_ONCE = 1024 * 1024
"""Bytes gathered before a thread writes them: a hop per network packet would cost more than the writing."""


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart body that has arrived: `fields` in the order they came, and the part `file`, if there was one."""

    fields: Mapping[str, tuple[str, ...]]
    archive: ArchiveWriter | None


def is_multipart(request: Request) -> bool:
    """Whether the body says that it is multipart/form-data."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    return kind == b"multipart/form-data"


@asynccontextmanager
async def read_form(request: Request, context: Context) -> AsyncIterator[Form]:
    """The body, read to its end. The archive is forgotten when the caller leaves without having committed it.

    Raises ApiError: 413 beyond the limits, 507 with no disk space, 422 for a body that is no multipart.
    """
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidRequestError(
            Problem(("header", "content-type"), "multipart/form-data needs a boundary.", "multipart")
        )
    limit = context.deps.settings.max_archive_bytes
    reading = _Reading(context, limit)
    try:
        with _multipart_errors(), archive_errors():
            parts = PartReader(boundary)
            await _read(request, parts, reading, limit + _MAX_OVERHEAD)
            await reading.flush()
        yield Form({name: tuple(values) for name, values in reading.fields.items()}, reading.archive)
    finally:
        if reading.archive is not None:
            reading.archive.abort()


@contextmanager
def _multipart_errors() -> Iterator[None]:
    """Turns the parser's complaints into a 422."""
    try:
        yield
    except FormParserError as error:
        raise InvalidRequestError(Problem(("body",), f"This is no multipart body: {error}.", "multipart")) from error


@dataclass(frozen=True, slots=True)
class PartEvent:
    """A part begins (`data` is empty), goes on, or ends."""

    kind: Literal["begin", "data", "end"]
    name: str = ""
    data: bytes = b""


class PartReader:
    """The parser's callbacks turned into a list of events per piece of the body."""

    def __init__(self, boundary: bytes) -> None:
        self.finished = False
        self._events: list[PartEvent] = []
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_begin": self._header_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def feed(self, chunk: bytes) -> list[PartEvent]:
        """What `chunk` brought."""
        self._parser.write(chunk)
        events, self._events = self._events, []
        return events

    def _begin(self) -> None:
        self._disposition = b""

    def _header_begin(self) -> None:
        self._header = self._value = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if not name:
            raise InvalidRequestError(Problem(("body",), "A part of the multipart body has no name.", "multipart"))
        self._events.append(PartEvent("begin", name))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartEvent("data", data=data[start:end]))

    def _end(self) -> None:
        self._events.append(PartEvent("end"))

    def _finish(self) -> None:
        self.finished = True


class _Reading:
    """What has been read so far."""

    def __init__(self, context: Context, limit: int) -> None:
        self.fields: dict[str, list[str]] = {}
        self.archive: ArchiveWriter | None = None
        self._context = context
        self._limit = limit
        self._name = ""
        self._parts = 0
        self._text = bytearray()
        self._text_total = 0
        self._pending = bytearray()

    async def take(self, event: PartEvent) -> None:
        """One event. Raises ApiError past a limit."""
        match event.kind:
            case "begin":
                await self._begin(event.name)
            case "data" if self._name == FILE_PART:
                self._pending += event.data
                if len(self._pending) >= _WRITE_AT_ONCE:
                    await self.flush()
            case "data":
                self._text_total += len(event.data)
                if self._text_total > MAX_JSON_BYTES:
                    raise ApiError(413, f"The fields beside the archive are larger than {MAX_JSON_BYTES} bytes.")
                self._text += event.data
            case "end" if self._name != FILE_PART:
                self._end_field()

    async def flush(self) -> None:
        """Writes what is gathered of the archive."""
        if self.archive is not None and self._pending:
            chunk, self._pending = bytes(self._pending), bytearray()
            await self._context.disk(self.archive.write, chunk)

    async def _begin(self, name: str) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise ApiError(413, f"The multipart body has more than {_MAX_PARTS} parts.")
        self._name = name
        if name != FILE_PART:
            return
        if self.archive is not None:
            raise InvalidRequestError(
                Problem(("body", FILE_PART), "One archive is expected, and here are two.", "repeated")
            )
        self.archive = await self._context.disk(self._context.deps.archives.receive, self._limit)

    def _end_field(self) -> None:
        raw, self._text = bytes(self._text), bytearray()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidRequestError(Problem(("body", self._name), "The text is not UTF-8.", "unicode")) from None
        self.fields.setdefault(self._name, []).append(text)


async def _read(request: Request, parts: PartReader, reading: _Reading, limit: int) -> None:
    too_large = ApiError(413, f"The body is larger than the {limit} bytes that are allowed here.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        for event in parts.feed(chunk):
            await reading.take(event)
    if not parts.finished:
        raise InvalidRequestError(Problem(("body",), "The multipart body ends before its last boundary.", "multipart"))
