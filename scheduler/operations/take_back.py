"""A volunteer takes a photo or film back: from this step on nothing of it goes out, and what is out is taken down."""

import contextlib

from scheduler import erasure
from scheduler.app import App
from scheduler.errors import UsageError
from scheduler.store import Connection, controls, refused, submissions, withdrawals
from scheduler.submission import Stage, Submission, Whereabouts

_WHY = "taken back by whoever handed it in"


def take_back(app: App, ref: str, *, who: str) -> Submission:
    """Withdraw the consent, block everything that waits, want down what is out; then delete the files. Idempotent.

    One transaction does all that keeps it from going out. What is out is taken down by the daemon. A draft, to which
    nobody has agreed yet, ends in the same way.

    Raises:
        UsageError: there is no such submission.
    """
    with app.store.write() as c:
        submission = _found(c, ref)
        if submission.stage is not Stage.withdrawn:
            submission = _withdraw(c, app, submission, who=who)
    with contextlib.suppress(OSError):  # the daemon tries again
        erasure.finish(app, submission, why=_WHY)
        app.store.checkpoint()
    with app.store.read() as c:
        return submissions.by_id(c, submission.id)


def _withdraw(c: Connection, app: App, submission: Submission, *, who: str) -> Submission:
    now = app.clock.now()
    day = now.astimezone(app.workspace.timezone).date()
    controls.note(c, "take back", submission.ref, who=who, now=now)
    submissions.take_back(c, submission, day=day)
    refused.refuse(c, submission.file_hash, day=day)
    withdrawals.block(c, submission, why=_WHY, worker=app.worker, now=now)
    return submissions.forget(c, submission, to=Stage.withdrawn, now=now)


def whereabouts(app: App, ref: str) -> list[Whereabouts]:
    """Return where a submission's deliveries stand.

    Raises:
        UsageError: there is no such submission.
    """
    with app.store.read() as c:
        return submissions.whereabouts(c, _found(c, ref))


def _found(c: Connection, ref: str) -> Submission:
    found = submissions.find(c, ref=ref)
    if found is None:
        msg = f"{ref}: there is no such photo or film"
        raise UsageError(msg)
    return found
