"""What a daemon asks again and again: each statement is put together once, for that takes longer than asking."""

from sqlalchemy import TextualSelect, and_, bindparam, insert, or_, select, text

from scheduler.status import Status
from scheduler.store.tables import deliveries as table
from scheduler.store.tables import events

BY_ID = select(table).where(table.c.id == bindparam("id"))
BY_ID_ALONE = BY_ID.with_for_update()
BY_KEY = select(table).where(table.c.key == bindparam("key"))
ALL = select(table).order_by(table.c.due_at, table.c.key)
LEASED = select(table).where(table.c.lease_owner.is_not(None))
HELD_FOR = (
    select(table)
    .where(table.c.status == str(Status.held), table.c.hold == bindparam("hold"))
    .order_by(table.c.due_at, table.c.id)
)
PAST_WINDOW = (
    select(table)
    .where(table.c.status.in_([str(Status.queued), str(Status.held), str(Status.staged)]))
    .where(table.c.lease_owner.is_(None), table.c.closes_at <= bindparam("now"))
    .limit(500)
)
TO_LOOK_UP = (
    select(table)
    .where(table.c.status == str(Status.unknown), table.c.lease_owner.is_(None))
    .where(or_(table.c.next_look_at.is_(None), table.c.next_look_at <= bindparam("now")))
    .limit(100)
)
_ENDED = table.c.status.in_([str(status) for status in (Status.cancelled, Status.unknown, Status.needs_human)])
WANTED_DOWN = select(table).where(
    table.c.withdraw_wanted, or_(table.c.status == str(Status.published), and_(_ENDED, table.c.parts.is_not(None)))
)
RECORD = insert(events)
COLUMNS = ", ".join(table.c.keys())


def rows(statement: str) -> TextualSelect:
    """Return a statement that gives whole deliveries: its COLUMNS, named, so that none has to be looked up by row."""
    return text(statement).columns(*table.c)


BLOCKED_BY_PAUSE = rows(
    f"""SELECT {COLUMNS} FROM deliveries d WHERE d.lease_owner IS NULL AND d.status IN ('queued', 'staged')
    AND d.due_at <= :now AND EXISTS (SELECT 1 FROM pauses p WHERE p.scope = 'all'
    OR (p.scope = 'action' AND p.name = d.action) OR (p.scope = 'account' AND p.name = d.account))
    ORDER BY d.due_at, d.id LIMIT 500"""  # noqa: S608 - of the names of columns
)
