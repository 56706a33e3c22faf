"""HTTP by hand: exactly these bytes, and what comes back."""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

BOUNDARY = "b0undary"


@dataclass(frozen=True)
class RawReply:
    """A reply as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class RawClient:
    """Opens a connection per request."""

    port: int
    token: str

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def head(self, method: str, path: str, headers: Iterable[str] = ()) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Authorization: {self.token}",
            "Connection: close",
            *headers,
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send(self, method: str, path: str, headers: Iterable[str] = (), body: bytes = b"") -> RawReply:
        with self.connect() as connection:
            connection.sendall(self.head(method, path, headers) + body)
            return read_reply(connection)

    def multipart(self, path: str, body: bytes) -> RawReply:
        headers = (f"Content-Type: multipart/form-data; boundary={BOUNDARY}", f"Content-Length: {len(body)}")
        return self.send("POST", path, headers, body)


def read_reply(connection: socket.socket) -> RawReply:
    """Everything until the server closes."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return RawReply(int(status.split()[1]), headers, body)


def field(name: str, value: str) -> bytes:
    """A text part."""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file_head(name: str = "file", filename: str = "plugin.zip") -> bytes:
    """The beginning of a file part without a content type, as the platform's clients send it."""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'.encode()


END = f"--{BOUNDARY}--\r\n".encode()


def form(*parts: bytes) -> bytes:
    """Parts and the last boundary."""
    return b"".join(parts) + END


def file_part(content: bytes) -> bytes:
    """A whole file part."""
    return file_head() + content + b"\r\n"
