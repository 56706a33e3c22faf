"""A client of a watch, for tests: it reads messages from a socket, and can be killed in the middle of one."""

import json
import socket
from collections.abc import Iterator
from typing import Any

from tests.api.conftest import TOKEN

Message = dict[str, Any]


class WatchClient:
    """One connection to `GET path`; iterating gives the messages as they come."""

    def __init__(self, port: int, path: str, *, token: str = TOKEN, **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        lines = [f"GET {path} HTTP/1.1", "Host: test", f"Authorization: {token}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        said = self._file.readline().split()
        self.status = int(said[1]) if len(said) > 1 else 0  # 0: cut off before it was said
        self.headers: dict[str, str] = {}
        while (line := self._file.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()

        self._messages = self._read()

    def __iter__(self) -> Iterator[Message]:
        """The messages that are left, until the server ends the stream."""
        return self._messages

    def _read(self) -> Iterator[Message]:
        rest = b""
        for chunk in self._chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (json.loads(line) for line in lines)

    def text(self) -> Iterator[str]:
        """The pieces as they come."""
        return (chunk.decode() for chunk in self._chunks())

    def kill(self) -> None:
        """Go away without a word."""
        self._file.close()
        self._socket.close()

    def _chunks(self) -> Iterator[bytes]:
        while (size := int(self._file.readline() or b"0", 16)) > 0:
            chunk = self._file.read(size)
            self._file.readline()
            yield chunk


def version(message: Message) -> int:
    """The version that a message carries."""
    return int(message["object"]["metadata"]["resourceVersion"])
