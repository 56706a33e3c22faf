"""Places to be reached, or not: network namespaces of the tests' own, wired together and taken away again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from api.clock import new_uid

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("nft") is None,
    reason="only root can make network namespaces, with ip (iproute2) and nft (nftables)",
)
SERVE = """
import socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("listening", flush=True)
while True:
    listener.accept()[0].close()
"""
CONNECT = """
import json, socket, sys
def reached(host, port):
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True
print(json.dumps({name: reached(*place) for name, place in json.loads(sys.argv[1]).items()}))
"""
"""Which of the places (name to host and port) answer, as JSON."""


def ip(*words: str) -> str:
    """`ip WORDS`; its output."""
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def namespace() -> Iterator[str]:
    """A network namespace with its loopback up; its name."""
    name = f"pgt{new_uid()}"
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        ip("netns", "delete", name)


@contextmanager
def cable(one: tuple[str | None, str, str], other: tuple[str | None, str, str]) -> Iterator[None]:
    """A pair of interfaces, each (namespace or None for the machine's own, name, address with its length)."""
    ends = [f"{new_uid()}a", f"{new_uid()}b"]
    ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    placed: list[tuple[list[str], str]] = []
    try:
        for end, (where, name, address) in zip(ends, (one, other), strict=True):
            inside = [] if where is None else ["-n", where]
            if where is not None:
                ip("link", "set", end, "netns", where)
            ip(*inside, "link", "set", end, "name", name)
            placed.append((inside, name))
            ip(*inside, "address", "add", address, "dev", name)
            ip(*inside, "link", "set", name, "up")
        yield
    finally:
        for inside, name in placed[:1]:
            with suppress(subprocess.CalledProcessError):
                ip(*inside, "link", "delete", name)


@contextmanager
def listening(where: str | None, address: str, port: int) -> Iterator[None]:
    """Something that listens there, while the block runs."""
    inside = [] if where is None else ["ip", "netns", "exec", where]
    process = subprocess.Popen([*inside, sys.executable, "-c", SERVE, address, str(port)], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"listening\n"
            yield
        finally:
            process.kill()
