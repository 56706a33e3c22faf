"""The journal of changes, and versions of events: what watches read.

Revision 0002, after 0001. What came before is in no journal: a watch that wants to go on from there has to look anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FLOORS = ("journal_floor", "events_floor")


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("playground", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_journal"),
    )
    op.create_index("ix_journal_uid_version", "journal", ["uid", "version"])
    op.create_index("ix_journal_at", "journal", ["at"])
    op.add_column("event", sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_event_version", "event", ["version"])
    for name in _FLOORS:
        op.add_column("counter", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE counter SET journal_floor = version, events_floor = version")


def downgrade() -> None:
    for name in _FLOORS:
        op.drop_column("counter", name)
    op.drop_index("ix_event_version", "event")
    op.drop_column("event", "version")
    op.drop_table("journal")
