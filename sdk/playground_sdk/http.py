"""The transport: one request in, parsed JSON or a typed exception out.

Time-outs are 3 s for the connection and 10 s for the reply. Calls that may be repeated without harm (GET, DELETE, PUT)
are, twice at most, after a broken connection, a time-out, or a 502, 503 or 504. Others are repeated only
when the request certainly never left.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from playground_sdk._clock import Clock
from playground_sdk.errors import (
    ConnectionFailedError,
    RequestTimeoutError,
    TransportError,
    UnexpectedReplyError,
    api_error,
)
from playground_sdk.multipart import MultipartBody

__all__ = ["DEFAULT_TIMEOUT", "Credentials", "Reply", "Transport", "checked_address", "is_loopback"]

DEFAULT_TIMEOUT = (3.0, 10.0)
# The first number also bounds every single write of an archive; after the last byte the server still checks it.
_UPLOAD_TIMEOUT = (15.0, 60.0)
_DELAYS = (0.1, 0.4)
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_GATEWAY_TROUBLE = frozenset({502, 503, 504})
_TYPED_WITHOUT_BODY = frozenset({"POST", "PUT", "PATCH"})

_log = logging.getLogger("playground_sdk")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks: the Agent's token, and where they are known the user's and the tenant's."""

    token: str | None = None
    user_token: str | None = None
    tenant: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers that carry them; the Agent's token goes without a scheme."""
        pairs = {
            "Authorization": self.token,
            "SYNAPSE-User": self.user_token and f"Token {self.user_token}",
            "SYNAPSE-Tenant": self.tenant and f"Token {self.tenant}",
        }
        return {name: value for name, value in pairs.items() if value}

    def __repr__(self) -> str:
        """Keep the secrets out of logs and tracebacks."""
        return f"Credentials(token={'…' if self.token else None})"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: HTTP status, headers (their names in any case), and the parsed JSON or None."""

    status: int
    headers: Mapping[str, str]
    value: Any


class _Auth(AuthBase):
    """Sets the headers itself: with an auth object in place, requests leaves ~/.netrc alone."""

    def __init__(self, credentials: Credentials) -> None:
        self._headers = credentials.headers()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


class Transport:
    """Speaks to one server; not to be shared between threads."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        timeout: tuple[float, float],
        clock: Clock,
    ) -> None:
        self.base_url = checked_address(base_url)
        self._timeout = timeout
        self._clock = clock
        self._session = requests.Session()
        self._session.auth = _Auth(credentials)
        # A proxy of the environment is for the world outside, never for a server on this machine.
        self._session.trust_env = not is_loopback(base_url)

    def close(self) -> None:
        """Close the connections; the transport can be used again."""
        self._session.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | MultipartBody | None = None,
    ) -> Any:
        """Send one call and return the parsed JSON of the reply, or None where it has no body.

        Raises:
            ApiError: the server answered 400 or more.
            TransportError: it did not answer.
            UnexpectedReplyError: it answered no JSON, or wants us elsewhere.
            UploadError: the archive changed while it was being sent.
            ValueError: the body can't be written as JSON.
        """
        return self.exchange(method, path, params=params, body=body).value

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | MultipartBody | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Do as :meth:`request` does, with headers of one's own, and return status and headers as well."""
        response = self._send(method, path, params, body, headers)
        if not response.content:
            return Reply(response.status_code, response.headers, None)
        try:
            return Reply(response.status_code, response.headers, response.json())
        except ValueError as exc:
            raise UnexpectedReplyError(
                f"{method} {response.url} did not answer JSON: is {self.base_url} a playground server's address?"
            ) from exc

    @contextmanager
    def lines(
        self, path: str, *, params: Mapping[str, Any] | None = None, accept: str, silence: float
    ) -> Iterator[Iterator[str]]:
        """GET a stream, and read it line by line (UTF-8, without line ends) for as long as the context is open.

        ``silence`` is how many seconds may go by between two pieces; the server sends heartbeats meanwhile.

        Raises:
            ApiError, UnexpectedReplyError: at once, as :meth:`request` does.
            TransportError: at once, or while the lines are read: it broke, or was silent for too long.
        """
        url = f"{self.base_url}/{path.lstrip('/')}"
        kwargs: dict[str, Any] = {"params": params, "data": None, "headers": {"Accept": accept}}
        response = self._attempt("GET", url, timeout=(self._timeout[0], silence), stream=True, **kwargs)
        with closing(response):
            _refuse_bad(response, f"GET {urlsplit(url).path}")
            yield _lines_of(response, url)

    def text(self, path: str, *, params: Mapping[str, Any] | None = None) -> str:
        """GET a path that answers plain text (UTF-8); raises as :meth:`request` does."""
        return self._send("GET", path, params, None, None).content.decode("utf-8", "replace")

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: Mapping[str, Any] | MultipartBody | None,
        more: Mapping[str, str] | None,
    ) -> requests.Response:
        url = f"{self.base_url}/{path.lstrip('/')}"
        headers = {"Accept": "application/json, text/plain;q=0.9"}
        data: MultipartBody | bytes | None = None
        if isinstance(body, MultipartBody):
            headers["Content-Type"], data = body.content_type, body
        elif method in _TYPED_WITHOUT_BODY:
            headers["Content-Type"] = "application/json"
            data = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers |= more or {}
        timeout = _UPLOAD_TIMEOUT if isinstance(body, MultipartBody) else self._timeout
        response = self._attempt(method, url, timeout=timeout, params=params, data=data, headers=headers)
        _refuse_bad(response, f"{method} {urlsplit(url).path}")
        return response

    def _attempt(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send until there is a reply worth having, or no reason to try again."""
        for attempt in range(len(_DELAYS) + 1):
            last = attempt == len(_DELAYS)
            started = self._clock.monotonic()
            try:
                # Redirects would turn a POST into a GET, and carry the token to somebody else.
                response = self._session.request(method, url, allow_redirects=False, **kwargs)
            except requests.RequestException as exc:
                _log.debug("%s %s: %s", method, url, exc)
                if last or not (method in _REPEATABLE or _never_sent(exc)):
                    raise _translated(exc, method, url) from exc
            else:
                _log.debug("%s %s: %d, %.3f s", method, url, response.status_code, self._clock.monotonic() - started)
                if last or response.status_code not in _GATEWAY_TROUBLE or method not in _REPEATABLE:
                    return response
            self._clock.sleep(_DELAYS[attempt])
        raise AssertionError("the last attempt either returns or raises")


def _refuse_bad(response: requests.Response, call: str) -> None:
    """Raise what a status of 300 or more means."""
    if response.status_code >= 400:
        raise api_error(response.status_code, _parsed(response), call)
    if response.status_code >= 300:
        raise UnexpectedReplyError(
            f"{call} was sent on to {response.headers.get('Location', 'nowhere')}; use that address."
        )


def _lines_of(response: requests.Response, url: str) -> Iterator[str]:
    """The lines of a stream; only the line feed ends one, and a last line without it is one too."""
    rest = b""
    try:
        for piece in response.iter_content(None):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in whole)
    except requests.RequestException as exc:
        raise _translated(exc, "GET", url) from exc
    if rest:
        yield rest.decode("utf-8", "replace")


def checked_address(url: str) -> str:
    """A server's address without its final slashes.

    Raises:
        ValueError: it is no http(s) URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"The server's address must look like http://127.0.0.1:8000, not {url!r}.")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine, as far as its spelling tells."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _never_sent(exc: requests.RequestException) -> bool:
    """Whether the connection was refused or timed out, so that the server has not seen the request."""
    inner = exc.args[0] if exc.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _translated(exc: requests.RequestException, method: str, url: str) -> TransportError:
    """Say in one sentence what kept the reply away."""
    call = f"{method} {url}"
    if isinstance(exc, requests.exceptions.SSLError):
        return ConnectionFailedError(f"{call}: the server's certificate was not accepted: {exc}")
    if _never_sent(exc):
        return ConnectionFailedError(f"No server answers at {url}: is it running, and is the address right?")
    if isinstance(exc, requests.Timeout):
        return RequestTimeoutError(f"{call}: no reply within the time-out.")
    seen = "" if method in _REPEATABLE else " It may have been carried out all the same: look before you repeat it."
    return ConnectionFailedError(f"{call}: the connection broke before the reply was there.{seen}")


def _parsed(response: requests.Response) -> object:
    """The body of an error: JSON where it is some, else its text."""
    try:
        parsed: object = response.json()
    except ValueError:
        return response.text
    return parsed
