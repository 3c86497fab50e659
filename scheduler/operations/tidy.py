"""Housekeeping: what no one needs any more goes. Nothing here touches what is still to go out, or its history.

What volunteers handed in is kept for as long as docs/safety.md says, and no longer.
"""

import contextlib
from datetime import timedelta

from scheduler import erasure, rendering
from scheduler.app import App
from scheduler.store import Connection, controls, staff, submissions, withdrawals
from scheduler.store.leases import is_gone
from scheduler.submission import Stage, Submission

KEPT = timedelta(days=30)
"""How long a rendered picture is kept after it was last made; it is rendered again whenever it is needed."""

DRAFT = timedelta(hours=2)
"""How long a draft is kept that nobody goes on with."""

UNDECIDED = timedelta(days=30)
"""How long a submission waits for the moderators."""

REJECTED = timedelta(days=7)
"""How long the picture of a rejected one is kept, should the decision have been a mistake."""

_STRAY = timedelta(hours=1)
_SILENT = timedelta(days=1)


def tidy(app: App) -> int:
    """Drop what has been kept for long enough, and shorten the write-ahead log.

    That is: old renders, the signs of life of daemons that are gone, sessions and invitations that have ended, drafts
    that nobody goes on with, what nobody decided on, what was rejected, what had a consent only until now, and files
    that nothing belongs to. Returns how many files of no one were dropped.
    """
    now = app.clock.now()
    with app.store.write() as c:
        for worker, at in controls.beats(c).items():
            if is_gone(worker) or now - at > _SILENT:
                controls.forget_worker(c, worker)
        staff.drop_old_sessions(c, now)
    _drop_drafts(app)
    _end(app)
    erasure.sweep(app)
    erasure.last_look(app, before=now - _STRAY)
    strays = erasure.strays(app, before=(now - _STRAY).timestamp())
    app.store.checkpoint()
    oldest = (now - KEPT).timestamp()
    return strays + sum(erasure.drop(file, oldest) for file in (app.workspace.var / "rendered").glob("*"))


def _drop_drafts(app: App) -> None:
    """Drop the drafts that nobody goes on with: nobody agreed to anything, so nothing is kept."""
    before = app.clock.now() - DRAFT
    with app.store.write() as c:
        found = withdrawals.stale_drafts(c, before)
        submissions.drop_drafts(c, [one.id for one in found])
    rendering.forget([], app.workspace, made_of=[one.sha256 for one in found])
    for one in found:
        with contextlib.suppress(OSError):  # what is left belongs to nothing, and goes as such
            erasure.delete(app, erasure.names(one))


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
