"""Take a waiting delivery out; it stays out, whatever its file says."""

from scheduler.app import App
from scheduler.errors import UserError
from scheduler.status import MOVES, Status
from scheduler.store import Delivery, controls, deliveries

_CURES = {
    Status.sending: "it is leaving at this moment: `solidarity withdraw {key}` takes it down as soon as it is out",
    Status.unknown: "it may be out: `solidarity withdraw {key}` takes it down as soon as it is found",
    Status.needs_human: "it may be out: look at the account, then `solidarity resolve {key} …`",
    Status.published: "it is out: `solidarity withdraw {key}` takes it down",
    Status.withdrawn: "it was taken down already",
    Status.cancelled: "it is cancelled already",
}


def cancel(app: App, key: str, *, who: str) -> Delivery:
    """Cancel a delivery that has not left; from this moment it doesn't.

    Raises:
        UserError: there is no such delivery, or it has left, with the cure.
    """
    now = app.clock.now()
    with app.store.write() as c:
        delivery = deliveries.named(c, key)
        if Status.cancelled not in MOVES[delivery.status]:
            msg = f"{key}: {_CURES[delivery.status].format(key=key)}"
            raise UserError(msg)
        reason = f"cancelled by {who}"
        deliveries.move(
            c,
            delivery,
            Status.cancelled,
            worker=app.worker,
            now=now,
            reason=reason,
            fenced=False,
            cancelled_by="person",
        )
        controls.note(c, "cancel", key, who=who, now=now)
        return deliveries.by_id(c, delivery.id)
