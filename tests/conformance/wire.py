"""A client as the platform's clients are on the wire: their headers, their bodies, one connection kept alive."""

import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

BOUNDARY = "7a44b6e2f5f54ac0a4ee1f0ac3b0c8b4"
NEVER_SENT = frozenset({502, 503, 504})
"""A client repeats a request that is answered so, four times, without its body."""


@dataclass(frozen=True)
class Reply:
    """A reply as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which says that it is JSON."""
        assert self.headers["content-type"].startswith(("application/json", "application/problem+json")), self
        return json.loads(self.body)


@dataclass
class Wire:
    """Speaks to the server at `base`, which may have a path prefix."""

    base: str
    token: str
    _connection: socket.socket | None = field(default=None, repr=False)
    _rest: bytes = b""

    def get(self, path: str, **headers: str) -> Reply:
        """A request without a body."""
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: object = None) -> Reply:
        """JSON, or no body at all, which says that it is JSON all the same."""
        return self.send("POST", path, b"" if body is None else json.dumps(body).encode(), json_body=True)

    def patch(self, path: str, body: object) -> Reply:
        """JSON."""
        return self.send("PATCH", path, json.dumps(body).encode(), json_body=True)

    def delete(self, path: str) -> Reply:
        """A request without a body."""
        return self.send("DELETE", path)

    def upload(self, path: str, fields: Iterable[tuple[str, str]], archive: bytes) -> Reply:
        """Multipart: text fields, dicts as JSON, labels repeated; the archive without a content type."""
        parts = [_part(f'name="{name}"', value.encode()) for name, value in fields]
        parts.append(_part('name="file"; filename="plugin.zip"', archive))
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        return self.send("POST", path, body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        json_body: bool = False,
    ) -> Reply:
        """One request on the kept connection; a reply that no client of the platform can stand fails here."""
        url = urlsplit(self.base)
        lines = {
            "Host": url.netloc,
            "User-Agent": "python-requests/2.32.3",
            "Accept-Encoding": "gzip, deflate",
            "Accept": "*/*",
            "Connection": "keep-alive",
            "Authorization": self.token,
            "SYNAPSE-User": "Token 5ce1",
            "SYNAPSE-Tenant": "Token 77aa",
            **({"Content-Type": "application/json"} if json_body else {}),
            **({} if body is None else {"Content-Length": str(len(body))}),
            **(headers or {}),
        }
        target = f"{url.path.rstrip('/')}/{path.lstrip('/')}"
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        reply = self._exchange(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + (body or b""))
        assert reply.status not in NEVER_SENT, reply
        assert not 300 <= reply.status < 400, "a redirect turns a POST into a GET"
        assert "retry-after" not in reply.headers, "the request would be repeated"
        if reply.status >= 400:
            assert "detail" in reply.json, reply
        if reply.status == 204:
            assert reply.body == b""
        return reply

    def stream(self, path: str) -> bytes:
        """Everything that a stream sends until it ends, on a connection of its own."""
        other = Wire(self.base, self.token)
        reply = other.send("GET", path, headers={"Accept": "text/event-stream"})
        assert reply.headers["content-type"].startswith("text/event-stream")
        other.close()
        return reply.body

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, request: bytes) -> Reply:
        if self._connection is None:
            url = urlsplit(self.base)
            self._connection, self._rest = socket.create_connection((url.hostname or "", url.port or 80), 30), b""
        self._connection.sendall(request)
        head = self._until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        status = int(first.split()[1])
        reply = Reply(status, headers, self._body(status, headers))
        if headers.get("connection") == "close":
            self.close()
        return reply

    def _body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status == 204:
            return b""
        if headers.get("transfer-encoding") != "chunked":
            return self._exactly(int(headers["content-length"]))
        body = b""
        while size := int(self._until(b"\r\n"), 16):
            body += self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")
        return body

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            self._more()
        found, _, self._rest = self._rest.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _more(self) -> None:
        assert self._connection is not None
        chunk = self._connection.recv(65536)
        assert chunk, "the server hung up in the middle of a reply"
        self._rest += chunk


def _part(disposition: str, content: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"
