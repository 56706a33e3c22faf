"""Which ports the host's own processes listen on, from the kernel's tables (proc(5))."""

from pathlib import Path

LISTEN = "0A"
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def listening_ports(tables: tuple[Path, ...] = TABLES) -> frozenset[int]:
    """TCP ports that something listens on, at any address; empty where the kernel has no such tables."""
    ports = set()
    for table in tables:
        try:
            rows = table.read_text().splitlines()[1:]
        except OSError:
            continue
        fields = (row.split() for row in rows)
        ports |= {int(field[1].rpartition(":")[2], 16) for field in fields if len(field) > 3 and field[3] == LISTEN}
    return frozenset(ports)
