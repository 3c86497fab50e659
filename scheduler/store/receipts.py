"""The networks' word, append-only: no post is ever the evidence for two deliveries."""

from sqlalchemy import Connection, and_, insert, not_, select

from scheduler.model import Receipt
from scheduler.store.records import Delivery, to_micros
from scheduler.store.tables import deliveries, receipts


def append(c: Connection, delivery: Delivery, receipt: Receipt) -> None:
    """Write down the network's word for the part of a delivery that is next."""
    values = {
        "delivery_id": delivery.id,
        "part": delivery.part,
        "remote_id": receipt.remote_id,
        "url": receipt.url,
        "at": to_micros(receipt.published_at),
    }
    c.execute(insert(receipts).values(values))


def owner(c: Connection, delivery: Delivery, receipt: Receipt) -> str | None:
    """Return the delivery of the same account whose post this is known to be; None where it may be `delivery`'s next.

    That is `delivery` itself where the post is an earlier part of its thread.
    """
    this = and_(receipts.c.delivery_id == delivery.id, receipts.c.part == delivery.part)
    query = (
        select(deliveries.c.key)
        .join_from(receipts, deliveries, receipts.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.account == delivery.account, receipts.c.remote_id == receipt.remote_id, not_(this))
    )
    return c.execute(query.limit(1)).scalar()
