"""Playgrounds as the API writes them: the desired side, and how they are found and listed."""

import builtins
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, RowMapping, bindparam, func, select, update

from api.clock import uid_of_write
from api.resources.build import Build
from api.resources.change import Change, ChangeType
from api.resources.identity import playground_name
from api.resources.listing import Page, PlaygroundFilters
from api.resources.phase import phase
from api.resources.playground import DesiredRunState, Metadata, Playground, PlaygroundSpec, PlaygroundStatus
from api.resources.tombstone import Tombstone
from api.resources.wanted import Applied, WantedPlayground
from api.store import builds, journal, lookups, quotas, rows, tables
from api.store.database import Database, Transaction
from api.store.errors import NameTaken
from api.store.prepared import Prepared

_NAME_LIMIT = 63
_DELETED = "The playground was deleted before it served."
_STOPPED = "The playground was stopped before it served."
_SUPERSEDED = "Superseded by a newer request for the same playground."
_table = tables.playground
_living = _table.c.deletion_requested_at.is_(None)
_METADATA = tuple(name for name in Metadata.model_fields if name != "id")
_NEW_STATUS = rows.status_columns(PlaygroundStatus())
_OF_UID = Prepared(rows.playgrounds().where(_table.c.uid == bindparam("uid")))
_OF_IDENTITY = Prepared(rows.playgrounds().where(_table.c.identity == bindparam("identity")).where(_living))
_OF_NAME = Prepared(select(_table.c.id).where(_table.c.name == bindparam("name")).where(_living))
_WRITTEN = (
    *("labels", "annotations", "backend_container_id", "generation", "resource_version"),
    *("updated_at", "spec_changed_at", "restart_requested_at"),
)
"""The metadata that a request for one that lives may change."""
_UPDATE = Prepared(
    update(_table)
    .where(_table.c.uid == bindparam("at_uid"))
    .values({name: bindparam(name) for name in (*_WRITTEN, "desired_version", "digest", "spec")})
)
_INSERT = rows.numbered_insertion(_table, "id")
_INSERT_BUILD = rows.insertion(tables.build)


class Playgrounds:
    """The desired side. Only the API writes through it; every write is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def apply(self, wanted: WantedPlayground, *, now: float) -> Applied:
        """Record what is wanted of the identity's living playground, creating it when there is none.

        An equal spec is a request to restart it; a different one is a new generation, which cancels the open builds of
        older ones. A finalizing playground is not living: a new one is created beside it. Every call opens a build.

        Raises:
            NameTaken: when a new playground's given name belongs to another living one.
            QuotaExceeded: when who asks has as much as they may have.
            StoreError: as `Database.write`.
        """
        return self._database.write(self.applying(wanted, now=now))

    def applying(self, wanted: WantedPlayground, *, now: float) -> Callable[[Transaction], Applied]:
        """What `apply` does, for whoever has a transaction (`GroupCommit`)."""

        def work(transaction: Transaction) -> Applied:
            version = transaction.next_version(desired=True)
            row = _OF_IDENTITY.first(transaction.connection, identity=wanted.spec.identity_key)
            before = None if row is None else rows.to_playground(row)
            outcome: Literal["created", "configured", "restarted"] = "created"
            document = None
            if before is None:
                after, document = _insert(transaction, wanted, version, now)
                restarted = False
            else:
                asked = _completed(wanted, before.spec)
                restarted = _meets_container(before, asked.spec)
                after = _configured(before, asked, version, now)
                outcome = "restarted" if after.spec is before.spec else "configured"
                document = _update(transaction, after, version)
            quotas.check_builds(transaction, wanted.requester)
            build = Build(
                id=f"build-{uid_of_write(version)}",
                playground_uid=after.metadata.uid,
                generation=after.metadata.generation,
                restarted=restarted,
                created_at=now,
                created_by=wanted.requester.name if wanted.requester else None,
            )
            _INSERT_BUILD.all(transaction.connection, **{**dict(build), "state": str(build.state)})
            added = ChangeType.MODIFIED if before else ChangeType.ADDED
            journal.write(transaction, Change(version=version, type=added, playground=after), document)
            return Applied(playground=after, build=build, outcome=outcome)

        return work

    def get(self, lookup: int | str) -> Playground | None:
        """The playground with that record id, uid, container id (whole, or 12 digits and more), name or container name.

        Where several match, a living one comes before a finalizing one, and a newer before an older.
        """
        return self._database.read(lambda transaction: find(transaction, lookup))

    def some(self, uids: Sequence[str]) -> tuple[int, tuple[Playground, ...]]:
        """The newest version of all, and those of the playgrounds that are there, both as of one instant."""
        return self._database.read(lambda transaction: some(transaction, uids))

    def list(self, filters: PlaygroundFilters, *, page: int, page_size: int) -> Page[Playground]:
        """The page with that number (from 1) of the playgrounds that pass the filters, by ascending record id."""
        if filters.model is not None and not lookups.fits(filters.model):
            return Page(0, ())
        conditions = _conditions(filters)
        ordered = rows.playgrounds().where(*conditions).order_by(_table.c.id)
        offset = (max(page, 1) - 1) * page_size
        if filters.status is None and not filters.labels:

            def work(transaction: Transaction) -> tuple[int, builtins.list[RowMapping]]:
                count = transaction.scalar(select(func.count()).select_from(_table).where(*conditions))
                return count, transaction.all(ordered.limit(page_size).offset(offset))

            count, found = self._database.read(work)
            return Page(count, tuple(rows.to_playground(row) for row in found))
        # The phase is computed and labels are a map: both are looked at here.
        candidates = self._database.read(lambda transaction: transaction.all(ordered))
        passing = [row for row in candidates if _has_labels(row["labels"], filters.labels)]
        playgrounds = [rows.to_playground(row) for row in passing]
        if filters.status is not None:
            playgrounds = [playground for playground in playgrounds if phase(playground) is filters.status]
        return Page(len(playgrounds), tuple(playgrounds[offset : offset + page_size]))

    def set_run_state(self, uid: str, state: DesiredRunState, *, now: float) -> Playground | None:
        """Want it running or stopped: a new generation when that changes anything. None when there is none.

        Stopping cancels the open builds, which would never end otherwise. A finalizing playground stays as it is.
        """

        def change(transaction: Transaction, before: Playground) -> dict[str, Any]:
            if state is DesiredRunState.STOPPED:
                builds.cancel_open(transaction, uid, _STOPPED, now=now)
            spec = before.spec.model_copy(update={"state": state})
            return _next_generation(before, spec, now)

        return self._change(uid, lambda before: before.spec.state is not state, change, now=now)

    def stop_unawaited(self, uid: str, *, now: float) -> Playground | None:
        """Want it stopped if it has no container yet and no build of it is open: nobody waits for it any more.

        Where it has one (an older version serves, say) it stays as it is. None when there is none.
        """

        def needed(before: Playground) -> bool:
            return before.spec.state is DesiredRunState.RUNNING and before.status.container_id is None

        def change(transaction: Transaction, before: Playground) -> dict[str, Any]:
            if builds.count_open(transaction, uid):
                return {}
            return _next_generation(before, before.spec.model_copy(update={"state": DesiredRunState.STOPPED}), now)

        if self._database.read(lambda transaction: builds.count_open(transaction, uid)):
            return self.get(uid)
        return self._change(uid, needed, change, now=now)

    def request_restart(self, uid: str, *, now: float) -> Playground | None:
        """Ask for a restart of the container in place. None when there is no playground; a finalizing one stays."""
        return self._change(uid, lambda _: True, lambda _transaction, _before: {"restart_requested_at": now}, now=now)

    def request_deletion(self, uid: str, *, now: float) -> Playground | None:
        """Ask for its deletion; asked again, nothing changes. Cancels the open builds. None when there is none."""

        def change(transaction: Transaction, _before: Playground) -> dict[str, Any]:
            builds.cancel_open(transaction, uid, _DELETED, now=now)
            return {"deletion_requested_at": now}

        return self._change(uid, lambda _: True, change, now=now)

    def tombstone(self, lookup: int | str) -> Tombstone | None:
        """What is left of the newest removed playground that `get` would have found by it."""
        table = tables.tombstone
        condition = lookups.any_of(lookup, table, id_column="record_id")
        if condition is None:
            return None
        statement = select(table).where(condition).order_by(table.c.deleted_at.desc(), table.c.record_id.desc())
        row = self._database.read(lambda transaction: transaction.first(statement.limit(1)))
        return rows.to_tombstone(row) if row else None

    def _change(
        self,
        uid: str,
        needed: Callable[[Playground], bool],
        change: Callable[[Transaction, Playground], dict[str, Any]],
        *,
        now: float,
    ) -> Playground | None:
        """Write the columns that `change` returns, as one desired-side change of a living playground that needs it."""

        def work(transaction: Transaction) -> Playground | None:
            before = _load(transaction, uid)
            if before is None or not _living_and(needed, before):
                return before
            version = transaction.next_version(desired=True)
            before = _load(transaction, uid)  # again: from here on nobody else writes
            if before is None or not _living_and(needed, before):
                return before
            values = {
                **change(transaction, before),
                "resource_version": version,
                "desired_version": version,
                "updated_at": now,
            }
            transaction.run(update(_table).where(_table.c.uid == uid).values(values))
            journal.record(transaction, uid, version)
            return _load(transaction, uid)

        return self._database.write(work)


def find(transaction: Transaction, lookup: int | str) -> Playground | None:
    """As `Playgrounds.get`, in a transaction."""
    condition = lookups.any_of(lookup, _table, id_column="id")
    if condition is None:
        return None
    found = transaction.all(rows.playgrounds().where(condition))
    return rows.to_playground(min(found, key=lambda row: _preference(row, lookup))) if found else None


def some(transaction: Transaction, uids: Sequence[str]) -> tuple[int, tuple[Playground, ...]]:
    """As `Playgrounds.some`, in a transaction."""
    version = int(transaction.scalar(select(tables.counter.c.version)))
    found = transaction.all(rows.playgrounds().where(_table.c.uid.in_(uids)))
    return version, tuple(rows.to_playground(row) for row in found)


def _living_and(needed: Callable[[Playground], bool], playground: Playground) -> bool:
    return playground.metadata.deletion_requested_at is None and needed(playground)


def _load(transaction: Transaction, uid: str) -> Playground | None:
    row = _OF_UID.first(transaction.connection, uid=uid)
    return rows.to_playground(row) if row else None


def _insert(
    transaction: Transaction, wanted: WantedPlayground, version: int, now: float
) -> tuple[Playground, dict[str, Any]]:
    """A new playground, and `rows.as_json` of it."""
    quotas.check_playgrounds(transaction, wanted.requester)
    values: dict[str, Any] = {
        **rows.spec_columns(wanted.spec),
        **_NEW_STATUS,
        "uid": uid_of_write(version),
        "name": _free_name(transaction, wanted),
        "labels": wanted.labels or {},
        "annotations": wanted.annotations or {},
        "backend_container_id": wanted.backend_container_id,
        "created_by": wanted.requester.name if wanted.requester else None,
        "generation": 1,
        "resource_version": version,
        "desired_version": version,
        "created_at": now,
        "updated_at": now,
        "spec_changed_at": now,
        "restart_requested_at": None,
        "deletion_requested_at": None,
    }
    record_id = _INSERT.row_id(transaction.connection, **values)
    metadata = {"id": record_id} | {name: values[name] for name in _METADATA}
    # What a column takes as JSON is what JSON has in its place, so that nothing has to be taken apart a second time.
    document = {"metadata": metadata, "spec": values["spec"], "status": values["status"], "host_port": None}
    return Playground(metadata=Metadata(**metadata), spec=wanted.spec), document


def _configured(before: Playground, wanted: WantedPlayground, version: int, now: float) -> Playground:
    """What is wanted of one that lives: with the spec that it has, to be restarted, or as a new generation. Pure."""
    asked = {name: getattr(wanted, name) for name in ("labels", "annotations", "backend_container_id")}
    values: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    values |= {"resource_version": version, "updated_at": now}
    if rows.same(before.spec, wanted.spec):
        return _with(before, values | {"restart_requested_at": now})
    values |= {"generation": before.metadata.generation + 1, "spec_changed_at": now}
    return _with(before, values, wanted.spec)


def _with(before: Playground, metadata: dict[str, Any], spec: PlaygroundSpec | None = None) -> Playground:
    update = {"metadata": before.metadata.model_copy(update=metadata)} | ({} if spec is None else {"spec": spec})
    return before.model_copy(update=update)


def _update(transaction: Transaction, after: Playground, version: int) -> dict[str, Any]:
    """Write the desired side of a record, and end the builds of older generations. `rows.as_json` of the record."""
    document = rows.as_json(after)
    columns: dict[str, Any] = {name: document["metadata"][name] for name in _WRITTEN}
    columns |= {"digest": after.spec.plugin and after.spec.plugin.digest, "spec": document["spec"]}
    _UPDATE.all(transaction.connection, at_uid=after.metadata.uid, desired_version=version, **columns)
    generation, now = after.metadata.generation, after.metadata.updated_at
    builds.cancel_open(transaction, after.metadata.uid, _SUPERSEDED, now=now, before_generation=generation)
    return document


def _next_generation(before: Playground, spec: PlaygroundSpec, now: float) -> dict[str, Any]:
    """The columns of a changed spec: every change is a new generation, with its time."""
    return {**rows.spec_columns(spec), "generation": before.metadata.generation + 1, "spec_changed_at": now}


def _completed(wanted: WantedPlayground, before: PlaygroundSpec) -> WantedPlayground:
    """What is wanted, with what its client cannot speak of as it was declared before."""
    if not wanted.partial:
        return wanted
    beside = ("restart_policy", "resources", "wanted_port", "ttl", "secret_sets")
    kept: dict[str, Any] = {field: getattr(before, field) for field in beside}
    kept["readiness"] = wanted.spec.readiness.model_copy(update={"timeout": before.readiness.timeout})
    if before.envs == wanted.spec.envs:  # as they were declared, so as open as they were
        kept |= {"private_envs": before.private_envs, "hidden_envs": before.hidden_envs}
    kept["pinned"] = before.pinned and before.plugin == wanted.spec.plugin
    return replace(wanted, spec=wanted.spec.model_copy(update=kept))


def _meets_container(before: Playground, spec: PlaygroundSpec) -> bool:
    """Whether there is a container already that the spec's content fits: it is started, not replaced."""
    if before.status.container_id is None:
        return False
    return rows.same(before.spec.model_copy(update={"state": spec.state}), spec)


def _free_name(transaction: Transaction, wanted: WantedPlayground) -> str:
    """The given name, or the identity's own; one that another living playground has gets `-2`, `-3` …."""
    name = wanted.name or playground_name(wanted.spec.identity)
    candidate, number = name, 1
    while _OF_NAME.first(transaction.connection, name=candidate):
        if wanted.name is not None:
            raise NameTaken(wanted.name)
        number += 1
        suffix = f"-{number}"
        candidate = name[: _NAME_LIMIT - len(suffix)].rstrip("-") + suffix
    return candidate


def _preference(row: RowMapping, lookup: int | str) -> tuple[bool, bool, int, int]:
    """What to take of several that match: least first."""
    exact = lookup in (row["id"], row["uid"]) or str(row["id"]) == lookup
    by = [row["container_id"] == lookup, row["name"] == lookup, row["container_name"] == lookup, True].index(True)
    return not exact, row["deletion_requested_at"] is not None, by, -row["id"]


def _conditions(filters: PlaygroundFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.plugin_release is not None:
        conditions.append(_table.c.plugin_release == filters.plugin_release)
    if filters.model is not None:
        conditions.append(_table.c.model == filters.model)
    if filters.kind is not None:
        conditions.append(_table.c.kind == str(filters.kind))
    return conditions


def _has_labels(labels: dict[str, str], wanted: Sequence[str]) -> bool:
    for item in wanted:
        name, has_value, value = item.partition("=")
        if name not in labels or (has_value and labels[name] != value):
            return False
    return True
