"""One delivery of an account in hand at a time, by constraint: whatever two daemons believe."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IN_HAND = sa.text("lease_owner IS NOT NULL AND status IN ('claimed', 'staged', 'sending')")


def upgrade() -> None:
    """Add the constraint, and find a receipt by what its network calls it."""
    op.create_index(
        "one_in_hand", "deliveries", ["account"], unique=True, sqlite_where=IN_HAND, postgresql_where=IN_HAND
    )
    op.create_index("receipts_by_remote_id", "receipts", ["remote_id"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index("receipts_by_remote_id", "receipts")
    op.drop_index("one_in_hand", "deliveries")
