"""How many drafts there may be at a time: a flood of them neither fills the disk nor keeps everybody else waiting.

Nobody is counted by address here: whoever begins something takes one of the places, and gives it back by going on.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from scheduler.store import withdrawals
from scheduler.store.tables import submissions as of_submissions
from scheduler.submission import Stage, Submission

MOST = 2_000
"""Drafts altogether: each keeps a few hundred kilobytes for two hours."""

MOST_WAITING = {"photo": 300, "film": 30}
"""Files that wait to be made anew: what came in lies on the disk as large as it came, and is worked off in turn."""

IDLE = timedelta(minutes=20)
"""How long nobody has gone on with a draft that has to make room for others, should there be very many."""


def make_room(c: Connection, *, film: bool, now: datetime) -> list[Submission] | None:
    """Return the drafts that were dropped to make room for one more; None where there is no room."""
    if _count(c, waiting=True, film=film) >= MOST_WAITING["film" if film else "photo"]:
        return None
    if _count(c) < MOST:
        return []
    idle = withdrawals.stale_drafts(c, now - IDLE)
    drop(c, idle)
    return idle or None


def drop(c: Connection, found: Iterable[Submission]) -> None:
    """Remove drafts that nobody finished: nobody agreed to anything, so nothing is kept."""
    numbers = [one.id for one in found]
    c.execute(
        delete(of_submissions).where(of_submissions.c.id.in_(numbers), of_submissions.c.stage == str(Stage.draft))
    )


def _count(c: Connection, *, waiting: bool = False, film: bool = False) -> int:
    query = select(func.count()).where(of_submissions.c.stage == str(Stage.draft))
    if waiting:
        kind = of_submissions.c.mime.like("video/%")
        query = query.where(of_submissions.c.source != "", of_submissions.c.file == "", kind if film else ~kind)
    return int(c.execute(query).scalar_one())
