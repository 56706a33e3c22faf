"""The tables, as SQLModel classes, and the same as plain tables for the queries.

Specs and statuses are JSON; what is looked up has a column of its own beside it. Times are seconds since the epoch.
"""

from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlmodel import Field, SQLModel

_LIVING = text("deletion_requested_at IS NULL")


def _index_of_known(name: str, column: str) -> Index:
    """An index of the rows that have a value there: most are written without one, and nobody looks for those."""
    known = text(f"{column} IS NOT NULL")
    return Index(name, column, sqlite_where=known, postgresql_where=known)


class Base(SQLModel):
    """Common to all tables: constraint names that a migration can refer to."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _id() -> Any:
    """A number that is never given out twice, not even after the last row went (a tombstone keeps it)."""
    return Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    )


def _number(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(BigInteger(), nullable=nullable))


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(sa_column=Column(Double(), nullable=nullable, index=index))


def _text(*, nullable: bool = False, index: bool = False, unique: bool = False) -> Any:
    return Field(sa_column=Column(Text(), nullable=nullable, index=index, unique=unique))


def _json(*, nullable: bool = False) -> Any:
    # none_as_null: an absent result is NULL in SQL too, not the JSON text `null`.
    return Field(sa_column=Column(JSON(none_as_null=True), nullable=nullable))


class PlaygroundRow(Base, table=True):
    """One playground, living or finalizing: one living at most for an identity, and for a name."""

    __tablename__ = "playground"
    __table_args__ = (
        Index("uq_playground_living_identity", "identity", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
        Index("uq_playground_living_name", "name", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
        Index("ix_playground_name", "name"),
        _index_of_known("ix_playground_container_id", "container_id"),
        _index_of_known("ix_playground_container_name", "container_name"),
        {"sqlite_autoincrement": True},
    )

    id: int = _id()
    uid: str = _text(unique=True)
    identity: str = _text()
    name: str = _text()
    kind: str = _text()
    plugin_release: str = _text(index=True)
    model: int | None = _number(nullable=True)
    digest: str | None = _text(nullable=True)
    labels: dict[str, str] = _json()
    annotations: dict[str, Any] = _json()
    backend_container_id: str | None = _text(nullable=True)
    generation: int = _number()
    resource_version: int = _number()
    desired_version: int = Field(sa_column=Column(BigInteger(), nullable=False, index=True))
    created_at: float = _time()
    updated_at: float = _time()
    spec_changed_at: float = _time()
    restart_requested_at: float | None = _time(nullable=True)
    deletion_requested_at: float | None = _time(nullable=True)
    spec: dict[str, Any] = _json()
    status: dict[str, Any] = _json()
    container_id: str | None = _text(nullable=True)
    container_name: str | None = _text(nullable=True)
    created_by: str | None = _text(nullable=True, index=True)


class PluginReleaseRow(Base, table=True):
    """One known plugin release; `plugin_release` is `code@version`."""

    __tablename__ = "plugin_release"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = _id()
    plugin_release: str = _text(unique=True)
    code: str = _text()
    version: str = _text()
    name: str = _text()
    digest: str = _text(index=True)
    source: dict[str, Any] = _json()
    config: dict[str, Any] = _json()
    size: int = _number()
    created_at: float = _time()
    updated_at: float = _time()


class BuildRow(Base, table=True):
    """One build. It outlives its playground until it is pruned."""

    __tablename__ = "build"
    __table_args__ = (
        Index("ix_build_playground_uid_state", "playground_uid", "state"),
        _index_of_known("ix_build_finished_at", "finished_at"),
    )

    id: str = Field(sa_column=Column(String(100), primary_key=True))
    playground_uid: str = _text()
    generation: int = _number()
    restarted: bool
    state: str = _text()
    result: dict[str, Any] | None = _json(nullable=True)
    error: str | None = _text(nullable=True)
    created_at: float = _time()
    finished_at: float | None = _time(nullable=True)
    created_by: str | None = _text(nullable=True, index=True)


class HostPortRow(Base, table=True):
    """A port that nobody else may take: reserved for a playground, or (without one) quarantined until a time."""

    __tablename__ = "host_port"
    __table_args__ = (
        Index("uq_host_port_address_port", "address", "port", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: int = _id()
    address: str = _text()
    port: int
    playground_uid: str | None = Field(
        sa_column=Column(Text(), ForeignKey("playground.uid"), nullable=True, unique=True)
    )
    quarantined_until: float | None = _time(nullable=True)


class EventRow(Base, table=True):
    """One event, or several equal ones in a row. It outlives its playground until it is pruned."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_playground_uid_id", "playground_uid", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = _id()
    playground_uid: str = _text()
    playground_name: str = _text()
    type: str = _text()
    reason: str = _text()
    message: str = _text()
    count: int
    first_seen: float = _time()
    last_seen: float = _time(index=True)
    version: int = Field(sa_column=Column(BigInteger(), nullable=False, index=True, server_default="0"))


class LeaseRow(Base, table=True):
    """One lease; without a holder it is free, and its epoch goes on counting."""

    __tablename__ = "lease"

    name: str = Field(sa_column=Column(String(100), primary_key=True))
    holder: str | None = _text(nullable=True)
    epoch: int = _number()
    expires_at: float = _time()


class TombstoneRow(Base, table=True):
    """What is left of a playground that was removed, until it is pruned."""

    __tablename__ = "tombstone"

    uid: str = Field(sa_column=Column(String(100), primary_key=True))
    record_id: int = Field(sa_column=Column(BigInteger(), nullable=False, index=True))
    name: str = _text(index=True)
    kind: str = _text()
    plugin_release: str = _text()
    model: int | None = _number(nullable=True)
    container_id: str | None = _text(nullable=True, index=True)
    container_name: str | None = _text(nullable=True, index=True)
    created_at: float = _time()
    deleted_at: float = _time(index=True)


class TokenRow(Base, table=True):
    """One token, by the digest of its secret. A revoked one stays."""

    __tablename__ = "token"

    name: str = Field(sa_column=Column(String(100), primary_key=True))
    digest: str = _text(unique=True)
    scope: str = _text()
    created_at: float = _time()
    last_used_at: float | None = _time(nullable=True)
    revoked_at: float | None = _time(nullable=True)


class SecretRow(Base, table=True):
    """One value that containers get and nobody is shown."""

    __tablename__ = "secret"

    name: str = Field(sa_column=Column(String(100), primary_key=True))
    value: str = _text()
    updated_at: float = _time()


class CounterRow(Base, table=True):
    """One row. `version` counts writes in commit order; `desired_version` is that of the newest desired-side change.

    Of what came up to the floors, not all is known any more: changes of playgrounds, and events.
    """

    __tablename__ = "counter"

    id: int = Field(sa_column=Column(Integer(), primary_key=True, autoincrement=False))
    version: int = _number()
    desired_version: int = _number()
    journal_floor: int = Field(sa_column=Column(BigInteger(), nullable=False, server_default="0"))
    events_floor: int = Field(sa_column=Column(BigInteger(), nullable=False, server_default="0"))


class JournalRow(Base, table=True):
    """One change of a playground, by the version of the write; the record as it was right after it."""

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_uid_version", "uid", "version"),)

    version: int = Field(sa_column=Column(BigInteger(), primary_key=True, autoincrement=False))
    uid: str = _text()
    type: str = _text()
    playground: dict[str, Any] = _json()
    at: float = _time(index=True)


def _table(row: type[SQLModel]) -> Table:
    return Base.metadata.tables[str(row.__tablename__)]


playground = _table(PlaygroundRow)
plugin_release = _table(PluginReleaseRow)
build = _table(BuildRow)
host_port = _table(HostPortRow)
event = _table(EventRow)
lease = _table(LeaseRow)
tombstone = _table(TombstoneRow)
token = _table(TokenRow)
secret = _table(SecretRow)
counter = _table(CounterRow)
journal = _table(JournalRow)
