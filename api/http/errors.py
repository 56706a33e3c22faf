"""Errors on the wire: one JSON form for all of them, or RFC 9457 for who asks for it.

    {"detail": "a sentence"}                                          most
    {"detail": [{"loc": […], "msg": …, "type": …, "input": …}]}       a body or query that does not fit
    {"type", "title", "status", "detail", "instance", "errors"?}      with `Accept: application/problem+json`

502, 503 and 504 are never sent, nor `Retry-After`: the platform's clients repeat such a request, and lose its body.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog
from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from api.archives.errors import ArchiveError, ArchiveTooLarge, ConfigInvalid, NoSpace
from api.http.replies import JsonReply
from api.store import (
    Conflict,
    IdentityTaken,
    NameTaken,
    PreconditionFailed,
    QuotaExceeded,
    ReleaseInUse,
    ValueRefused,
    VersionTooOld,
)

_INPUT_SHOWN = 200
_VARIABLES = ("body", "envs")
MOST_PROBLEMS = 100
"""That one reply tells: nobody reads more, and a small body can have a hundred thousand."""
_NEVER_SENT = frozenset({502, 503, 504})
PROBLEM_JSON = "application/problem+json"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request. `loc` leads to it: `("body", "params")`, `("query", "page")`."""

    loc: tuple[str | int, ...]
    msg: str
    type: str = "value_error"
    input: JsonValue = None
    place: Mapping[str, JsonValue] | None = None
    """Where in a document it stands: `document`, `line`, `column`."""

    def view(self) -> dict[str, JsonValue]:
        """The form on the wire; a long input is cut, and that of variables, which may be secrets, is not shown."""
        given = None if self.loc[:2] == _VARIABLES else self.input
        text = orjson.dumps(given)
        shown = given if len(text) <= _INPUT_SHOWN else text[:_INPUT_SHOWN].decode(errors="ignore") + "…"
        return {"loc": list(self.loc), "msg": self.msg, "type": self.type, "input": shown, **(self.place or {})}


class ApiError(Exception):
    """An answer that is an error: `status` and a sentence. `extra` stands beside `detail` in the body."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, JsonValue] | None = None,
    ) -> None:
        if status in _NEVER_SENT:
            raise ValueError(f"{status} is never sent: clients repeat the request without its body")
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        self.problems: tuple[Problem, ...] = ()


class InvalidRequestError(ApiError):
    """422: the request is understood and does not fit, at these places (the first of them, where they are many)."""

    def __init__(self, *all_problems: Problem) -> None:
        problems = all_problems[:MOST_PROBLEMS]
        super().__init__(422, " ".join(f"{'.'.join(map(str, p.loc))}: {p.msg}" for p in problems))
        self.problems = problems


def wants_problem_json(connection: HTTPConnection) -> bool:
    """Whether the client asked for RFC 9457."""
    return PROBLEM_JSON in connection.headers.get("accept", "")


def error_reply(connection: HTTPConnection, error: ApiError) -> Response:
    """The reply for an error, in the form the client asked for."""
    errors: list[JsonValue] = [problem.view() for problem in error.problems]
    if wants_problem_json(connection):
        problem: dict[str, JsonValue] = {
            "type": "about:blank",
            "title": HTTPStatus(error.status).phrase,
            "status": error.status,
            "detail": error.detail,
            "instance": connection.url.path,
        }
        if errors:
            problem["errors"] = errors
        return JsonReply(problem | error.extra, error.status, headers=error.headers, media_type=PROBLEM_JSON)
    body: dict[str, JsonValue] = {"detail": errors or error.detail}
    return JsonReply(body | error.extra, error.status, headers=error.headers)


async def on_api_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for ApiError."""
    assert isinstance(error, ApiError)
    return error_reply(request, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's handler for what its router raises: no such path, no such method."""
    assert isinstance(error, HTTPException)
    path, method = request.url.path, request.method
    if error.status_code == 404:
        sentence = f"There is nothing at {path}."
    elif error.status_code == 405:
        allowed = sorted((error.headers or {}).get("Allow", "").split(", "))
        sentence = f"{method} is not possible at {path}; {one_of(allowed)} is."
    else:
        sentence = error.detail
    return error_reply(request, ApiError(error.status_code, sentence, headers=error.headers))


async def on_store_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for what the store raises; the sentence is fit for clients where they can mend it."""
    match error:
        case NameTaken() | IdentityTaken() | Conflict() | ReleaseInUse() | QuotaExceeded():
            answer = ApiError(409, str(error))
        case PreconditionFailed():
            answer = ApiError(412, str(error))
        case VersionTooOld():
            answer = ApiError(410, str(error))
        case ValueRefused():
            answer = ApiError(422, str(error))
        case _:
            _log.error("records not reached", path=request.url.path, error=str(error), kind=type(error).__name__)
            answer = ApiError(
                500, "The records can't be read or written now; the server's log says why. Try again later."
            )
    return error_reply(request, answer)


def internal_error() -> ApiError:
    """500 with nothing of the inside; the log has it."""
    return ApiError(500, "Something went wrong inside the server; its log says what.")


@contextmanager
def archive_errors(field: str = "file") -> Iterator[None]:
    """Turns what is wrong with an archive into the answer for its sender."""
    try:
        yield
    except ArchiveTooLarge as error:
        raise ApiError(413, str(error)) from error
    except NoSpace as error:
        raise ApiError(507, str(error)) from error
    except ConfigInvalid as error:
        loc = ("body", field, *(error.field.split(".") if error.field else ()))
        raise InvalidRequestError(Problem(loc, str(error), "config_invalid")) from error
    except ArchiveError as error:
        raise InvalidRequestError(Problem(("body", field), str(error), "archive_refused")) from error


def one_of(words: Sequence[str]) -> str:
    """`a, b or c`, for sentences."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
