"""What people want taken down is found by an index: the little there is among all that was ever published."""

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME, TABLE = "deliveries_unwanted", "deliveries"


def upgrade() -> None:
    """Add the index."""
    where = text("withdraw_wanted")
    op.create_index(NAME, TABLE, ["id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Take it out again."""
    op.drop_index(NAME, TABLE)
