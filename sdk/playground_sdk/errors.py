"""Everything the SDK raises about a playground or its server.

    PlaygroundError
    ├── ApiError                    the server answered, with an error
    │   ├── ValidationError         400, 422   what was sent is not right
    │   ├── AuthenticationError     401        no token, or a wrong one
    │   ├── PermissionDeniedError   403
    │   ├── NotFoundError           404
    │   ├── ConflictError           409, 412   it contradicts what is there
    │   ├── RateLimitError          429
    │   ├── ClientError             any other 4xx
    │   └── ServerError             5xx
    ├── TransportError              the server did not answer
    │   ├── ConnectionFailedError   (a ConnectionError)
    │   └── RequestTimeoutError     (a TimeoutError)
    ├── UnexpectedReplyError        an answer that is not a playground server's
    ├── UploadError                 the archive changed while it was being sent
    ├── BuildError                  the build or the start ended badly
    │   ├── BuildFailedError
    │   └── BuildCancelledError
    ├── StartFailedError            a playground waited for has failed
    └── WaitTimeoutError            (a TimeoutError) it may still come up; says what it waits for

Bad arguments are Python's own ``ValueError``, ``TypeError`` and ``FileNotFoundError``, raised before anything is sent.
"""

from collections.abc import Mapping

from playground_sdk.models import Build, Container

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BuildCancelledError",
    "BuildError",
    "BuildFailedError",
    "ClientError",
    "ConflictError",
    "ConnectionFailedError",
    "NotFoundError",
    "PermissionDeniedError",
    "PlaygroundError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "StartFailedError",
    "TransportError",
    "UnexpectedReplyError",
    "UploadError",
    "ValidationError",
    "WaitTimeoutError",
    "api_error",
]


class PlaygroundError(Exception):
    """The root of the tree.

    ``status_code`` is the HTTP status and ``detail`` the parsed body of the reply, where there was one.
    """

    status_code: int | None = None
    detail: object = None


class ApiError(PlaygroundError):
    """The server answered with an error; ``str()`` of it is the server's sentence with the status and the call."""

    def __init__(self, message: str, *, status_code: int, detail: object, call: str = "") -> None:
        where = f" ({status_code} to {call})" if call else f" ({status_code})"
        super().__init__(message + where)
        self.message = message
        self.status_code = status_code
        self.detail = detail
        self.call = call


class ValidationError(ApiError):
    """400 or 422: what was sent is not right; ``detail`` says which part."""


class AuthenticationError(ApiError):
    """401: no token, or one the server does not know."""


class PermissionDeniedError(ApiError):
    """403: the token is known, and may not do this."""


class NotFoundError(ApiError):
    """404: there is no such thing."""


class ConflictError(ApiError):
    """409: it contradicts what is there; 412: it is not the version that was asked for."""


class RateLimitError(ApiError):
    """429: too much at once."""


class ClientError(ApiError):
    """Any other 4xx."""


class ServerError(ApiError):
    """5xx: the server could not do it."""


class TransportError(PlaygroundError):
    """The server did not answer."""


class ConnectionFailedError(TransportError, ConnectionError):
    """No connection, or it broke before the reply was there."""


class RequestTimeoutError(TransportError, TimeoutError):
    """One request took longer than its time-out."""


class UnexpectedReplyError(PlaygroundError):
    """The answer is not one a playground server gives: is the address right?"""


class UploadError(PlaygroundError):
    """The archive changed, or went away, while it was being sent."""


class BuildError(PlaygroundError):
    """The build or the start ended badly.

    ``reason`` is its first line, ``error`` all of the server's text, ``log_lines`` what follows the first line,
    ``build`` the whole reply.
    """

    def __init__(self, build: Build, build_id: str) -> None:
        self.build = build
        self.build_id = build_id
        status = build["status"]
        text = build.get("error") or build.get("message") or f"The server gave no reason for '{status}'."
        self.error = text.strip()
        first, *rest = self.error.splitlines()
        self.reason = first
        self.log_lines = tuple(rest)
        self.detail = build
        super().__init__(f"The playground did not come up, its build {build_id} is {status}: {self.error}")


class BuildFailedError(BuildError):
    """Building the image, starting the container or reaching the app in it has failed."""


class BuildCancelledError(BuildError):
    """It was given up: the playground was deleted, or wanted differently, meanwhile."""


class StartFailedError(PlaygroundError):
    """A playground that was waited for has failed, or will not come up; ``container`` is what is known of it."""

    def __init__(self, container: Container, name: str, word: str = "has failed") -> None:
        self.container = container
        self.detail = container
        self.reason = container.get("last_error") or container.get("message") or "the server gave no reason"
        super().__init__(f"Playground {name} {word}: {self.reason}")


class WaitTimeoutError(PlaygroundError, TimeoutError):
    """The waiting is over, the playground is not given up: it may still get there.

    ``waiting_for`` is the last thing the server said it waits for; ``last`` the last reply.
    """

    def __init__(self, what: str, *, seconds: float, waiting_for: str, last: Build | Container | None) -> None:
        self.waiting_for = waiting_for
        self.last = last
        self.detail = last
        super().__init__(f"{what} after {seconds:g} s: {waiting_for}")


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    422: ValidationError,
    429: RateLimitError,
}


def api_error(status_code: int, detail: object, call: str) -> ApiError:
    """Make the exception for an HTTP status of 400 or more.

    ``detail`` is the parsed body (or its text where it is no JSON), ``call`` the method and path for the message.
    """
    kind = _BY_STATUS.get(status_code) or (ServerError if status_code >= 500 else ClientError)
    return kind(_sentence(detail) or "The server gave no reason", status_code=status_code, detail=detail, call=call)


def _sentence(detail: object) -> str:
    """Put the body of an error into one line, whichever of the known shapes it has."""
    if isinstance(detail, Mapping):
        inner = detail.get("detail") or detail.get("title") or detail.get("error") or detail.get("message")
        return _sentence(inner) if inner else "; ".join(f"{key}: {_sentence(value)}" for key, value in detail.items())
    if isinstance(detail, list):
        return "; ".join(filter(None, map(_problem, detail)))
    return "" if detail is None else " ".join(str(detail).split())[:2000]


def _problem(item: object) -> str:
    """One entry of a validation error: ``params.size: must be a number``."""
    if isinstance(item, Mapping) and "msg" in item:
        loc = item.get("loc")
        path = ".".join(str(part) for part in loc if part != "body") if isinstance(loc, list | tuple) else ""
        return f"{path}: {item['msg']}" if path else str(item["msg"])
    return _sentence(item)
