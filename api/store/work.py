"""The controller's side: what is wanted, read whole; what was seen, written under the lease's guard."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, func, select, update

from api.resources.build import Build, BuildResult, BuildState
from api.resources.change import Change, ChangeType
from api.resources.declared import expires_at
from api.resources.desired import Claim, DesiredState, Report
from api.resources.event import NewEvent
from api.resources.playground import Playground, PlaygroundStatus
from api.store import builds, events, journal, journal_size, rows, secrets, tables
from api.store.database import Database, Transaction
from api.store.prepared import Prepared

_table = tables.playground
_EXPIRED = "The playground's time to live was over before it served."
_DELETED = "The playground was deleted before it served."
_open_builds = (
    select(tables.build)
    .where(tables.build.c.state == str(BuildState.PENDING))
    .order_by(tables.build.c.generation, tables.build.c.created_at, tables.build.c.id)
)
_uids: BindParameter[list[str]] = bindparam("uids", expanding=True)
_OF_SOME = (rows.texts().where(_table.c.uid.in_(_uids)), _open_builds.where(tables.build.c.playground_uid.in_(_uids)))
_VERSIONS_OF_SOME = select(_table.c.uid, _table.c.desired_version, _table.c.resource_version).where(
    _table.c.uid.in_(_uids)
)
_OF_ALL = (rows.texts().order_by(_table.c.id), _open_builds)

_OF_UID = Prepared(rows.playgrounds().where(_table.c.uid == bindparam("uid")))
_OPEN_BUILDS_OF = Prepared(_open_builds.where(tables.build.c.playground_uid == bindparam("uid")))
_NEWEST = Prepared(select(tables.counter.c.version))
_CHANGED = Prepared(
    select(_table.c.uid).where(_table.c.desired_version > bindparam("since")).order_by(_table.c.desired_version)
)
_REPORTED = (*rows.status_columns(PlaygroundStatus()), "resource_version", "updated_at")
_SET_STATUS = Prepared(
    update(_table).where(_table.c.uid == bindparam("of")).values({name: bindparam(name) for name in _REPORTED})
)
_OPEN_BUILD = (
    tables.build.c.id == bindparam("build"),
    tables.build.c.playground_uid == bindparam("of"),
    tables.build.c.state == str(BuildState.PENDING),
)
_ENDED: dict[str, Any] = {name: bindparam(name) for name in ("result", "error", "finished_at")}
_END_BUILD = Prepared(update(tables.build).where(*_OPEN_BUILD).values(_ENDED | {"state": bindparam("new_state")}))
_LEFT_OF_IT = ("uid", "name", "kind", "plugin_release", "model", "container_id", "container_name", "created_at")
_INSERT_TOMBSTONE = rows.insertion(tables.tombstone)
_FREE_PORT = Prepared(delete(tables.host_port).where(tables.host_port.c.playground_uid == bindparam("uid")))
_DELETE = Prepared(delete(_table).where(_table.c.uid == bindparam("uid")))


class Work:
    """Reads of the desired side, and guarded writes: with a claim that has been taken over they change nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keys(self) -> tuple[str, ...]:
        """The uids of all playgrounds, living and finalizing, the oldest first."""
        found = self._database.read(lambda transaction: transaction.all(select(_table.c.uid).order_by(_table.c.id)))
        return tuple(row["uid"] for row in found)

    def changed_since(self, resource_version: int) -> tuple[int, tuple[str, ...]]:
        """The newest version, and the uids whose desired side changed after the given one, the oldest change first.

        What the controller itself writes is no such change.
        """

        def work(transaction: Transaction) -> tuple[int, tuple[str, ...]]:
            newest = _NEWEST.first(transaction.connection)
            changed = _CHANGED.all(transaction.connection, since=resource_version)
            return int(newest["version"]) if newest else 0, tuple(row["uid"] for row in changed)

        return self._database.read(work)

    def versions(self) -> dict[str, int]:
        """The uids of all playgrounds, each with the version of the newest change of what is wanted of it."""
        statement = select(_table.c.uid, _table.c.desired_version)
        found = self._database.read(lambda transaction: transaction.connection.execute(statement).all())
        return {row[0]: row[1] for row in found}

    def record_versions(self, uids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Of those of them that there are, some hundreds at most: the newest change of what is wanted, and of anything.

        While both are as they were, so is all that `load_many` tells.
        """
        found = self._database.read(lambda t: t.connection.execute(_VERSIONS_OF_SOME, {"uids": tuple(uids)}).all())
        return {row[0]: (row[1], row[2]) for row in found}

    def load(self, uid: str) -> DesiredState | None:
        """All that is wanted of one playground, as of one instant; None when there is none."""

        def work(transaction: Transaction) -> DesiredState | None:
            row = _OF_UID.first(transaction.connection, uid=uid)
            if row is None:
                return None
            waiting = [rows.to_build(build) for build in _OPEN_BUILDS_OF.all(transaction.connection, uid=uid)]
            found = DesiredState(playground=rows.to_playground(row), version=row["desired_version"])
            return _with_what_else(transaction, [found], {uid: waiting})[0]

        return self._database.read(work)

    def load_many(self, uids: Sequence[str]) -> tuple[DesiredState, ...]:
        """The same of those of them that there are, some hundreds at most, in no order."""
        return self._load(_OF_SOME, {"uids": tuple(uids)})

    def load_all(self) -> tuple[DesiredState, ...]:
        """All that is wanted of all playgrounds, as of one instant, the oldest first."""
        return self._load(_OF_ALL, {})

    def _load(self, queries: tuple[Select[Any], Select[Any]], values: dict[str, Any]) -> tuple[DesiredState, ...]:
        playgrounds, builds_of_them = queries

        def work(transaction: Transaction) -> tuple[DesiredState, ...]:
            execute = transaction.connection.execute
            found = [rows.from_texts(row) for row in execute(playgrounds, values).all()]
            waiting: defaultdict[str, list[Build]] = defaultdict(list)
            for row in execute(builds_of_them, values).mappings() if found else ():
                waiting[row["playground_uid"]].append(rows.to_build(row))
            return _with_what_else(transaction, found, waiting)

        return self._database.read(work)

    def report(self, claim: Claim, uid: str, report: Report, *, now: float) -> bool:
        """Write one pass's status, events, and the open builds it ends, together.

        A status that is there already is not written again. False, and nothing written, when the claim is stale or the
        playground is gone. A build that has ended already stays as it is.
        """

        def work(transaction: Transaction) -> bool:
            if not transaction.holds(claim):
                return False
            version = transaction.next_version(events=len(report.events))
            row = _OF_UID.first(transaction.connection, uid=uid)
            if row is None:
                return False
            before = rows.to_playground(row)
            if before.status != report.status:
                times = {"resource_version": version, "updated_at": now}
                _SET_STATUS.all(transaction.connection, of=uid, **rows.status_columns(report.status), **times)
                journal.write(transaction, _changed(before, times, report.status, version))
            events.record(transaction, uid, before.metadata.name, report.events, version=version, now=now)
            for result in report.builds:
                _end_build(transaction, uid, result, now)
            return True

        def nothing_is_new(transaction: Transaction) -> bool | None:
            """Whether the claim holds, when there is nothing to write; None when there is."""
            row = _OF_UID.first(transaction.connection, uid=uid)
            if row is None or not transaction.holds(claim, lock=False):
                return False
            return True if rows.to_playground(row).status == report.status else None

        if not report.events and not report.builds:
            settled = self._database.read(nothing_is_new)
            if settled is not None:
                return settled
        return self._database.write(work)

    def remove(self, claim: Claim, uid: str, *, now: float, told: tuple[NewEvent, ...] = ()) -> bool:
        """Remove a finalizing playground, whose resources are gone: its port, its open builds, and its row last.

        `told` are recorded as its last events.

        A tombstone stays, and so do its events and ended builds until they are pruned. False, and nothing written,
        when the claim is stale, or when there is none whose deletion was asked for.
        """

        def work(transaction: Transaction) -> bool:
            if not transaction.holds(claim):
                return False
            version = transaction.next_version(events=len(told))
            row = _OF_UID.first(transaction.connection, uid=uid)
            if row is None or row["deletion_requested_at"] is None:
                return False
            journal.write(transaction, _last_change(rows.to_playground(row), version, now))
            values = {column: row[column] for column in _LEFT_OF_IT}
            _INSERT_TOMBSTONE.all(transaction.connection, **values, record_id=row["id"], deleted_at=now)
            events.record(transaction, uid, row["name"], told, version=version, now=now)
            builds.cancel_open(transaction, uid, _DELETED, now=now)
            _FREE_PORT.all(transaction.connection, uid=uid)
            _DELETE.all(transaction.connection, uid=uid)
            return True

        return self._database.write(work)

    def expire(self, claim: Claim, uid: str, *, now: float) -> bool:
        """Ask for the deletion of a playground whose time to live is over; it is the one wish the controller has.

        False, and nothing written, when the claim is stale, or when nothing of the kind is so (any more).
        """

        def work(transaction: Transaction) -> bool:
            if not transaction.holds(claim):
                return False
            version = transaction.next_version(desired=True)
            row = transaction.first(rows.playgrounds().where(_table.c.uid == uid))
            playground = rows.to_playground(row) if row else None
            if playground is None or playground.metadata.deletion_requested_at is not None:
                return False
            ends = expires_at(playground)
            if ends is None or ends > now:
                return False
            builds.cancel_open(transaction, uid, _EXPIRED, now=now)
            times = {"deletion_requested_at": now, "updated_at": now}
            versions = {"resource_version": version, "desired_version": version}
            transaction.run(update(_table).where(_table.c.uid == uid).values({**times, **versions}))
            journal.record(transaction, uid, version)
            return True

        return self._database.write(work)

    def prune(
        self,
        claim: Claim,
        *,
        tombstones_before: float,
        events_before: float,
        builds_before: float,
        now: float,
        journal_before: float = 0.0,
    ) -> int:
        """Forget what ended before the given times, and quarantines that are over; how many rows went.

        The journal is also cut off where it has grown too long (`journal.MAX_ROWS`) or too large
        (`journal_size.MAX_BYTES`).

        Raises:
            StaleClaim: when the lease went to somebody else.
        """
        tombstones, recorded, ended, ports = tables.tombstone, tables.event, tables.build, tables.host_port
        statements = (
            delete(tombstones).where(tombstones.c.deleted_at < tombstones_before),
            delete(recorded).where(recorded.c.last_seen < events_before),
            delete(ended).where(ended.c.finished_at < builds_before),
            delete(ports).where(ports.c.playground_uid.is_(None), ports.c.quarantined_until <= now),
        )

        def work(transaction: Transaction) -> int:
            transaction.guard(claim)
            transaction.next_version()
            newest = select(func.max(recorded.c.version)).where(recorded.c.last_seen < events_before)
            journal.raise_floor(transaction, "events_floor", transaction.scalar(newest) or 0)
            cut_off = journal.prune(transaction, before=journal_before, up_to=too_large)
            return cut_off + sum(transaction.run(statement) for statement in statements)

        # The sizes are summed up before anybody is held up: what is added meanwhile is cut off the next time.
        too_large = self._database.read(lambda transaction: journal_size.beyond(transaction, journal_size.MAX_BYTES))
        return self._database.write(work)


def _with_what_else(
    transaction: Transaction, found: Sequence[DesiredState], waiting: Mapping[str, Sequence[Build]]
) -> tuple[DesiredState, ...]:
    """The same with the builds that each waits for, and what there is of the secrets that it refers to."""
    known = secrets.referred(transaction, [desired.playground.spec for desired in found])
    return tuple(
        _completed(desired, waiting.get(desired.playground.metadata.uid, ()), of_it)
        for desired, of_it in zip(found, known, strict=True)
    )


def _completed(desired: DesiredState, waiting: Sequence[Build], known: secrets.Referred) -> DesiredState:
    if not waiting and known is secrets.NONE:
        return desired  # as most are
    more = {"open_builds": tuple(waiting), "secrets": known.digests, "unusable_sets": known.unusable}
    return desired.model_copy(update=more)


def _changed(before: Playground, times: dict[str, Any], status: PlaygroundStatus, version: int) -> Change:
    """The report of a status, told with the record as it is right after it."""
    metadata = before.metadata.model_copy(update=times)
    after = before.model_copy(update={"metadata": metadata, "status": status})
    return Change(version=version, type=ChangeType.MODIFIED, playground=after)


def _last_change(playground: Playground, version: int, now: float) -> Change:
    """The removal of a playground, told with what it was last."""
    metadata = playground.metadata.model_copy(update={"resource_version": version, "updated_at": now})
    last = playground.model_copy(update={"metadata": metadata})
    return Change(version=version, type=ChangeType.DELETED, playground=last)


def _end_build(transaction: Transaction, uid: str, result: BuildResult, now: float) -> None:
    if result.state is BuildState.PENDING:
        return
    ended = {"new_state": str(result.state), "result": result.result, "error": rows.storable(result.error)}
    _END_BUILD.all(transaction.connection, build=result.id, of=uid, finished_at=now, **ended)
