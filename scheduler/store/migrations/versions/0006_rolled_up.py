"""The history of what has ended long ago may be condensed: by the roll-up, under its mark, and by nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ENDED = "'published', 'withdrawn', 'cancelled', 'missed', 'failed'"
# The mark stands in meta only within the transaction of the roll-up.
MAY_GO = f"""OLD.at < (SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'rolled_up_to')
    AND EXISTS (SELECT 1 FROM deliveries WHERE id = OLD.delivery_id AND status IN ({ENDED}))"""  # noqa: S608 - of the words above


def upgrade() -> None:
    """Let the trigger make that one exception. No row changes."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER events_no_delete")
        op.execute(
            f"CREATE TRIGGER events_no_delete BEFORE DELETE ON events WHEN COALESCE({MAY_GO}, 0) = 0 "
            "BEGIN SELECT RAISE(ABORT, 'events is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION solidarity_rolled_up() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {MAY_GO} THEN RETURN OLD; END IF; RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute("DROP TRIGGER events_no_delete ON events")
    op.execute(
        "CREATE TRIGGER events_no_delete BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION solidarity_rolled_up()"
    )


def downgrade() -> None:
    """Let nothing go again."""
    op.get_bind().execute(sa.text("DELETE FROM meta WHERE name IN ('rolled_up_to', 'rolled_up_event')"))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER events_no_delete")
        op.execute(
            "CREATE TRIGGER events_no_delete BEFORE DELETE ON events  "
            "BEGIN SELECT RAISE(ABORT, 'events is append-only'); END"
        )
        return
    op.execute("DROP TRIGGER events_no_delete ON events")
    op.execute(
        "CREATE TRIGGER events_no_delete BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION solidarity_append_only()"
    )
    op.execute("DROP FUNCTION solidarity_rolled_up()")
