"""Stopping what a volunteer no longer wants, or never agreed to: steps inside a caller's transaction.

What hasn't left is cancelled; what may be out is wanted down; the words go once nothing needs them any more.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from scheduler.model import Content
from scheduler.status import IN_HAND, MOVES, Status
from scheduler.store import controls, deliveries, submissions
from scheduler.store.records import Delivery, to_json, to_micros
from scheduler.store.tables import consents, contributions, tasks
from scheduler.store.tables import deliveries as table
from scheduler.store.tables import submissions as of_submissions
from scheduler.submission import Stage, Submission

MAY_BE_OUT = frozenset({Status.sending, Status.unknown, Status.needs_human, Status.published})
"""Nobody can say of these that nothing of them is, or will be, seen."""

_BLANK = to_json(asdict(Content(text="", language="")))
_ENDED = tuple(str(stage) for stage in (Stage.withdrawn, Stage.expired, Stage.rejected))


def block(c: Connection, submission: Submission, *, why: str, worker: str, now: datetime) -> list[Delivery]:
    """Let nothing more of a submission go out, and want down what is or may be; return its deliveries as they were.

    From the commit of this transaction on no claim and no intent to send succeeds for any of them.
    """
    found = of(c, submission)
    for one in found:
        if one.status is not Status.withdrawn:
            _block(c, one, why=why, worker=worker, now=now)
    return found


def put_back(c: Connection, submission: Submission, *, worker: str, now: datetime) -> None:
    """Put back what was prepared of a submission that is looked at again, so that the queue can write it anew."""
    for one in of(c, submission):
        if one.status in IN_HAND:
            detail = "its photo or film is looked at again"
            deliveries.move(c, one, Status.queued, worker=worker, now=now, detail=detail, fenced=False, staged=None)


def of(c: Connection, submission: Submission) -> list[Delivery]:
    """Return a submission's deliveries."""
    return [deliveries.by_id(c, number) for number in submissions.delivery_ids(c, submission)]


def _block(c: Connection, one: Delivery, *, why: str, worker: str, now: datetime) -> None:
    if not one.withdraw_wanted:
        deliveries.record(c, one.id, "withdraw-wanted", why, worker=worker, now=now)
        deliveries.set_columns(c, one, withdraw_wanted=True, dropped=False)
        if one.status is Status.published:
            deliveries.set_columns(c, one, delays=0, next_look_at=None)  # taken down at once
    if one.status is Status.cancelled:
        deliveries.set_columns(c, one, cancelled_by="person")
    elif Status.cancelled in MOVES[one.status]:
        values: dict[str, Any] = {"reason": why, "fenced": False, "cancelled_by": "person"}
        deliveries.move(c, one, Status.cancelled, worker=worker, now=now, **values)
    elif one.status is Status.needs_human:
        ask_to_look(c, one, now=now)


def ask_to_look(c: Connection, one: Delivery, *, now: datetime) -> None:
    """Ask a person about what may be out, is wanted down and can't be found by the program."""
    what = f"look whether it is on {one.account}, take it down there, then say so: `solidarity resolve {one.key} …`"
    controls.add_task(c, one.id, what, now=now)


def ask_to_take_down(c: Connection, one: Delivery, why: str, *, now: datetime) -> None:
    """Ask a person to take down what the program couldn't; the task ends by itself when it is down after all."""
    links = [part.receipt.url or f"the post {part.receipt.remote_id}" for part in reversed(one.up)]
    where = ", ".join(links)
    controls.add_task(c, one.id, why or f"take it down by hand on {one.account}: {where}", now=now)


# ── what is kept of it ──────────────────────────────────────────────────────────────────────────────────


def unfinished(c: Connection) -> list[Submission]:
    """Return the ended submissions of which something is left that nothing needs any more, or that isn't blocked.

    That is what a kill in the middle, or a call that was on the wire, left behind.
    """
    return [submissions.by_id(c, number) for number in c.execute(_unfinished()).scalars()]


@cache
def _unfinished() -> Any:
    """Return the query for them: a daemon asks it again and again, and putting it together takes longer than asking."""
    wordy = or_(table.c.content != _BLANK, table.c.frozen.is_not(None), table.c.staged.is_not(None))
    open_end = or_(
        and_(table.c.status.not_in([str(status) for status in MAY_BE_OUT]), wordy),
        and_(table.c.status.in_([str(status) for status in MAY_BE_OUT]), table.c.withdraw_wanted.is_(False)),
    )
    left = (
        select(contributions.c.submission_id)
        .join_from(contributions, table, contributions.c.delivery_id == table.c.id)
        .join(of_submissions, of_submissions.c.id == contributions.c.submission_id)
        .where(of_submissions.c.stage.in_(_ENDED), open_end)
    )
    files = or_(*(of_submissions.c[name] != "" for name in submissions.FILES))
    gone = of_submissions.c.stage.in_([str(Stage.withdrawn), str(Stage.expired)])
    where = or_(of_submissions.c.id.in_(left), and_(gone, files))
    return select(of_submissions.c.id).where(where).order_by(of_submissions.c.id)


def blank(c: Connection, found: Iterable[Delivery]) -> None:
    """Drop the words and pictures of deliveries that are over, and what is made of them: nothing is looked for now."""
    for one in found:
        if deliveries.by_id(c, one.id).status not in MAY_BE_OUT:
            deliveries.set_columns(c, one, content=_BLANK, frozen=None, staged=None, remote_ids=None)


def settle(c: Connection, number: int) -> bool:
    """Drop the words of a delivery as soon as it is over, where its submission has ended; tell whether it was so."""
    ended = (
        select(of_submissions.c.stage)
        .join_from(contributions, of_submissions, contributions.c.submission_id == of_submissions.c.id)
        .where(contributions.c.delivery_id == number, of_submissions.c.stage.in_(_ENDED))
    )
    one = deliveries.by_id(c, number)
    if one.status in MAY_BE_OUT or c.execute(ended).first() is None:
        return False
    blank(c, [one])
    return True


# ── how long it is kept ─────────────────────────────────────────────────────────────────────────────────


def stale_drafts(c: Connection, before: datetime) -> list[Submission]:
    """Return the drafts that nobody has touched since `before`."""
    touched = of_submissions.c.touched_at
    return _those(c, of_submissions.c.stage == str(Stage.draft), or_(touched.is_(None), touched < to_micros(before)))


def undecided(c: Connection, before: date) -> list[Submission]:
    """Return what was handed in before a day and still waits for a decision."""
    return _those(c, of_submissions.c.stage == str(Stage.pending), of_submissions.c.day < before.isoformat())


def run_out(c: Connection, today: date) -> list[Submission]:
    """Return the submissions whose consent has run out by its own date, and that nobody has ended."""
    over = select(consents.c.submission_id).where(consents.c.expires_on < today.isoformat())
    alive = of_submissions.c.stage.in_([str(Stage.pending), str(Stage.approved)])
    return _those(c, alive, of_submissions.c.id.in_(over))


def long_rejected(c: Connection, before: datetime) -> list[Submission]:
    """Return the submissions rejected before `before` of which something is left."""
    left = or_(*(of_submissions.c[name] != "" for name in (*submissions.FILES, "message", "alt", "name", "contact")))
    return _those(
        c, of_submissions.c.stage == str(Stage.rejected), of_submissions.c.decided_at < to_micros(before), left
    )


def _those(c: Connection, *where: Any) -> list[Submission]:
    query = select(of_submissions.c.id).where(*where).order_by(of_submissions.c.id)
    return [submissions.by_id(c, number) for number in c.execute(query).scalars()]


def hashed(c: Connection, before: datetime) -> list[Submission]:
    """Return the submissions that ended before `before` whose picture's hash is still known."""
    ended = of_submissions.c.stage.in_(_ENDED)
    gone = and_(*(of_submissions.c[name] == "" for name in submissions.FILES))
    return _those(c, ended, gone, of_submissions.c.sha256 != "", of_submissions.c.touched_at < to_micros(before))


def settled_tasks(c: Connection) -> list[int]:
    """Return the deliveries with an open task that are down, or are proven never to have gone out."""
    return list(c.execute(_settled_tasks()).scalars())


@cache
def _settled_tasks() -> Any:
    never = and_(table.c.status == str(Status.cancelled), table.c.parts.is_(None))
    over = or_(table.c.status == str(Status.withdrawn), never)
    return select(tasks.c.delivery_id).join_from(tasks, table).where(tasks.c.done_at.is_(None), over).distinct()
