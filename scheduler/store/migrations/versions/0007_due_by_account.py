"""What is due is found with its account: whole backlogs of accounts that are in hand are passed over by the index."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME, TABLE = "deliveries_by_due", "deliveries"


def upgrade() -> None:
    """Let the index hold the account too."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["status", "due_at", "account"])


def downgrade() -> None:
    """Take it out again."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["status", "due_at"])
