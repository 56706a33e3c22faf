"""The journal: every change of a playground, written in the same transaction as the change itself.

A version is that of one write, or of one event of it, and versions grow in commit order (`Transaction.next_version`):
who has read up to a version has missed nothing, and meets nothing twice. The journal is cut off at its floor; of what
is older, the newest entry of each playground that lives stays, so that any state since the floor can be told.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, RowMapping, Text, and_, bindparam, cast, delete, exists, func, or_, select, update

from api.resources.change import Change, Changes, ChangeType, EventChanges, Snapshot
from api.resources.playground import Playground
from api.store import rows, tables
from api.store.database import Database, Transaction
from api.store.errors import VersionTooOld
from api.store.prepared import Prepared, Row

MAX_ROWS = 50_000
"""Entries that are kept at most, beside one for each playground."""
_table = tables.journal
_OF_UID = Prepared(rows.playgrounds().where(tables.playground.c.uid == bindparam("uid")))
_INSERT = rows.insertion(_table)
_COUNTER = Prepared(select(tables.counter))
_SINCE = Prepared(
    select(_table.c.version, _table.c.type, cast(_table.c.playground, Text).label("playground"))
    .where(_table.c.version > bindparam("after"))
    .order_by(_table.c.version)
    .limit(bindparam("most", type_=Integer))
)


class Journal:
    """Reads of the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int:
        """The newest version of all."""
        return int(self._database.read(lambda transaction: transaction.scalar(select(tables.counter.c.version))))

    def since(self, version: int, *, limit: int) -> Changes:
        """At most `limit` changes that came after the version, in their order.

        Raises:
            VersionTooOld: when some of them are not in the journal any more.
        """

        def work(transaction: Transaction) -> Changes:
            newest = _checked(transaction, version, "journal_floor")
            found = _SINCE.all(transaction.connection, after=version, most=limit)
            items = tuple(_to_change(row) for row in found)
            return Changes(items=items, version=items[-1].version if len(items) == limit else newest)

        return self._database.read(work)

    def before(self, uid: str, version: int) -> Playground | None:
        """The playground as it was before the change of that version; None when it was not there, or is not known."""
        found = self._database.read(lambda transaction: transaction.first(_state_until(uid, version - 1)))
        return _living(found)

    def snapshot(self, version: int | None = None) -> Snapshot:
        """All playgrounds as of the version, by ascending record id; as of now when it is None.

        Raises:
            VersionTooOld: when that state cannot be told any more.
        """

        def work(transaction: Transaction) -> Snapshot:
            newest = _checked(transaction, version, "journal_floor")
            found = [rows.to_playground(row) for row in transaction.all(rows.playgrounds())]
            if version is not None and version < newest:
                found = _rewound(transaction, found, version)
            ordered = sorted(found, key=lambda playground: playground.metadata.id)
            return Snapshot(version=newest if version is None else version, playgrounds=tuple(ordered))

        return self._database.read(work)

    def events_since(self, version: int, *, limit: int, uids: Sequence[str] | None = None) -> EventChanges:
        """At most `limit` events (of these playgrounds, or of all) that were recorded or counted since then.

        Raises:
            VersionTooOld: when some of them were pruned.
        """
        table = tables.event
        statement = select(table).where(table.c.version > version).order_by(table.c.version).limit(limit)
        if uids is not None:
            statement = statement.where(table.c.playground_uid.in_(uids))

        def work(transaction: Transaction) -> EventChanges:
            newest = _checked(transaction, version, "events_floor")
            items = tuple(rows.to_event(row) for row in transaction.all(statement))
            return EventChanges(items=items, version=items[-1].version if len(items) == limit else newest)

        return self._database.read(work)


def record(transaction: Transaction, uid: str, version: int, type_: ChangeType = ChangeType.MODIFIED) -> None:
    """Note that the playground was changed by the write of that version. Called after the change."""
    row = _OF_UID.first(transaction.connection, uid=uid)
    assert row is not None, "changed in this transaction"
    write(transaction, Change(version=version, type=type_, playground=rows.to_playground(row)))


def write(transaction: Transaction, change: Change, document: dict[str, Any] | None = None) -> None:
    """Note a change as it is. `document`: `rows.as_json` of its playground, from who has it already."""
    metadata = change.playground.metadata
    _INSERT.all(
        transaction.connection,
        version=change.version,
        uid=metadata.uid,
        type=str(change.type),
        playground=document or rows.as_json(change.playground),
        at=metadata.updated_at,
    )


def prune(transaction: Transaction, *, before: float, up_to: int, max_rows: int = MAX_ROWS) -> int:
    """Cut off what is older than `before` (epoch seconds), what is beyond `max_rows`, and all up to a version.

    How many went. Of each playground that lives, the newest of what is cut off stays.
    """
    first_kept = transaction.scalar(select(func.min(_table.c.version)).where(_table.c.at >= before))
    newest = transaction.scalar(select(func.max(_table.c.version))) or 0
    by_age = newest if first_kept is None else first_kept - 1
    newest_first = select(_table.c.version).order_by(_table.c.version.desc())
    by_count = transaction.scalar(newest_first.offset(max_rows).limit(1)) or 0
    floor = max(by_age, by_count, up_to)
    if not floor:
        return 0
    newer = _table.alias()
    has_newer = exists().where(
        newer.c.uid == _table.c.uid, newer.c.version > _table.c.version, newer.c.version <= floor
    )
    is_deletion = _table.c.type == str(ChangeType.DELETED)
    gone = transaction.run(delete(_table).where(and_(_table.c.version <= floor, or_(has_newer, is_deletion))))
    raise_floor(transaction, "journal_floor", floor)
    return gone


def raise_floor(transaction: Transaction, column: str, floor: int) -> None:
    """Note that what came up to that version is not whole any more."""
    table = tables.counter
    transaction.run(update(table).where(table.c[column] < floor).values({column: floor}))


def _checked(transaction: Transaction, version: int | None, column: str) -> int:
    """The newest version, when the given one can be gone on from. Raises VersionTooOld."""
    row = _COUNTER.first(transaction.connection)
    assert row is not None, "the migration made the row"
    newest, floor = int(row["version"]), int(row[column])
    if version is not None and not floor <= version <= newest:
        raise VersionTooOld(version, floor, newest)
    return newest


def _rewound(transaction: Transaction, found: list[Playground], version: int) -> list[Playground]:
    """What was there at the version, from what is there now and the journal. Raises VersionTooOld."""
    changed = {row["uid"] for row in transaction.all(select(_table.c.uid).where(_table.c.version > version).distinct())}
    result = [playground for playground in found if playground.metadata.uid not in changed]
    for uid in changed:
        state = transaction.first(_state_until(uid, version))
        first = transaction.first(select(_table.c.type).where(_table.c.uid == uid).order_by(_table.c.version).limit(1))
        if state is None and (first is None or first["type"] != str(ChangeType.ADDED)):
            raise VersionTooOld(version, version + 1, version + 1)
        living = _living(state)
        if living is not None:
            result.append(living)
    return result


def _state_until(uid: str, version: int) -> Any:
    query = select(_table).where(_table.c.uid == uid, _table.c.version <= version)
    return query.order_by(_table.c.version.desc()).limit(1)


def _living(row: RowMapping | None) -> Playground | None:
    if row is None or row["type"] == str(ChangeType.DELETED):
        return None
    return Playground.model_validate(row["playground"])


def _to_change(row: Row) -> Change:
    playground = Playground.model_validate_json(row["playground"])
    return Change(version=row["version"], type=ChangeType(row["type"]), playground=playground)
