"""Replies: JSON through orjson, and the empty one."""

from collections.abc import Iterable, Mapping

import orjson
from pydantic import JsonValue
from starlette.background import BackgroundTask
from starlette.responses import Response

_OURS = frozenset({"cache-control", "content-type", "content-length"})
_WITHOUT_LENGTH = frozenset({204, 304})


class ReadyReply(Response):
    """A JSON body that is bytes already; never cached: what is read here changes all the time."""

    def __init__(
        self,
        body: bytes,
        status_code: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
        background: BackgroundTask | None = None,
    ) -> None:
        if status_code in _WITHOUT_LENGTH or (headers and not _OURS.isdisjoint(name.lower() for name in headers)):
            all_headers = {"Cache-Control": "no-store", **(headers or {})}
            super().__init__(body, status_code, all_headers, media_type, background)
            return
        # What Starlette would make of it, without the detour over texts: most replies are like this.
        self.status_code, self.media_type, self.background, self.body = status_code, media_type, background, body
        self.raw_headers = [
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % len(body)),
            (b"content-type", media_type.encode("latin-1")),
        ]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))


class JsonReply(ReadyReply):
    """A JSON body, never cached."""

    def __init__(
        self,
        content: JsonValue,
        status_code: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
        background: BackgroundTask | None = None,
    ) -> None:
        super().__init__(
            orjson.dumps(content), status_code, headers=headers, media_type=media_type, background=background
        )


def with_list(head: Mapping[str, JsonValue], name: str, bodies: Iterable[bytes]) -> bytes:
    """The JSON object `head` (not an empty one) with one more field at its end: a list of what is JSON already."""
    return b'%b,"%b":[%b]}' % (orjson.dumps(head)[:-1], name.encode(), b",".join(bodies))


def no_content() -> Response:
    """204: done, and nothing to say."""
    return Response(status_code=204)
