"""A person settles a delivery whose outcome the network couldn't tell."""

from scheduler import app as parts
from scheduler.app import App
from scheduler.errors import UserError
from scheduler.model import Receipt
from scheduler.publishers.base import Publisher
from scheduler.status import Status
from scheduler.store import Delivery, controls, deliveries


def resolve(app: App, key: str, *, url: str | None, who: str) -> Delivery:
    """File a person's word: published at `url`, or (None) not published, and then it goes. Of a thread: this part.

    Raises:
        UserError: there is no such delivery, its outcome is known, or the link is none.
    """
    now = app.clock.now()
    with app.store.write() as c:
        delivery = deliveries.named(c, key)
        if delivery.status not in {Status.unknown, Status.needs_human}:
            msg = f"{key}: its outcome is known: {delivery.status}; `solidarity status` lists what waits for a person"
            raise UserError(msg)
        if url is None:
            deliveries.move(
                c,
                delivery,
                Status.queued,
                worker=app.worker,
                now=now,
                detail=f"not published, says {who}",
                fenced=False,
                late_accepted=True,
                next_look_at=None,
            )
        else:
            remote_id, link = _publisher(app, delivery).remote_id(url)
            receipt = Receipt(remote_id=remote_id, url=link, published_at=delivery.sending_at or now)
            detail = f"published, says {who}: {url}"
            deliveries.file_receipt(c, delivery, receipt, worker=app.worker, now=now, detail=detail, looked=True)
            deliveries.set_columns(c, delivery, late_accepted=True)  # what follows of a thread goes on by this word
        if deliveries.by_id(c, delivery.id).parts:  # nothing is left to look for; what is out is taken down by itself
            controls.end_tasks(c, [delivery.id], now=now)
        controls.note(c, "resolve", f"{key} {url or 'not published'}", who=who, now=now)
        return deliveries.by_id(c, delivery.id)


def _publisher(app: App, delivery: Delivery) -> Publisher:
    """Return the account's publisher; one without its secrets can still read a link."""
    try:
        return app.publisher(delivery.account)
    except UserError:
        return parts.pure_publisher(app.workspace.accounts[delivery.account], app.workspace)
