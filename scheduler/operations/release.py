"""A person's word: open an action that waits for it, or approve one delivery."""

from collections.abc import Collection
from dataclasses import replace

from scheduler import moderation, posts
from scheduler.app import App
from scheduler.errors import UsageError, UserError
from scheduler.model import Action
from scheduler.rules import waits_for_person
from scheduler.status import Status
from scheduler.store import Connection, Delivery, consented, controls, deliveries, staff, submissions
from scheduler.submission import May, Stage


def release(app: App, action: str, *, who: str, declared: Collection[str] = ()) -> int:
    """Open an action; return how many of its deliveries are free to go at their times now.

    `declared`: the actions whose files say that they wait for a release, queued or not.

    Raises:
        UserError: no queued action of that name waits for a release.
    """
    now = app.clock.now()
    with app.store.write() as c:
        found = [one for one in deliveries.in_status(c) if one.action == action]
        if not found and action not in declared:
            msg = f"{action}: no action of that name is in the queue: `solidarity queue` puts its posts there"
            raise UsageError(msg)
        waiting = [one for one in found if one.needs_release]
        if not waiting and action not in declared:
            msg = f"{action}: goes without a release; only an action with `release: manual` waits for one"
            raise UserError(msg)
        if controls.release(c, action, now=now):
            controls.note(c, "release", action, who=who, now=now)
        held = [one for one in waiting if one.status is Status.held and one.hold == "release"]
        return sum(_free(c, app, one) for one in held)


def approve(app: App, key: str, *, who: str, seen: str = "", user: int | None = None) -> Delivery:
    """Approve one delivery as it stands; an edit afterwards voids the approval.

    A volunteer's photo or film comes here when its caption or time was changed after the moderators' yes. Where it
    takes two of them, it takes two here as well: the first yes is kept, and the delivery stays held.

    Args:
        app: the parts.
        key: the delivery's.
        who: the person, for the audit.
        seen: the fingerprint of what the person looked at, where that may be another by now.
        user: the database's id of the person, where they have signed in.

    Raises:
        UserError: there is no such delivery, it doesn't wait for an approval, it has changed since, or this person
            can't approve it.
    """
    now = app.clock.now()
    actions = _actions(app, key)
    with app.store.write() as c:
        delivery = deliveries.named(c, key)
        if not delivery.needs_approval or delivery.status is not Status.held:
            msg = f"{key}: doesn't wait for an approval; it is {delivery.status}"
            raise UserError(msg)
        if seen and seen != delivery.fingerprint:
            msg = f"{key}: was changed after you opened it: look at it again, then approve"
            raise UserError(msg)
        controls.note(c, "approve", f"{key} {delivery.fingerprint}", who=who, now=now)
        if delivery.from_submission and not _enough(c, app, delivery, actions.get(delivery.action), user):
            deliveries.record(c, delivery.id, "approved", f"by {who}, the first of two", worker=app.worker, now=now)
            return deliveries.by_id(c, delivery.id)
        deliveries.set_columns(c, delivery, approved_hash=delivery.fingerprint)
        deliveries.record(c, delivery.id, "approved", f"by {who}", worker=app.worker, now=now)
        if delivery.hold == "approval":
            _free(c, app, deliveries.by_id(c, delivery.id))
        return deliveries.by_id(c, delivery.id)


def _actions(app: App, key: str) -> dict[str, Action]:
    """Return what the files say, where a delivery shows a volunteer's picture: their risk counts."""
    with app.store.read() as c:
        found = deliveries.by_key(c, key)
    if found is None or not found.from_submission:
        return {}
    loaded = posts.load(app.workspace, now=app.clock.now())
    return {action.key: action for action in (*loaded.drafts, *loaded.actions)}


def _enough(c: Connection, app: App, delivery: Delivery, action: Action | None, user: int | None) -> bool:
    """Tell whether enough people have said yes to a volunteer's picture as it is to go out, this one included."""
    standing, number = consented.standing(c, delivery), consented.linked_to(c, delivery.id)
    if number is None or standing is None or standing.stage != Stage.approved or not standing.enough:
        msg = f"{delivery.key}: the moderators have to decide on its photo or film first"
        raise UserError(msg)
    submission = submissions.by_id(c, number)
    if user is not None and user == submission.uploaded_by:
        msg = f"{delivery.key}: you handed it in yourself: somebody else has to approve it"
        raise UserError(msg)
    needs = moderation.needs(submission, action)
    if needs == 1:
        return True
    person = None if user is None else staff.user_by_id(c, user)
    if person is None or not person.may(May.moderate):
        msg = f"{delivery.key}: two moderators have to look at it, each signed in on the staff's pages"
        raise UserError(msg)
    what = replace(submission, content_hash=delivery.fingerprint)
    submissions.approve(c, what, user=person.id, now=app.clock.now())
    return consented.yeses_to(c, submission.id, delivery.fingerprint) >= needs


def _free(c: Connection, app: App, delivery: Delivery) -> bool:
    """Let a held delivery go at its time, unless it waits for another person's word too."""
    approval = delivery.needs_approval and not delivery.approved
    release = delivery.needs_release and delivery.action not in controls.released(c)
    still = waits_for_person(
        delivery.key, delivery.action, approval=approval, release=release, submission=delivery.from_submission
    )
    if still is not None:
        deliveries.set_columns(c, delivery, hold=still.hold, reason=still.reason)
        return False
    return deliveries.move(
        c, delivery, Status.queued, worker=app.worker, now=app.clock.now(), detail="free to go", fenced=False
    )
