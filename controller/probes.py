"""The probe: one HTTP GET that says whether a playground serves."""

import re
import socket

from controller.domain.observed import Probe, ProbeVerdict

MOST_READS = 4
"""A status line comes whole, or in two pieces. Who sends it byte by byte shall not hold the worker that asks."""
_STATUS_LINE = re.compile(rb"HTTP/[0-9]\.[0-9] ([0-9]{3})\b")


def probe_http(host: str, port: int, path: str, timeout: float) -> Probe:
    """Ready when `GET path` answers 200, else what it met instead. `timeout` is for each of a handful of steps.

    Nothing after the status line is read: a page may be large, and only the status counts.
    """
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(probe_request(host, port, path))
            line = _first_line(connection)
    except TimeoutError:
        return _not_ready(f"no answer within {timeout:g} s")
    except ConnectionRefusedError:
        return _not_ready("connection refused: nothing listens on the port")
    except OSError as error:
        return _not_ready(f"the connection broke before an answer ({type(error).__name__})")
    return probe_of(line)


def probe_request(host: str, port: int, path: str) -> bytes:
    """What a probe sends."""
    name = f"[{host}]" if ":" in host else host
    return (
        f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nUser-Agent: playground-probe\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


def probe_of(line: bytes) -> Probe:
    """What the beginning of an answer says."""
    if not line:
        return _not_ready("the connection was closed before an answer")
    status = _STATUS_LINE.match(line)
    if status is None:
        return _not_ready("it answered something that is not HTTP")
    if status[1] == b"200":
        return Probe(ProbeVerdict.READY)
    return _not_ready(f"it answered {int(status[1])}")


def _first_line(connection: socket.socket) -> bytes:
    line = b""
    for _ in range(MOST_READS):
        chunk = connection.recv(4096)
        line += chunk
        if not chunk or b"\n" in line:
            break
    return line


def _not_ready(detail: str) -> Probe:
    return Probe(ProbeVerdict.NOT_READY, detail)
