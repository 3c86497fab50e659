"""A person settles a delivery whose outcome the network couldn't tell."""

from urllib.parse import urlsplit

from scheduler.app import App
from scheduler.errors import UsageError, UserError
from scheduler.model import Receipt, Status
from scheduler.store import Connection, Delivery, controls, deliveries


def resolve(app: App, key: str, *, url: str | None, who: str) -> Delivery:
    """File a person's word: published at `url`, or (None) not published, and then it goes.

    Raises:
        UserError: there is no such delivery, its outcome is known, or the link is none.
    """
    now = app.clock.now()
    with app.store.write() as c:
        delivery = deliveries.by_key(c, key)
        if delivery is None:
            msg = f"{key}: no delivery of that name; `solidarity status` lists them"
            raise UsageError(msg)
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
            if delivery.withdraw_wanted:
                _drop(c, app, deliveries.by_id(c, delivery.id))
        else:
            receipt = Receipt(remote_id=_remote_id(url), url=url, published_at=delivery.sending_at or now)
            detail = f"published, says {who}: {url}"
            deliveries.file_receipt(c, delivery, receipt, worker=app.worker, now=now, detail=detail)
        controls.note(c, "resolve", f"{key} {url or 'not published'}", who=who, now=now)
        return deliveries.by_id(c, delivery.id)


def _drop(c: Connection, app: App, delivery: Delivery) -> None:
    """Take out what a person had withdrawn while nobody knew whether it was out."""
    reason = "withdrawn before it went"
    now = app.clock.now()
    deliveries.move(
        c, delivery, Status.cancelled, worker=app.worker, now=now, reason=reason, fenced=False, cancelled_by="person"
    )


def _remote_id(url: str) -> str:
    parts = urlsplit(url)
    name = parts.path.rstrip("/").rpartition("/")[2]
    if parts.scheme not in {"http", "https", "file"} or not name:
        msg = f"{url}: this is no link to a post: copy the post's own link from the network"
        raise UserError(msg)
    return name
