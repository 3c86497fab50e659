"""What belonged to a submission that is over goes: its files, what was made of them, and its words in the queue.

Stands beside the operations that end a submission; each step can be done again, so what a kill left is finished.
"""

import errno
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from scheduler import blobs, rendering, renders
from scheduler.app import App
from scheduler.files import MachineError
from scheduler.store import Delivery, controls, held, submissions, withdrawals
from scheduler.submission import Stage, Submission

_LOG = logging.getLogger(__name__)
_GONE = frozenset({Stage.withdrawn, Stage.expired})
_ENDED = _GONE | {Stage.rejected}
_SAY_AGAIN = timedelta(minutes=5)
_said: dict[str, datetime] = {}  # by submission: when it was last said that a file can't be deleted

PLACE = "private files"
"""The fact of the state that says in which storage the machines keep their files."""


def other_place(where: str) -> str:
    """Return what to say where config.yaml names another storage than the one that has the files."""
    return f"the private files lie in {where}, which config.yaml no longer names: name it there again"


def uploads(app: App) -> Path:
    """Return where the files of submissions lie."""
    return app.workspace.var / "uploads"


def names(submission: Submission) -> list[str]:
    """Return the names of a submission's files."""
    return [name for column in submissions.FILES if (name := getattr(submission, column))]


def finish(app: App, submission: Submission, *, why: str, whatever: bool = False) -> None:
    """Delete the files of an ended submission, then forget their names and what the queue still says of it.

    What it is, the state says: one that was put back meanwhile may still go out, and is left as it is. Of one that has
    ended nothing may, whatever its deliveries are at, so that its files needn't wait for them.

    Args:
        app: the workspace.
        submission: an ended one; a rejected one keeps its files for a while.
        why: of what is blocked now because it was on the wire when the submission ended.
        whatever: delete the files of a rejected one too.

    Raises:
        OSError: a file can't be deleted, here or in the storage; its name is kept, so that it is tried again.
    """
    with app.store.read() as c:
        submission = submissions.by_id(c, submission.id)
        found = withdrawals.of(c, submission)
        where = controls.get_meta(c, PLACE)
    if submission.stage not in _ENDED:
        return
    files = whatever or submission.stage in _GONE
    if files:
        delete_here(app, names(submission))
    with _answering():
        rendering.forget(found, app.workspace, made_of=[submission.sha256])
        if where not in {None, blobs.place(app.workspace)}:
            raise MachineError(other_place(str(where)))
        if files:
            _delete_there(app, names(submission))
    now = app.clock.now()
    with app.store.write() as c:
        current = submissions.by_id(c, submission.id)
        if current.stage not in _ENDED:
            return
        withdrawals.blank(c, withdrawals.block(c, current, why=why, worker=app.worker, now=now))
        if files and names(current):
            submissions.forget_files(c, current)


def delete_old(app: App, files: Iterable[str], found: Iterable[Delivery], sha256: str) -> None:
    """Delete what a picture was before it was covered, and what was made of it.

    What a storage can't delete now is a stray there, and goes as such.

    Raises:
        OSError: a file can't be deleted here.
    """
    files = list(files)
    delete_here(app, files)
    try:
        rendering.forget(found, app.workspace, made_of=[sha256])
        _delete_there(app, files)
    except MachineError as error:
        _LOG.error("what was covered lies uncovered in the storage, and will be deleted: %s", error)


def delete_here(app: App, files: Iterable[str]) -> None:
    """Delete files of submissions from this machine; one that isn't there is deleted. Raises OSError."""
    for name in files:
        (uploads(app) / name).unlink(missing_ok=True)


def _delete_there(app: App, files: Iterable[str]) -> None:
    for name in files:
        blobs.delete(app.workspace, f"{blobs.UPLOADS}/{name}")


@contextmanager
def _answering() -> Iterator[None]:
    """Raise what goes wrong with the storage as what goes wrong with a disk: it is kept in mind in the same way."""
    try:
        yield
    except MachineError as error:
        said = str(error)
    else:
        return
    raise ConnectionError(errno.EHOSTUNREACH, said)


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
            _said.pop(submission.ref, None)
        except OSError as error:
            now = app.clock.now()
            if now - _said.get(submission.ref, now - _SAY_AGAIN) >= _SAY_AGAIN:
                _said[submission.ref] = now
                _LOG.error("a file of %s, which is over, can't be deleted: %s", submission.ref, error.strerror)
    if done:
        app.store.checkpoint()  # what was deleted stands in the log until then
    return done > 0


def last_look(app: App, *, before: datetime) -> None:
    """Look once more for what was rendered of submissions that ended before `before`, by a worker that was at it.

    Whichever machine looks first forgets their hashes for all. So each looks at its own too: what is a volunteer's and
    made of nothing that is still theirs to show goes.
    """
    with app.store.read() as c:
        found = withdrawals.hashed(c, before)
        ended, alive = held.hashes(c, *_ENDED), held.hashes(c, *(set(Stage) - _ENDED))
    renders.forget_here(app.workspace, ended=ended, alive=alive)
    if not found:
        return
    try:
        rendering.forget([], app.workspace, made_of=[one.sha256 for one in found])
    except MachineError as error:  # the hashes are kept, so that it is tried again
        _LOG.error("what was made of pictures that are over can't be deleted: %s", error)
        return
    with app.store.write() as c:
        for one in found:
            submissions.forget_hash(c, submissions.by_id(c, one.id))


def strays(app: App, *, before: float) -> int:
    """Delete the files under var/uploads that no submission names, not changed since `before` (epoch seconds)."""
    with app.store.read() as c:
        known = submissions.files_named(c)
    return sum(drop(file, before) for file in uploads(app).glob("*") if file.name not in known)


def drop(file: Path, before: float, *, whatever: bool = False) -> bool:
    """Delete a file that wasn't changed since `before`, or `whatever`; what can't be deleted goes next time."""
    try:
        if not whatever and file.stat().st_mtime >= before:
            return False
        file.unlink()
    except OSError:
        return False
    return True
