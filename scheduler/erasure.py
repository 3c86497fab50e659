"""What belonged to a submission that is over goes: its files, what was made of them, and its words in the queue.

Stands beside the operations that end a submission; each step can be done again, so what a kill left is finished.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from scheduler import rendering
from scheduler.app import App
from scheduler.store import submissions, withdrawals
from scheduler.submission import Stage, Submission

_LOG = logging.getLogger(__name__)
_GONE = frozenset({Stage.withdrawn, Stage.expired})


def uploads(app: App) -> Path:
    """Return where the files of submissions lie."""
    return app.workspace.var / "uploads"


def names(submission: Submission) -> list[str]:
    """Return the names of a submission's files."""
    return [name for column in submissions.FILES if (name := getattr(submission, column))]


def finish(app: App, submission: Submission, *, why: str, whatever: bool = False) -> None:
    """Delete the files of an ended submission, then forget their names and what the queue still says of it.

    Args:
        app: the workspace.
        submission: an ended one; a rejected one keeps its files for a while.
        why: of what is blocked now because it was on the wire when the submission ended.
        whatever: delete the files of a rejected one too.
    """
    files = whatever or submission.stage in _GONE
    with app.store.read() as c:
        found = withdrawals.of(c, submission)
    if files:
        delete(app, names(submission))
    rendering.forget(found, app.workspace, made_of=[submission.sha256])
    now = app.clock.now()
    with app.store.write() as c:
        current = submissions.by_id(c, submission.id)
        withdrawals.blank(c, withdrawals.block(c, current, why=why, worker=app.worker, now=now))
        if files and names(current):
            submissions.forget_files(c, current)


def delete(app: App, files: Iterable[str]) -> None:
    """Delete files of submissions; one that isn't there is deleted.

    Raises:
        OSError: one can't be deleted; its name is kept, so that it is tried again.
    """
    for name in files:
        (uploads(app) / name).unlink(missing_ok=True)


def sweep(app: App) -> bool:
    """Finish what a kill, or a call on the wire, left of ended submissions; tell whether anything was done.

    A file that can't be deleted keeps neither the others nor what is due from their way: it is tried again.
    """
    with app.store.read() as c:
        found = withdrawals.unfinished(c)
    done = 0
    for submission in found:
        why = "taken back" if submission.stage is Stage.withdrawn else str(submission.stage)
        try:
            finish(app, submission, why=why)
            done += 1
        except OSError as error:
            _LOG.error("a file of %s, which is over, can't be deleted: %s", submission.ref, error.strerror)
    if done:
        app.store.checkpoint()  # what was deleted stands in the log until then
    return done > 0


def last_look(app: App, *, before: datetime) -> None:
    """Look once more for what was rendered of submissions that ended before `before`, by a worker that was at it."""
    with app.store.read() as c:
        found = withdrawals.hashed(c, before)
    if not found:
        return
    rendering.forget([], app.workspace, made_of=[one.sha256 for one in found])
    with app.store.write() as c:
        for one in found:
            submissions.forget_hash(c, submissions.by_id(c, one.id))


def strays(app: App, *, before: float) -> int:
    """Delete the files under var/uploads that no submission names, not changed since `before` (epoch seconds)."""
    with app.store.read() as c:
        known = submissions.files_named(c)
    return sum(drop(file, before) for file in uploads(app).glob("*") if file.name not in known)


def drop(file: Path, before: float) -> bool:
    """Delete a file that wasn't changed since `before`; what can't be deleted goes next time."""
    try:
        if file.stat().st_mtime >= before:
            return False
        file.unlink()
    except OSError:
        return False
    return True
