"""What is to be covered in a film is kept until it is covered: neither a restart nor another process passes over it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("submissions", sa.Column("to_cover", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    """Take it out again."""
    op.drop_column("submissions", "to_cover")
