"""Put a delivery back that failed, was missed, cancelled or held for being late; a person's decision."""

from scheduler import followed
from scheduler.app import App
from scheduler.errors import UserError
from scheduler.status import Status
from scheduler.store import Delivery, controls, deliveries

_CURES = {
    Status.queued: "it waits for its time already",
    Status.claimed: "it is on its way already",
    Status.staged: "it is on its way already",
    Status.sending: "it is being sent",
    Status.published: "it is out already",
    Status.unknown: "it may be out already and is being looked up: it is never sent again on a guess",
    Status.needs_human: (
        "it may be out already: look at the account, then `solidarity resolve {key} --published URL` "
        "or `--not-published`"
    ),
    Status.withdrawn: "it was taken down, and what was withdrawn never goes out again",
}
_HOLD_CURES = {
    "release": "its action waits for a release: `solidarity release {action}`",
    "approval": "it waits for an approval: `solidarity approve {key}`",
    "consent": "{reason}",
    "pause": "it is paused: `solidarity resume` first",
    "account": "its account is held: mend the account, then `solidarity resume --account {account}`",
}


def retry(app: App, key: str, *, who: str) -> Delivery:
    """Put a delivery back into the queue, late or not.

    Raises:
        UserError: there is no such delivery, or it may not go (again), with the reason and the cure.
    """
    now = app.clock.now()
    with app.store.write() as c:
        delivery = deliveries.named(c, key)
        if delivery.status is Status.queued and delivery.not_before is not None:
            deliveries.set_columns(c, delivery, not_before=None, delays=0)  # the network is asked again at once
            controls.note(c, "retry", key, who=who, now=now)
            return deliveries.by_id(c, delivery.id)
        refusal = _refusal(delivery)
        if delivery.closes_at is not None and delivery.closes_at <= now:
            refusal = "its action has closed: give the action a later `closes`, then `solidarity queue`"
        if refusal:
            facts = {"action": delivery.action, "account": delivery.account, "reason": delivery.reason}
            msg = f"{key}: {refusal.format(key=key, **facts)}"
            raise UserError(msg)
        deliveries.move(
            c,
            delivery,
            Status.queued,
            worker=app.worker,
            now=now,
            detail=f"put back by {who}" + (f", from part {delivery.part}" if delivery.parts else ""),
            fenced=False,
            late_accepted=True,
            not_before=None,
            delays=0,
            cancelled_by=None,
        )
        followed.forget(c)  # it may have gone from its file
        controls.note(c, "retry", key, who=who, now=now)
        return deliveries.by_id(c, delivery.id)


def _refusal(delivery: Delivery) -> str:
    if delivery.withdraw_wanted:
        return _CURES[Status.withdrawn]
    if delivery.status is Status.held:
        return _HOLD_CURES.get(delivery.hold, "")
    return _CURES.get(delivery.status, "")
