"""Housekeeping: what no one needs any more goes. Nothing here touches what is still to go out, or its history.

What volunteers handed in is kept for as long as docs/safety.md says, and no longer.
"""

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduler import erasure, rendering, renders, sharing
from scheduler.app import App
from scheduler.files import MachineError
from scheduler.store import Connection, StateError, claims, controls, drafts, rollup, staff, submissions, withdrawals
from scheduler.store.leases import is_gone
from scheduler.submission import Stage, Submission

_LOG = logging.getLogger(__name__)

DRAFT = timedelta(hours=2)
"""How long a draft is kept that nobody goes on with."""

UNDECIDED = timedelta(days=30)
"""How long a submission waits for the moderators."""

REJECTED = timedelta(days=7)
"""How long the picture of a rejected one is kept, should the decision have been a mistake."""

_QUIET = timedelta(minutes=1)  # in which nothing is due: nobody can write while a state is rewritten
_STRAY = timedelta(hours=1)
_SILENT = timedelta(days=1)
_TURN = timedelta(minutes=30)  # half of what lies between two of a daemon's own
_TIDIED = "tidied_at"  # the fact of the state that says when a daemon last took its turn
_REWRITTEN = "rewritten_at"  # the fact of the state that says when it was last written anew
_REWRITE_EVERY = timedelta(minutes=50)  # less than what lies between two turns; cron may come every minute
_TURNS = 100  # of the roll-up an hour, some 50,000 steps: more than a year's backlog of a campaign is done in a day


def takes_turn(app: App) -> bool:
    """Tell whether it is this daemon's turn to do what one of all does for all; then it is, for half an hour."""
    now = app.clock.now()
    with app.store.write() as c:
        last = controls.get_meta(c, _TIDIED)
        if last is not None and timedelta() <= now - datetime.fromisoformat(last) < _TURN:
            return False
        controls.set_meta(c, _TIDIED, now.isoformat())
    return True


def tidy(app: App, *, chores: bool = True) -> int:
    """Drop what has been kept for long enough, and shorten the write-ahead log.

    That is: old renders, the signs of life of daemons that are gone, sessions and invitations that have ended, drafts
    that nobody goes on with, what nobody decided on, what was rejected, what had a consent only until now, files that
    nothing belongs to, and what repeats itself in the history of what ended long ago. Returns how many files of no one
    were dropped.
    """
    now = app.clock.now()
    if chores:
        _forget_who_is_gone(app)
        _drop_drafts(app)
        _end(app)
        _roll_up(app)
    erasure.sweep(app)
    erasure.last_look(app, before=now - _STRAY)
    strays = erasure.strays(app, before=(now - _STRAY).timestamp())
    _leave_no_words(app)
    with _said("the copies of files can't be looked after"):
        sharing.lighten(app)
    oldest = (now - renders.KEPT).timestamp()
    return strays + sum(erasure.drop(file, oldest) for file in (app.workspace.var / "rendered").glob("*"))


def _forget_who_is_gone(app: App) -> None:
    now = app.clock.now()
    with app.store.write() as c:
        for worker, at in controls.beats(c).items():
            if is_gone(worker) or now - at > _SILENT:
                controls.forget_worker(c, worker)
        staff.drop_old_sessions(c, now)


def _roll_up(app: App) -> None:
    """Condense the history of what ended long ago, a little at a time: nothing that is due waits for it."""
    for _ in range(_TURNS):
        with app.store.write() as c:
            if rollup.roll_up(c, worker=app.worker, now=app.clock.now()) is None:
                return


def _drop_drafts(app: App) -> None:
    """Drop the drafts that nobody goes on with: nobody agreed to anything, so nothing is kept."""
    before = app.clock.now() - DRAFT
    with app.store.write() as c:
        found = withdrawals.stale_drafts(c, before)
        drafts.drop(c, found)
    with _said("what was made of a draft can't be deleted"):
        rendering.forget([], app.workspace, made_of=[one.sha256 for one in found])
    for one in found:
        with contextlib.suppress(OSError):  # what is left belongs to nothing, and goes as such
            erasure.delete_here(app, erasure.names(one))


def _leave_no_words(app: App) -> None:
    """Let what was deleted be gone from the state's file, whole; when something is due soon that waits an hour."""
    now = app.clock.now()
    with app.store.read() as c:
        moment = claims.next_moment(c, now=now, ahead=app.workspace.stage_ahead)
        last = controls.get_meta(c, _REWRITTEN)
    quiet = moment is None or moment > now + _QUIET
    if quiet and (last is None or not timedelta() <= now - datetime.fromisoformat(last) < _REWRITE_EVERY):
        with app.store.write() as c:
            controls.set_meta(c, _REWRITTEN, now.isoformat())
        try:
            app.store.rewrite()
        except StateError as error:  # a full disk, say: all that is wanted of the state goes on
            _LOG.error("the state can't be written anew: %s", error)
    app.store.checkpoint()


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    """Go on where the storage that machines share doesn't answer: it is tried again in an hour."""
    try:
        yield
    except MachineError as error:
        _LOG.error("%s: %s", what, error)


def _end(app: App) -> None:
    """End what nobody decided on in time, and what had a consent only until now; empty what was rejected."""
    now = app.clock.now()
    with app.store.write() as c:
        for one in withdrawals.run_out(c, now.date()):
            _expire(c, app, one, "its consent has run out")
        for one in withdrawals.undecided(c, (now - UNDECIDED).date()):
            _expire(c, app, one, "nobody decided in time")
        rejected = [
            submissions.forget(c, one, to=Stage.rejected, now=now)
            for one in withdrawals.long_rejected(c, now - REJECTED)
        ]
    for one in rejected:
        with contextlib.suppress(OSError):
            erasure.finish(app, one, why="rejected by a moderator", whatever=True)


def _expire(c: Connection, app: App, one: Submission, why: str) -> None:
    now = app.clock.now()
    controls.note(c, "expire submission", f"{one.ref}: {why}", who="solidarity", now=now)
    withdrawals.block(c, one, why=why, worker=app.worker, now=now)
    submissions.forget(c, one, to=Stage.expired, now=now)
