"""What is out of a thread, what else a network told of a post, and since when it prepares what it was given."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three columns, empty: of what is queued nothing changes."""
    op.add_column("deliveries", sa.Column("staging_since", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("parts", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("remote_ids", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("deliveries", "remote_ids")
    op.drop_column("deliveries", "parts")
    op.drop_column("deliveries", "staging_since")
