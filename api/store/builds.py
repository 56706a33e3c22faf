"""Builds: what a waiting client looks at, until it ends."""

from typing import Any

from sqlalchemy import bindparam, func, select, update

from api.resources.build import Build, BuildState
from api.resources.playground import Playground
from api.store import rows, tables
from api.store.database import Database, Transaction
from api.store.lookups import storable
from api.store.prepared import Prepared

_table = tables.build
_is_open = _table.c.state == str(BuildState.PENDING)
_CANCELLED = "Cancelled by a request."
_ANY_GENERATION = 2**63 - 1
_CANCEL_OPEN = Prepared(
    update(_table)
    .where(_table.c.playground_uid == bindparam("of_uid"), _is_open, _table.c.generation < bindparam("before"))
    .values(state=str(BuildState.CANCELLED), error=bindparam("why"), finished_at=bindparam("now"))
)


class Builds:
    """Builds, as the API reads and cancels them. The controller ends them with its report."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, build_id: str) -> Build | None:
        """The build, or None: never there, or pruned."""
        return self._database.read(lambda transaction: _load(transaction, build_id))

    def get_with_playground(self, build_id: str) -> tuple[Build, Playground | None] | None:
        """The build and its playground, both as of one instant; the playground is None when it was removed."""

        def work(transaction: Transaction) -> tuple[Build, Playground | None] | None:
            build = _load(transaction, build_id)
            if build is None:
                return None
            found = transaction.first(rows.playgrounds().where(tables.playground.c.uid == build.playground_uid))
            return build, rows.to_playground(found) if found else None

        return self._database.read(work)

    def cancel(self, build_id: str, *, now: float) -> Build | None:
        """Cancel it if it is open; an ended one stays as it is. None when there is none.

        Nobody waits any longer; the playground itself goes on as its spec says.
        """

        def work(transaction: Transaction) -> Build | None:
            build = _load(transaction, build_id)
            if build is None or build.state is not BuildState.PENDING:
                return build
            values = _ended(BuildState.CANCELLED, _CANCELLED, now)
            transaction.run(update(_table).where(_table.c.id == build_id).where(_is_open).values(values))
            return _load(transaction, build_id)

        return self._database.write(work)


def cancel_open(
    transaction: Transaction, playground_uid: str, why: str, *, now: float, before_generation: int | None = None
) -> None:
    """End the open builds of a playground (those of older generations) as cancelled."""
    given = {"of_uid": playground_uid, "why": why, "now": now, "before": before_generation or _ANY_GENERATION}
    _CANCEL_OPEN.all(transaction.connection, **given)


def count_open(transaction: Transaction, playground_uid: str) -> int:
    """How many requests wait for the playground."""
    statement = select(func.count()).select_from(_table).where(_table.c.playground_uid == playground_uid)
    return int(transaction.scalar(statement.where(_is_open)))


def _load(transaction: Transaction, build_id: str) -> Build | None:
    if not storable(build_id):
        return None
    row = transaction.first(select(_table).where(_table.c.id == build_id))
    return rows.to_build(row) if row else None


def _ended(state: BuildState, error: str, now: float) -> dict[str, Any]:
    return {"state": str(state), "error": error, "finished_at": now}
