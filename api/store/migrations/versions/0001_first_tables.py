"""The first tables.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LIVING = sa.text("deletion_requested_at IS NULL")


def upgrade() -> None:
    _create_playground()
    _create_plugin_release()
    _create_build()
    _create_host_port()
    _create_event()
    _create_lease()
    _create_tombstone()
    _create_counter()


def downgrade() -> None:
    for name in (
        "counter",
        "tombstone",
        "lease",
        "event",
        "host_port",
        "build",
        "plugin_release",
        "playground",
    ):
        op.drop_table(name)


def _create_playground() -> None:
    op.create_table(
        "playground",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("plugin_release", sa.Text(), nullable=False),
        sa.Column("model", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("backend_container_id", sa.Text(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("resource_version", sa.BigInteger(), nullable=False),
        sa.Column("desired_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("spec_changed_at", sa.Double(), nullable=False),
        sa.Column("restart_requested_at", sa.Double(), nullable=True),
        sa.Column("deletion_requested_at", sa.Double(), nullable=True),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("status", sa.JSON(), nullable=False),
        sa.Column("container_id", sa.Text(), nullable=True),
        sa.Column("container_name", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_playground"),
        sa.UniqueConstraint("uid", name="uq_playground_uid"),
        sqlite_autoincrement=True,
    )
    for column in ("identity", "name"):
        op.create_index(
            f"uq_playground_living_{column}",
            "playground",
            [column],
            unique=True,
            sqlite_where=_LIVING,
            postgresql_where=_LIVING,
        )
    _index(
        "playground",
        "identity",
        "name",
        "kind",
        "plugin_release",
        "model",
        "digest",
        "desired_version",
        "container_id",
        "container_name",
    )


def _create_plugin_release() -> None:
    op.create_table(
        "plugin_release",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        sa.Column("plugin_release", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plugin_release"),
        sa.UniqueConstraint("plugin_release", name="uq_plugin_release_plugin_release"),
        sqlite_autoincrement=True,
    )
    _index("plugin_release", "digest")


def _create_build() -> None:
    op.create_table(
        "build",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("playground_uid", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("restarted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_build"),
    )
    op.create_index("ix_build_playground_uid_state", "build", ["playground_uid", "state"])
    _index("build", "finished_at")


def _create_host_port() -> None:
    op.create_table(
        "host_port",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("playground_uid", sa.Text(), nullable=True),
        sa.Column("quarantined_until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_host_port"),
        sa.UniqueConstraint("playground_uid", name="uq_host_port_playground_uid"),
        sa.ForeignKeyConstraint(["playground_uid"], ["playground.uid"], name="fk_host_port_playground_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_host_port_address_port", "host_port", ["address", "port"], unique=True)


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        sa.Column("playground_uid", sa.Text(), nullable=False),
        sa.Column("playground_name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_playground_uid_id", "event", ["playground_uid", "id"])
    _index("event", "last_seen")


def _create_lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )


def _create_tombstone() -> None:
    op.create_table(
        "tombstone",
        sa.Column("uid", sa.String(100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("plugin_release", sa.Text(), nullable=False),
        sa.Column("model", sa.BigInteger(), nullable=True),
        sa.Column("container_id", sa.Text(), nullable=True),
        sa.Column("container_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name="pk_tombstone"),
    )
    _index("tombstone", "record_id", "name", "container_id", "container_name", "deleted_at")


def _create_counter() -> None:
    table = op.create_table(
        "counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("desired_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_counter"),
    )
    op.bulk_insert(table, [{"id": 1, "version": 0, "desired_version": 0}])


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])
