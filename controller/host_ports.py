"""Which ports the host's own processes listen on, as the kernel tells it: sock_diag(7), else its tables (proc(5)).

The tables take the kernel milliseconds to write, as it goes through all connections there might be; asked for listeners
alone it answers in a fraction of one.
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"

_NETLINK_SOCK_DIAG = 4
_BY_FAMILY, _DONE, _ERROR = 20, 3, 2
_REQUEST_ALL = 0x301
_LISTENERS = 1 << 10
_HEADER = struct.Struct("=IHHII")
"""Length, type, flags, sequence, port id: of each message."""
_QUESTION = struct.Struct("=BBBBI48x")
"""Family, protocol, extensions, padding, states, and a socket's identity, which is left open."""
_ANSWER = struct.Struct("=BBBB")
_SOURCE_PORT = struct.Struct("!H")
_SECONDS = 1.0


def listening_ports() -> frozenset[int]:
    """TCP ports that something listens on, at any address; empty where no kernel tells."""
    try:
        return frozenset(port for family in (socket.AF_INET, socket.AF_INET6) for port in _listeners(family))
    except (OSError, AttributeError, struct.error):
        return ports_in_tables(TABLES)


def ports_in_tables(tables: tuple[Path, ...]) -> frozenset[int]:
    """The same from the kernel's tables."""
    ports = set()
    for table in tables:
        try:
            rows = table.read_text().splitlines()[1:]
        except OSError:
            continue
        fields = (row.split() for row in rows)
        ports |= {int(field[1].rpartition(":")[2], 16) for field in fields if len(field) > 3 and field[3] == _LISTEN}
    return frozenset(ports)


def _listeners(family: int) -> Iterator[int]:
    """The ports of all that listens in the family. Raises OSError where the kernel does not answer."""
    question = _QUESTION.pack(family, socket.IPPROTO_TCP, 0, 0, _LISTENERS)
    header = _HEADER.pack(_HEADER.size + len(question), _BY_FAMILY, _REQUEST_ALL, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.send(header + question)
        while True:
            answer = kernel.recv(1 << 16)
            position = 0
            while position < len(answer):
                length, kind, _, _, _ = _HEADER.unpack_from(answer, position)
                if kind == _DONE:
                    return
                if kind == _ERROR or length < _HEADER.size:
                    raise OSError("the kernel lists no listeners")
                yield _SOURCE_PORT.unpack_from(answer, position + _HEADER.size + _ANSWER.size)[0]
                position += (length + 3) & ~3
