"""A person's word: open an action that waits for it, or approve one delivery."""

from collections.abc import Collection

from scheduler.app import App
from scheduler.errors import UsageError, UserError
from scheduler.rules import waits_for_person
from scheduler.status import Status
from scheduler.store import Connection, Delivery, controls, deliveries


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


def approve(app: App, key: str, *, who: str) -> Delivery:
    """Approve one delivery as it stands; an edit afterwards voids the approval.

    Raises:
        UserError: there is no such delivery, or it doesn't wait for an approval.
    """
    now = app.clock.now()
    with app.store.write() as c:
        delivery = deliveries.named(c, key)
        if not delivery.needs_approval or delivery.status is not Status.held:
            msg = f"{key}: doesn't wait for an approval; it is {delivery.status}"
            raise UserError(msg)
        deliveries.set_columns(c, delivery, approved_hash=delivery.fingerprint)
        controls.note(c, "approve", f"{key} {delivery.fingerprint}", who=who, now=now)
        deliveries.record(c, delivery.id, "approved", f"by {who}", worker=app.worker, now=now)
        if delivery.hold == "approval":
            _free(c, app, deliveries.by_id(c, delivery.id))
        return deliveries.by_id(c, delivery.id)


def _free(c: Connection, app: App, delivery: Delivery) -> bool:
    """Let a held delivery go at its time, unless it waits for another person's word too."""
    approval = delivery.needs_approval and not delivery.approved
    release = delivery.needs_release and delivery.action not in controls.released(c)
    still = waits_for_person(delivery.key, delivery.action, approval=approval, release=release)
    if still is not None:
        deliveries.set_columns(c, delivery, hold=still.hold, reason=still.reason)
        return False
    return deliveries.move(
        c, delivery, Status.queued, worker=app.worker, now=app.clock.now(), detail="free to go", fenced=False
    )
