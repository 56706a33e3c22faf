"""Docker's client on a UNIX socket, without the detour that each of its calls takes.

Docker's client is a `requests` session, made to keep cookies, follow redirects and mind proxies. For a call to a socket
on this machine all that takes more processor time than the call itself. So a plain call, one whose answer is read at
once, goes straight to the connections underneath; a stream, such as a build or a log, takes the usual way.
"""

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import docker
import httptools
import requests
from docker.transport import UnixHTTPAdapter
from requests.structures import CaseInsensitiveDict

from controller.engine.wire import Wire

_BASE = "http+docker://localhost"
_PLAIN = frozenset({"params", "data", "headers", "timeout"})
"""All that a plain call is asked with."""

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})

_CONNECTIONS = 64
"""That are kept: more are opened where more is asked at once, and closed again."""


class SocketClient(docker.APIClient):
    """The low-level client, connected to a socket. Safe to share between threads.

    Raises what Docker's client does: a `requests.RequestException` where the engine does not answer.
    """

    def __init__(self, path: str, timeout: int) -> None:
        """Connect to the engine at `path`, and ask for its API version; `timeout` in seconds, for each call."""
        self._wire: Wire | None = None  # the base class asks already
        super().__init__(base_url=f"unix://{path}", version="auto", timeout=timeout)
        adapter = _OneSocket(path, timeout, max_pool_size=_CONNECTIONS)
        self.mount("http+docker://", adapter)
        self.trust_env = False  # no proxy leads to a socket, and to look for one is half of a stream's beginning
        self._wire = Wire(path, _CONNECTIONS)

    def request(self, method: Any, url: Any, *others: Any, **options: Any) -> requests.Response:
        """Send it and read the answer; a stream, and whatever else is not plain, in the way of `requests`."""
        plain = {name: value for name, value in options.items() if value and name != "allow_redirects"}
        if self._wire is None or others or method not in _METHODS or not _PLAIN.issuperset(plain):
            return super().request(method, url, *others, **options)
        return self._straight(self._wire, method, url, **plain)

    def _straight(
        self,
        wire: Wire,
        method: str,
        url: str,
        *,
        timeout: Any = None,
        params: Mapping[str, Any] | None = None,
        data: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        given = {name: value for name, value in (params or {}).items() if value is not None}
        target = url.removeprefix(_BASE) + (f"?{urlencode(given, doseq=True)}" if given else "")
        waits = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        sent = {"User-Agent": str(self.headers["User-Agent"]), **(headers or {})}
        body = data.encode() if isinstance(data, str) else data or b""
        try:
            answer = wire.ask(method, target, sent, body, waits)
        except (OSError, httptools.HttpParserError) as error:
            raise requests.ConnectionError(error) from error
        response = requests.Response()
        response.status_code, response.reason, response.url = answer.status, answer.reason, url
        response.headers = CaseInsensitiveDict(answer.headers)
        response.raw, response.encoding = io.BytesIO(answer.body), "utf-8"
        return response

    def close(self) -> None:
        """Close all connections that nobody uses."""
        if self._wire is not None:
            self._wire.close()
        super().close()


class _OneSocket(UnixHTTPAdapter):
    """Docker's own adapter keeps connections for each path apart, so nearly every call opens one; here all share."""

    def get_connection(self, url: Any, proxies: Any = None) -> Any:  # noqa: ARG002 (the address is always the same)
        """A pool of connections to the socket."""
        return super().get_connection(_BASE, proxies)
