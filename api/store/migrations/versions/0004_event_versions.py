"""Each event has a version of its own. Those that were recorded before share the version of their write: a watch of
events from before begins anew instead of going on between two of them.

Revision 0004, after 0003.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE counter SET events_floor = version")


def downgrade() -> None:
    """Nothing: the floor may stay."""
