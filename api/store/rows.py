"""Rows to values and back: the only place that knows both."""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import BaseModel
from sqlalchemy import RowMapping, Select, Table, Text, bindparam, cast, insert, select

from api.resources.build import Build
from api.resources.desired import DesiredState
from api.resources.event import Event
from api.resources.identity import Kind
from api.resources.playground import Metadata, Playground, PlaygroundSpec, PlaygroundStatus, PluginSource
from api.resources.release import PluginRelease
from api.resources.tombstone import Tombstone
from api.store import tables
from api.store.json_text import dump_json
from api.store.prepared import Insertion, Prepared, Row

_METADATA = tuple(Metadata.model_fields)
"""The columns that have a playground's metadata; each is called as its field is."""
_MAPS = frozenset({"labels", "annotations"})


def as_json(value: BaseModel) -> dict[str, Any]:
    """A value as what goes into a JSON column."""
    return value.model_dump(mode="json")


def same(one: BaseModel, other: BaseModel) -> bool:
    """Whether two values are the same JSON. (In Python `True == 1 == 1.0`; for a plugin's parameters they differ.)"""
    if one != other:  # told quickly, and then the JSON differs, too
        return False
    return dump_json(as_json(one), sort_keys=True) == dump_json(as_json(other), sort_keys=True)


def storable(text: str | None) -> str | None:
    """A text from outside (log lines) with what PostgreSQL cannot hold replaced: NUL, and halves of characters."""
    return text and text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def spec_columns(spec: PlaygroundSpec) -> dict[str, Any]:
    """The spec, and what is looked up by it."""
    return {
        "identity": spec.identity_key,
        "kind": str(spec.kind),
        "plugin_release": spec.plugin_release,
        "model": spec.model,
        "digest": spec.plugin.digest if spec.plugin else None,
        "spec": as_json(spec),
    }


def status_columns(status: PlaygroundStatus) -> dict[str, Any]:
    """The status, and what is looked up by it."""
    return {
        "status": as_json(status),
        "container_id": status.container_id,
        "container_name": status.container_name,
    }


def insertion(table: Table) -> Prepared:
    """An insert of a whole row."""
    return Prepared(insert(table).values({column.key: bindparam(column.key) for column in table.c}))


def numbered_insertion(table: Table, number: str) -> Insertion:
    """An insert of a whole row, but for the number that the database gives it."""
    return Insertion(table, {column.key: bindparam(column.key) for column in table.c if column.key != number}, number)


def playgrounds() -> Select[Any]:
    """A query of whole playgrounds, each with the port that is reserved for it; fit for `to_playground`."""
    table, ports = tables.playground, tables.host_port
    return select(table, ports.c.port.label("host_port")).select_from(
        table.outerjoin(ports, ports.c.playground_uid == table.c.uid)
    )


def to_playground(row: Row | RowMapping) -> Playground:
    """A row of `playgrounds()` as a value."""
    return Playground(
        metadata=Metadata(
            id=row["id"],
            uid=row["uid"],
            name=row["name"],
            labels=row["labels"],
            annotations=row["annotations"],
            backend_container_id=row["backend_container_id"],
            generation=row["generation"],
            resource_version=row["resource_version"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            spec_changed_at=row["spec_changed_at"],
            restart_requested_at=row["restart_requested_at"],
            deletion_requested_at=row["deletion_requested_at"],
            created_by=row["created_by"],
        ),
        spec=PlaygroundSpec.model_validate(row["spec"]),
        status=PlaygroundStatus.model_validate(row["status"]),
        host_port=row["host_port"],
    )


def texts() -> Select[Any]:
    """As `playgrounds()`, for many at a time: JSON as its text, and no more columns than there are in a playground.

    The first is the desired side's version, the others are fit for `from_texts`.
    """
    table, ports = tables.playground, tables.host_port
    metadata = (cast(table.c[name], Text) if name in _MAPS else table.c[name] for name in _METADATA)
    return select(
        table.c.desired_version, ports.c.port, cast(table.c.spec, Text), cast(table.c.status, Text), *metadata
    ).select_from(table.outerjoin(ports, ports.c.playground_uid == table.c.uid))


def from_texts(row: Sequence[Any]) -> DesiredState:
    """A row of `texts()` as a value: read and validated in one go, which takes half as long as one after the other."""
    version, port, spec, status, *values = row
    metadata = dict(zip(_METADATA, values, strict=True))
    for name in _MAPS:
        metadata[name] = orjson.Fragment(metadata[name])
    playground = {
        "metadata": metadata,
        "spec": orjson.Fragment(spec),
        "status": orjson.Fragment(status),
        "host_port": port,
    }
    return DesiredState.model_validate_json(orjson.dumps({"playground": playground, "version": version}))


def to_build(row: Row | RowMapping) -> Build:
    """A row of `build` as a value."""
    return Build.model_validate(dict(row))


def to_release(row: Row | RowMapping) -> PluginRelease:
    """A row of `plugin_release` as a value."""
    return PluginRelease(
        id=row["id"],
        code=row["code"],
        version=row["version"],
        name=row["name"],
        source=PluginSource.model_validate(row["source"]),
        config=row["config"],
        size=row["size"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def to_event(row: RowMapping) -> Event:
    """A row of `event` as a value."""
    return Event.model_validate(dict(row))


def to_tombstone(row: RowMapping) -> Tombstone:
    """A row of `tombstone` as a value."""
    return Tombstone.model_validate({**row, "kind": Kind(row["kind"])})
