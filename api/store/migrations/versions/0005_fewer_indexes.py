"""Each index costs every create its share; those that no query needs go, and those of what comes later wait for it.

Lists by kind or model read all rows, as those by status and label do; an identity is looked for among the living only,
which have an index of their own.

Revision 0005, after 0004.
"""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_GONE = ("identity", "kind", "model", "digest")
_KNOWN = (("playground", "container_id"), ("playground", "container_name"), ("build", "finished_at"))


def upgrade() -> None:
    for column in _GONE:
        op.drop_index(f"ix_playground_{column}", table_name="playground")
    for table, column in _KNOWN:
        op.drop_index(f"ix_{table}_{column}", table_name=table)
        known = text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=known, postgresql_where=known)


def downgrade() -> None:
    for table, column in _KNOWN:
        op.drop_index(f"ix_{table}_{column}", table_name=table)
        op.create_index(f"ix_{table}_{column}", table, [column])
    for column in _GONE:
        op.create_index(f"ix_playground_{column}", "playground", [column])
