"""Bodies that fit in memory: read up to a limit, parsed as JSON, checked for what no field may hold."""

from collections.abc import Iterator
from typing import TypeGuard

import orjson
from pydantic import JsonValue
from starlette.requests import ClientDisconnect, Request

from api.http.errors import ApiError, InvalidRequestError, Problem

MAX_JSON_BYTES = 1024 * 1024
MAX_DEPTH = 64
"""Levels of lists and objects: far more than a person writes, far less than a parser's stack."""

Json = dict[str, JsonValue]


async def read_object(request: Request) -> Json:
    """The body as a JSON object; no body at all is an empty one. Raises ApiError."""
    raw = await read_bytes(request, MAX_JSON_BYTES)
    if not raw.strip():
        return {}
    return as_object(parse(raw, ("body",)), ("body",))


async def read_bytes(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes of it. Raises ApiError(413) beyond, before anything is read if it can."""
    declared = next((value for name, value in request.scope["headers"] if name == b"content-length"), b"")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        size, has_more = size + len(chunks[-1]), message.get("more_body", False)
        if size > limit:
            raise _too_large(limit)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"The body is larger than the {limit} bytes that are allowed here.")


def parse(raw: bytes, loc: tuple[str | int, ...]) -> JsonValue:
    """JSON, or InvalidRequestError that says where it stops being it."""
    try:
        value: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        message = f"This is no JSON: {error.msg.partition(': line')[0]} ({where})."
        raise InvalidRequestError(Problem(loc, message, "json_invalid")) from None
    if b"\\" in raw or raw.count(b"[") + raw.count(b"{") >= MAX_DEPTH:
        check_content(value, loc)  # without an escape there is no NUL, and without many brackets no depth
    return value


def as_object(value: JsonValue, loc: tuple[str | int, ...]) -> Json:
    """`value` if it is a JSON object."""
    if not isinstance(value, dict):
        raise InvalidRequestError(Problem(loc, "A JSON object is expected here.", "dict_type", value))
    return value


def check_content(value: JsonValue, loc: tuple[str | int, ...]) -> None:
    """Refuses what neither a database nor an environment can hold: NUL characters, and nesting without end."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH):
        for item in level:
            if isinstance(item, str) and "\0" in item:
                raise InvalidRequestError(Problem(loc, "A text holds a NUL character.", "value_error"))
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise InvalidRequestError(Problem(loc, f"This is nested more than {MAX_DEPTH} levels deep.", "too_deep"))


def _children(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def is_integer(value: JsonValue) -> TypeGuard[int]:
    """Whether it is a whole number; `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool)
