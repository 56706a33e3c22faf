"""What is asked for most, a single playground, answered before the routes: from its form that is ready to be sent.

Only where the routes would say the same: to a GET without a query, of a playground that is there. All else goes on to
them, and so does what can't be told here.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.kept_forms import Form
from api.http.lookups import can_exist
from api.http.readings import Readings
from api.http.replies import ReadyReply
from api.http.routing import path_below_prefix

_CONTAINERS = "/containers/"
_DOCKER = "docker"
"""Stands in the place of a lookup there, and is none."""
_PLAYGROUNDS = "/v1/playgrounds/"
_LONGEST_NAME = 63


class Express:
    """Stands behind the gate, and before the routes."""

    def __init__(self, app: ASGIApp, *, readings: Readings | None) -> None:
        self.app = app
        self._readings = readings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        reply = None
        if self._readings is not None and scope["type"] == "http" and scope["method"] == "GET":
            reply = _reply(self._readings, scope)
        await (self.app if reply is None else reply)(scope, receive, send)


def _reply(readings: Readings, scope: Scope) -> ReadyReply | None:
    if scope["query_string"]:
        return None
    path = path_below_prefix(scope)
    if path.startswith(_CONTAINERS):
        word = path[len(_CONTAINERS) :].removesuffix("/")
        is_one = "/" not in word and word != _DOCKER and can_exist(word)
        form = readings.detail(word) if is_one else None
        return None if form is None else ReadyReply(form.body)
    if path.startswith(_PLAYGROUNDS):
        name = path[len(_PLAYGROUNDS) :].removesuffix("/")
        is_one = "/" not in name and 0 < len(name) <= _LONGEST_NAME
        form = readings.named(name) if is_one else None
        return None if form is None else ReadyReply(form.body, headers={"ETag": _tag(form)})
    return None


def _tag(form: Form) -> str:
    return f'"{form.version}"'
