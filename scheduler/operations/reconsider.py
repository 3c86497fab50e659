"""Take an approval back while nothing has gone out: it waits for the moderators again, and its slot is free."""

from scheduler import moderation
from scheduler.app import App
from scheduler.errors import UsageError, UserError
from scheduler.store import controls, submissions, withdrawals
from scheduler.submission import May, Stage, Submission, User


def reconsider(app: App, ref: str, *, user: User, seen: str) -> Submission:
    """Let an approved submission wait for a decision again; nothing of it goes out until then.

    `seen`: the content hash on the moderator's screen.

    Raises:
        UserError: it isn't approved, has changed, or is out.
    """
    now = app.clock.now()
    with app.store.write() as c:
        found = submissions.find(c, ref=ref)
        if found is None:
            msg = f"{ref}: there is no such photo or film"
            raise UsageError(msg)
        if not user.may(May.moderate) or found.uploaded_by == user.id:
            raise UserError(moderation.OWN if user.may(May.moderate) else moderation.NO_MODERATOR)
        if found.stage is not Stage.approved or found.content_hash != seen:
            raise UserError("It was changed meanwhile: look at it again.")
        if any(one.status in withdrawals.MAY_BE_OUT for one in withdrawals.of(c, found)):
            raise UserError("It is out, or on its way out: take it down first.")
        withdrawals.put_back(c, found, worker=app.worker, now=now)
        no_slot = {"placing": None, "post": "", "occurrence": "", "due_at": None}
        changed = submissions.change(c, found, to=Stage.pending, decided_at=None, not_before=None, **no_slot)
        controls.note(c, "reconsider submission", f"{ref} {changed.content_hash}", who=user.name, now=now)
        return changed
