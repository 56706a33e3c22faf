"""Replies: JSON through orjson, and the empty one."""

from collections.abc import Mapping

import orjson
from pydantic import JsonValue
from starlette.background import BackgroundTask
from starlette.responses import Response


class JsonReply(Response):
    """A JSON body, never cached: what is read here changes all the time."""

    def __init__(
        self,
        content: JsonValue,
        status_code: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
        background: BackgroundTask | None = None,
    ) -> None:
        all_headers = {"Cache-Control": "no-store", **(headers or {})}
        super().__init__(orjson.dumps(content), status_code, all_headers, media_type, background)


def no_content() -> Response:
    """204: done, and nothing to say."""
    return Response(status_code=204)
