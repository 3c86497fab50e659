"""Taking a delivery in hand: each claim is one statement with one winner, and so is the intent to send.

A claim gives a lease and a fencing number. One delivery of an account is in hand at a time, in the order of times.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from scheduler.status import Status
from scheduler.store import consented, deliveries
from scheduler.store.records import Delivery, from_micros, from_row, to_micros

_PAUSED = """EXISTS (SELECT 1 FROM pauses p WHERE p.scope = 'all'
        OR (p.scope = 'action' AND p.name = d.action) OR (p.scope = 'account' AND p.name = d.account))"""
_FREE = f"""
    AND COALESCE(d.not_before, 0) <= :now AND NOT d.withdraw_wanted AND NOT d.dropped AND d.lease_owner IS NULL
    AND NOT {_PAUSED}
    AND NOT EXISTS (SELECT 1 FROM deliveries b WHERE b.account = d.account AND b.lease_owner IS NOT NULL)
    AND {consented.CONSENTED}
"""
_CLAIM = """
UPDATE deliveries SET status = :to, lease_owner = :worker, lease_until = :until, fence = fence + 1
WHERE id = ({candidate}) AND lease_owner IS NULL RETURNING *
"""
# What is prepared and due goes first; one delivery of an account at a time, in the order of their times.
_TO_SEND = text(
    _CLAIM.format(
        candidate=f"""SELECT d.id FROM deliveries d
    WHERE d.status = 'staged' AND d.due_at <= :now {_FREE}
    ORDER BY d.due_at, d.id LIMIT 1"""
    )
)
# Nothing is prepared while an earlier one of the same account is about to leave: it would make that one late.
_NOT_BEHIND = """AND NOT EXISTS (SELECT 1 FROM deliveries s WHERE s.account = d.account AND s.status = 'staged'
        AND s.due_at <= :soon AND s.due_at < d.due_at AND COALESCE(s.not_before, 0) <= :now)"""
_TO_STAGE = text(
    _CLAIM.format(
        candidate=f"""SELECT d.id FROM deliveries d
    WHERE d.status = 'queued' AND d.due_at <= :ahead {_FREE} {_NOT_BEHIND}
    ORDER BY d.due_at, d.id LIMIT 1"""
    )
)
_ABOUT_TO_LEAVE = timedelta(seconds=40)


def claim_to_send(c: Connection, *, worker: str, now: datetime, lease: timedelta) -> Delivery | None:
    """Take the next prepared delivery whose time has come; None when there is none."""
    values = {
        "to": str(Status.staged),
        "worker": worker,
        "now": to_micros(now),
        "today": consented.today(now),
        "until": to_micros(now + lease),
    }
    row = c.execute(_TO_SEND, values).mappings().first()
    return None if row is None else from_row(row)


def claim_to_stage(c: Connection, *, worker: str, now: datetime, ahead: timedelta, lease: timedelta) -> Delivery | None:
    """Take the next queued delivery that is due within `ahead`; None when there is none."""
    values = {
        "to": str(Status.claimed),
        "worker": worker,
        "now": to_micros(now),
        "today": consented.today(now),
        "until": to_micros(now + lease),
        "ahead": to_micros(now + ahead),
        "soon": to_micros(now + _ABOUT_TO_LEAVE),
    }
    row = c.execute(_TO_STAGE, values).mappings().first()
    return None if row is None else from_row(row)


# Everything that may have changed while the delivery waited is looked at again in the statement that commits it.
_SENDING = text(
    f"""
UPDATE deliveries AS d SET status = 'sending', sending_at = :now, attempts = attempts + 1, lease_until = :until,
    looks = 0, next_look_at = NULL, reason = ''
WHERE id = :id AND fence = :fence AND status = 'staged' AND lease_owner = :worker AND due_at <= :now
  AND NOT withdraw_wanted AND NOT dropped
  AND (closes_at IS NULL OR closes_at > :now) AND (opens_at IS NULL OR opens_at <= :now)
  AND (NOT needs_approval OR approved_hash = fingerprint)
  AND (NOT needs_release OR EXISTS (SELECT 1 FROM releases r WHERE r.action = d.action))
  AND NOT {_PAUSED} AND {consented.CONSENTED}
  AND (SELECT COUNT(*) FROM receipts x WHERE x.delivery_id = d.id) = :before
RETURNING *
"""
)


def mark_sending(c: Connection, delivery: Delivery, *, now: datetime, lease: timedelta) -> Delivery | None:
    """Write into the book that the visible call is about to be made; None when it must not be made.

    Each part of a thread needs the receipts of all parts before it, and none of its own.
    """
    values = {
        "id": delivery.id,
        "fence": delivery.fence,
        "worker": delivery.lease_owner,
        "now": to_micros(now),
        "today": consented.today(now),
        "until": to_micros(now + lease),
        "before": len(delivery.parts),
    }
    row = c.execute(_SENDING, values).mappings().first()
    if row is None:
        return None
    sending = from_row(row)
    which = f"part {sending.part} of {sending.length}, " if sending.length > 1 else ""
    said = f"{which}attempt {sending.attempts}"
    deliveries.record(c, sending.id, "sending", said, worker=str(sending.lease_owner), now=now)
    return sending


_NEXT = text(
    f"""
SELECT MIN(moment) FROM (
    SELECT * FROM (SELECT d.due_at - :ahead AS moment FROM deliveries d
        WHERE d.status = 'queued' {_FREE} {_NOT_BEHIND} ORDER BY d.due_at LIMIT 1)
    UNION ALL SELECT * FROM (SELECT d.due_at FROM deliveries d
        WHERE d.status = 'staged' {_FREE} ORDER BY d.due_at LIMIT 1)
    UNION ALL SELECT MIN(d.due_at) FROM deliveries d WHERE d.status IN ('queued', 'staged')
        AND d.lease_owner IS NULL AND {_PAUSED}
    UNION ALL SELECT MIN(d.due_at) FROM {consented.WAITING} AND NOT {consented.CONSENTED}
    UNION ALL SELECT MIN(not_before) FROM deliveries WHERE not_before > :now AND status IN ('queued', 'staged')
    UNION ALL SELECT MIN(COALESCE(next_look_at, 0)) FROM deliveries WHERE status = 'unknown' AND lease_owner IS NULL
    UNION ALL SELECT MIN(lease_until) FROM deliveries WHERE lease_owner IS NOT NULL
    UNION ALL SELECT MIN(closes_at) FROM deliveries WHERE status = 'held'
)
"""
)


def next_moment(c: Connection, *, now: datetime, ahead: timedelta) -> datetime | None:
    """Return when something will next be to do (possibly in the past); None when nothing waits."""
    values = {
        "now": to_micros(now),
        "today": consented.today(now),
        "soon": to_micros(now + _ABOUT_TO_LEAVE),
        "ahead": ahead // timedelta(microseconds=1),
    }
    value = c.execute(_NEXT, values).scalar()
    return None if value is None else from_micros(value)
