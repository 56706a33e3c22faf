"""Counts over all records, in one read."""

from collections import Counter

from sqlalchemy import func, select

from api.resources.build import BuildState
from api.resources.phase import phase
from api.resources.statistics import Statistics
from api.store import rows, tables
from api.store.database import Database, Transaction


class StatisticsReader:
    """Reads counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Statistics:
        """How much there is of what now."""
        build, ports = tables.build, tables.host_port
        by_state = select(build.c.state, func.count().label("count")).group_by(build.c.state)

        def work(transaction: Transaction) -> Statistics:
            found = [rows.to_playground(row) for row in transaction.all(rows.playgrounds())]
            reserved = select(func.count()).select_from(ports).where(ports.c.playground_uid.is_not(None))
            quarantined = select(func.count()).select_from(ports).where(ports.c.playground_uid.is_(None))
            return Statistics(
                phases=dict(Counter(phase(playground) for playground in found)),
                builds={BuildState(row["state"]): row["count"] for row in transaction.all(by_state)},
                reserved_ports=transaction.scalar(reserved),
                quarantined_ports=transaction.scalar(quarantined),
                journal_rows=transaction.scalar(select(func.count()).select_from(tables.journal)),
            )

        return self._database.read(work)
