"""Events: what happened, for people. The controller's report writes them, the API lists them."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select, update

from api.resources.change import EventChanges
from api.resources.event import Event, NewEvent
from api.store import rows, tables
from api.store.database import Database, Transaction
from api.store.prepared import Prepared, Row

_table = tables.event
_NEWEST = Prepared(
    select(_table).where(_table.c.playground_uid == bindparam("uid")).order_by(_table.c.id.desc()).limit(1)
)
_INSERT = rows.numbered_insertion(_table, "id")


class Events:
    """The recorded events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, playground_uid: str | None, limit: int) -> tuple[Event, ...]:
        """The newest `limit` events of one playground (removed ones too), or of all; the newest is the last."""
        return self.snapshot(playground_uid, limit).items

    def snapshot(self, playground_uid: str | None, limit: int) -> EventChanges:
        """The same as `list`, with the newest version of that moment: what comes later is none of them."""
        statement = select(_table).order_by(_table.c.last_seen.desc(), _table.c.id.desc()).limit(limit)
        if playground_uid is not None:
            # Within one playground ids tell the order, and the index on them serves.
            statement = select(_table).where(_table.c.playground_uid == playground_uid)
            statement = statement.order_by(_table.c.id.desc()).limit(limit)

        def work(transaction: Transaction) -> EventChanges:
            newest = transaction.scalar(select(tables.counter.c.version))
            found = transaction.all(statement)
            return EventChanges(items=tuple(rows.to_event(row) for row in reversed(found)), version=newest)

        return self._database.read(work)


def record(
    transaction: Transaction, uid: str, name: str, events: Iterable[NewEvent], *, version: int, now: float
) -> None:
    """Add events of a playground; one that equals the last one (type, reason, message) is counted there.

    They get the versions that follow `version`, one each and in their order: it is that of the write they are part of,
    which has taken so many more (`Transaction.next_version`). So whoever has been told one of them can go on from just
    there, in the midst of a write.
    """
    last = _NEWEST.first(transaction.connection, uid=uid)
    for number, event in enumerate(events, start=version + 1):
        told: Row = {"type": str(event.type), "reason": str(event.reason), "message": rows.storable(event.message)}
        if last is not None and all(last[column] == value for column, value in told.items()):
            counted = {"count": last["count"] + 1, "last_seen": now, "version": number}
            transaction.run(update(_table).where(_table.c.id == last["id"]).values(counted))
            last |= counted
        else:
            times = {"first_seen": now, "last_seen": now}
            values = {**told, **times, "playground_uid": uid, "playground_name": name, "count": 1, "version": number}
            last = values | {"id": _INSERT.row_id(transaction.connection, **values)}
