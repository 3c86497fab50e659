"""What is due is found with its account, by which backlogs are passed over; what closes is found by when it does."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME, TABLE = "deliveries_by_due", "deliveries"


def upgrade() -> None:
    """Let one index hold the account too, and add the other."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["status", "due_at", "id", "account"])
    op.create_index("deliveries_by_close", TABLE, ["status", "closes_at"])


def downgrade() -> None:
    """Take both out again."""
    op.drop_index("deliveries_by_close", TABLE)
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["status", "due_at"])
