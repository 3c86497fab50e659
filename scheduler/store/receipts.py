"""The networks' word, append-only: no post is ever the evidence for two deliveries."""

from sqlalchemy import Connection

from scheduler.model import Receipt
from scheduler.store.prepared import Plain
from scheduler.store.records import Delivery, to_micros

_APPEND = Plain(
    """INSERT INTO receipts (delivery_id, part, remote_id, url, at)
    VALUES (:delivery_id, :part, :remote_id, :url, :at)"""
)
_OWNER = Plain(
    """SELECT d.key FROM receipts r JOIN deliveries d ON d.id = r.delivery_id
    WHERE d.account = :account AND r.remote_id = :remote_id AND NOT (d.id = :id AND r.part = :part) LIMIT 1"""
)


def append(c: Connection, delivery: Delivery, receipt: Receipt) -> None:
    """Write down the network's word for the part of a delivery that is next."""
    values = {
        "delivery_id": delivery.id,
        "part": delivery.part,
        "remote_id": receipt.remote_id,
        "url": receipt.url,
        "at": to_micros(receipt.published_at),
    }
    _APPEND.run(c, values)


def owner(c: Connection, delivery: Delivery, receipt: Receipt) -> str | None:
    """Return the delivery of the same account whose post this is known to be; None where it may be `delivery`'s next.

    That is `delivery` itself where the post is an earlier part of its thread.
    """
    this = {"account": delivery.account, "remote_id": receipt.remote_id, "id": delivery.id, "part": delivery.part}
    key: str | None = _OWNER.value(c, this)
    return key
