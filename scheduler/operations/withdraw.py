"""Want a post gone: take it out while it waits, take it down where it is out, and never send it again."""

from scheduler.app import App
from scheduler.errors import UserError
from scheduler.status import MOVES, Status
from scheduler.store import Delivery, controls, deliveries, withdrawals


def withdraw(app: App, key: str, *, who: str) -> Delivery:
    """Note that a post must not be out. The daemon, or the caller by `recover.take_down`, takes it down.

    What hasn't left is cancelled in this very step; what may be out is taken down as soon as it is found. Of a thread
    the rest is cancelled, and every part that is out is taken down.

    Raises:
        UserError: there is no such delivery, or it is down already.
    """
    now = app.clock.now()
    with app.store.write() as c:
        delivery = deliveries.named(c, key)
        if delivery.status is Status.withdrawn:
            msg = f"{key}: it was taken down already"
            raise UserError(msg)
        controls.note(c, "withdraw", key, who=who, now=now)
        deliveries.record(c, delivery.id, "withdraw-wanted", f"by {who}", worker=app.worker, now=now)
        deliveries.set_columns(c, delivery, withdraw_wanted=True)
        if delivery.status is Status.published or delivery.up:
            deliveries.set_columns(c, delivery, delays=0, next_look_at=None)  # at once, however often it failed before
        if delivery.status is Status.needs_human:
            withdrawals.ask_to_look(c, delivery, now=now)
        if delivery.status is Status.cancelled:  # its file may bring it back; a person's word may not be overruled
            deliveries.set_columns(c, delivery, cancelled_by="person")
        if Status.cancelled in MOVES[delivery.status]:
            deliveries.move(
                c,
                delivery,
                Status.cancelled,
                worker=app.worker,
                now=now,
                reason=f"withdrawn by {who} before {'all of it' if delivery.parts else 'it'} went",
                fenced=False,
                cancelled_by="person",
            )
        return deliveries.by_id(c, delivery.id)
