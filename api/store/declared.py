"""Playgrounds by name, as people declare them: applied whole, only when something is different, and only when what the
client demands of the record holds at that moment."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, select, update

from api.clock import uid_of_write
from api.resources.change import ChangeType
from api.resources.playground import Metadata, Playground, PlaygroundStatus
from api.resources.precondition import Precondition
from api.resources.wanted import WantedPlayground
from api.store import builds, journal, lookups, quotas, rows, tables
from api.store.database import Database, Transaction
from api.store.errors import Conflict, IdentityTaken, PreconditionFailed
from api.store.json_text import dump_json
from api.store.prepared import Prepared

Outcome = Literal["created", "configured", "unchanged"]
_SUPERSEDED = "Superseded by a newer request for the same playground."
_DELETED = "The playground was deleted before it served."
_table = tables.playground
_living = _table.c.deletion_requested_at.is_(None)
_NAMED = Prepared(rows.playgrounds().where(_table.c.name == bindparam("name")))
_LIVING_NAMED = Prepared(rows.playgrounds().where(_table.c.name == bindparam("name")).where(_living))
_OF_UID = Prepared(rows.playgrounds().where(_table.c.uid == bindparam("uid")))
_SAME_IDENTITY = Prepared(
    select(_table.c.uid, _table.c.name).where(_table.c.identity == bindparam("identity")).where(_living)
)
_INSERT = rows.numbered_insertion(_table, "id")
_NEW_STATUS = rows.status_columns(PlaygroundStatus())
_UNSET = dict.fromkeys(("backend_container_id", "restart_requested_at", "deletion_requested_at"))


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a document came to: the record after it, and the one before (None: there was none)."""

    playground: Playground
    outcome: Outcome
    before: Playground | None = None


class Declared:
    """The desired side by name. Only the API writes through it; every write is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Playground | None:
        """The living playground of that name, else the newest one that is being deleted."""
        return self._database.read(lambda transaction: find(transaction, name, living=False))

    def apply(
        self, wanted: WantedPlayground, precondition: Precondition, *, now: float, dry_run: bool = False
    ) -> Declaration:
        """Have the living playground of that name be as wanted; where it is already, nothing is written.

        A playground that is being deleted is not living: a new one is created beside it. Other metadata alone is no new
        generation. With `dry_run` nothing is written, and the result is what would be.

        Raises:
            Conflict, PreconditionFailed: what the client demands of the record does not hold.
            QuotaExceeded: who asks has as many playgrounds as they may have.
            IdentityTaken: another living playground has the wanted kind, release and model.
            StoreError: as `Database.write`.
        """

        def look(transaction: Transaction) -> Declaration:
            return _decide(transaction, wanted, precondition, 0, now)

        def work(transaction: Transaction) -> Declaration:
            version = transaction.next_version(desired=True)
            declaration = _decide(transaction, wanted, precondition, version, now)
            return _write(transaction, declaration, version, now)

        seen = self._database.read(look)
        return seen if dry_run or seen.outcome == "unchanged" else self._database.write(work)

    def delete(self, name: str, precondition: Precondition, *, now: float, dry_run: bool = False) -> Playground | None:
        """Ask for the deletion of the playground of that name; one that is being deleted stays as it is.

        None when there is none. Raises Conflict and PreconditionFailed as `apply`.
        """

        def look(transaction: Transaction) -> Playground | None:
            found = find(transaction, name, living=False)
            if found is None:
                return None
            _check(precondition, name, found)
            return found

        def work(transaction: Transaction) -> Playground | None:
            version = transaction.next_version(desired=True)
            found = look(transaction)
            if found is None or found.metadata.deletion_requested_at is not None:
                return found
            uid = found.metadata.uid
            builds.cancel_open(transaction, uid, _DELETED, now=now)
            values = {"deletion_requested_at": now, "updated_at": now}
            versions = {"resource_version": version, "desired_version": version}
            transaction.run(update(_table).where(_table.c.uid == uid).values({**values, **versions}))
            journal.record(transaction, uid, version)
            return _load(transaction, uid)

        seen = self._database.read(look)
        if dry_run or seen is None or seen.metadata.deletion_requested_at is not None:
            return seen
        return self._database.write(work)


def find(transaction: Transaction, name: str, *, living: bool) -> Playground | None:
    """The living playground of that name; unless only `living` ones count, else the newest that is being deleted."""
    if not lookups.storable(name):
        return None
    found = (_LIVING_NAMED if living else _NAMED).all(transaction.connection, name=name)
    if not found:
        return None
    return rows.to_playground(min(found, key=lambda row: (row["deletion_requested_at"] is not None, -row["id"])))


def _load(transaction: Transaction, uid: str) -> Playground | None:
    row = _OF_UID.first(transaction.connection, uid=uid)
    return rows.to_playground(row) if row else None


def _check(precondition: Precondition, name: str, found: Playground | None) -> None:
    refusal = precondition.refusal(name, found)
    if refusal is not None:
        raise (Conflict if refusal.kind == "conflict" else PreconditionFailed)(refusal.message)


def _decide(
    transaction: Transaction, wanted: WantedPlayground, precondition: Precondition, version: int, now: float
) -> Declaration:
    """What the record will be. Reads only."""
    assert wanted.name is not None, "a declared playground has a name"
    before = find(transaction, wanted.name, living=True)
    _check(precondition, wanted.name, before)
    identity = wanted.spec.identity_key
    other = _SAME_IDENTITY.first(transaction.connection, identity=identity)
    if other is not None and (before is None or other["uid"] != before.metadata.uid):
        raise IdentityTaken(identity, other["name"])
    if before is None:
        quotas.check_playgrounds(transaction, wanted.requester)
        metadata = Metadata(
            id=0,
            uid=uid_of_write(version),
            name=wanted.name,
            labels=wanted.labels or {},
            annotations=wanted.annotations or {},
            resource_version=version,
            created_at=now,
            updated_at=now,
            spec_changed_at=now,
            created_by=wanted.requester.name if wanted.requester else None,
        )
        return Declaration(Playground(metadata=metadata, spec=wanted.spec), "created")
    asked: dict[str, Any] = {"labels": wanted.labels, "annotations": wanted.annotations}
    changes = {
        field: value
        for field, value in asked.items()
        if value is not None and not _same(value, getattr(before.metadata, field))
    }
    is_new_spec = not rows.same(before.spec, wanted.spec)
    if is_new_spec:
        changes |= {"generation": before.metadata.generation + 1, "spec_changed_at": now}
    if not changes:
        return Declaration(before, "unchanged", before)
    changes |= {"updated_at": now, "resource_version": version or before.metadata.resource_version}
    metadata = before.metadata.model_copy(update=changes)
    after = before.model_copy(update={"metadata": metadata, "spec": wanted.spec if is_new_spec else before.spec})
    return Declaration(after, "configured", before)


def _write(transaction: Transaction, declaration: Declaration, version: int, now: float) -> Declaration:
    after, before = declaration.playground, declaration.before
    metadata = after.metadata
    if declaration.outcome == "unchanged":
        return declaration
    values: dict[str, Any] = {
        **rows.spec_columns(after.spec),
        "labels": metadata.labels,
        "annotations": metadata.annotations,
        "generation": metadata.generation,
        "resource_version": version,
        "desired_version": version,
        "updated_at": now,
        "spec_changed_at": metadata.spec_changed_at,
    }
    if before is None:
        fresh = {"uid": metadata.uid, "name": metadata.name, "created_at": now, "created_by": metadata.created_by}
        _INSERT.row_id(transaction.connection, **_UNSET, **_NEW_STATUS, **values, **fresh)
    else:
        transaction.run(update(_table).where(_table.c.uid == metadata.uid).values(values))
        generation = metadata.generation
        builds.cancel_open(transaction, metadata.uid, _SUPERSEDED, now=now, before_generation=generation)
    journal.record(transaction, metadata.uid, version, ChangeType.MODIFIED if before else ChangeType.ADDED)
    written = _load(transaction, metadata.uid)
    assert written is not None, "written in this transaction"
    return Declaration(written, declaration.outcome, before)


def _same(one: Any, other: Any) -> bool:
    return dump_json(one, sort_keys=True) == dump_json(other, sort_keys=True)
