"""Whether what is, is what was asked for: orphans, duplicates, lost writes, and how long it took."""

import time
from dataclasses import asdict, dataclass

import requests

from tests.chaos.ledger import Ledger
from tests.testbed.engine import OwnEngine

LABEL = "playground.controller=chaos"


@dataclass(frozen=True)
class Figures:
    """What is wrong at this moment; all zero is the aim. `unserved`: wanted, and its port does not answer 200."""

    orphans: int
    duplicates: int
    lost_creates: int
    lost_deletes: int
    unserved: int
    shared_ports: int

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not any(asdict(self).values())


def look(engine: OwnEngine, ledger: Ledger) -> Figures:
    """Hold the engine and the API against the ledger."""
    with engine.client() as api:
        rows = api.containers(all=True, filters={"label": LABEL})
    uids = [row["Labels"]["playground.uid"] for row in rows]
    records = ledger.records()
    numbers = {int(str(record["model"])) for record in records}
    ports = [record["host_port"] for record in records if record["host_port"] is not None]
    return Figures(
        orphans=len(set(uids) - {record["uid"] for record in records}),
        duplicates=len(uids) - len(set(uids)),
        lost_creates=len(ledger.wanted - numbers),
        lost_deletes=len(numbers - ledger.wanted),
        unserved=sum(not serves(record) for record in records),
        shared_ports=len(ports) - len(set(ports)),
    )


def serves(record: dict[str, object]) -> bool:
    """Whether the playground's own port answers."""
    if record["status"] != "running" or record["host_port"] is None:
        return False
    try:
        return requests.get(f"http://127.0.0.1:{record['host_port']}/config", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def settle(engine: OwnEngine, ledger: Ledger, limit: float) -> tuple[float, Figures]:
    """Look until nothing is wrong, or the limit (seconds) is over; returns the time it took and the last figures."""
    began = time.monotonic()
    while True:
        figures = look(engine, ledger)
        took = time.monotonic() - began
        if figures.good or took > limit:
            return took, figures
        time.sleep(0.2)
