"""Taking a delivery in hand: each claim is one statement with one winner, and so is the intent to send.

A claim gives a lease, a fencing number, and an owner that no other claim has: a claim that was rolled back and the next
one bear the same number, and a worker that lost its answer must not take the other's work for its own. One delivery of
an account is in hand at a time, in the order of times. On PostgreSQL workers claim side by side: each takes the first
one of an account that nobody else is just taking, and where two would take two of one account after all, the index
`one_in_hand` stops the second.
"""

import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from scheduler.status import Status
from scheduler.store import consented, deliveries, prepared
from scheduler.store.prepared import Plain
from scheduler.store.records import Delivery, from_micros, to_micros

_PAUSED = """EXISTS (SELECT 1 FROM pauses p WHERE p.scope = 'all'
        OR (p.scope = 'action' AND p.name = d.action) OR (p.scope = 'account' AND p.name = d.account))"""
_READY = f"""COALESCE(d.not_before, 0) <= :now AND NOT d.withdraw_wanted AND NOT d.dropped AND d.lease_owner IS NULL
    AND NOT {_PAUSED} AND {consented.CONSENTED}"""
# Of accounts in hand whole backlogs are passed over: they are known from an index, and so is each one's account.
_NONE_IN_HAND = "d.account NOT IN (SELECT b.account FROM deliveries b WHERE b.lease_owner IS NOT NULL)"
_FREE = f"""
    AND {_NONE_IN_HAND}
    AND {_READY}
"""
# Nothing is prepared while an earlier one of the same account is about to leave: it would make that one late.
_BEHIND = """EXISTS (SELECT 1 FROM deliveries s WHERE s.account = d.account AND s.status = 'staged'
        AND s.due_at <= :soon AND s.due_at < d.due_at AND COALESCE(s.not_before, 0) <= :now)"""
_NOT_BEHIND = f"AND NOT {_BEHIND}"
_ONE_BY_ONE = " LIMIT 1 OFFSET 0"


def _one_by_one(statement: str, name: str) -> str:
    """Let PostgreSQL ask these things of one delivery after the other, and not of all that are due at once."""
    asked = [re.sub(r"\bd\.", of, one) for one in (_PAUSED, _BEHIND) for of in ("d.", "e.")]
    for one in asked if name == "postgresql" else ():
        statement = statement.replace(one, f"{one[:-1]}{_ONE_BY_ONE})")
    return statement


def _claim(status: Status, by: str, more: str = "") -> Plain:
    """Return the statement that takes free ones in a status that are due by `by`: of each account the first."""
    due = f"d.status = '{status}' AND d.due_at <= :{by} {_FREE} {more}"
    # No earlier one of the account is free as well: others may be taking it at this very moment. Those of its own time
    # are asked for apart, so that an index leads there, however many they are.
    free = re.sub(r"\bd\.", "e.", f"d.status = '{status}' AND {_READY} {more}")
    first = " ".join(
        f"AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.account = d.account AND {earlier} AND {free}{_ONE_BY_ONE})"
        for earlier in ("e.due_at < d.due_at", "e.due_at = d.due_at AND e.id < d.id")
    )
    chosen = f"SELECT d.id FROM deliveries d WHERE {due} {first} ORDER BY d.due_at, d.id LIMIT :most"
    taken = f"""UPDATE deliveries SET status = :to, lease_owner = :worker, lease_until = :until, fence = fence + 1
        WHERE id IN ({{}}) AND lease_owner IS NULL RETURNING {prepared.COLUMNS}"""
    locked = _one_by_one(f"SELECT unnest(ARRAY({chosen} FOR UPDATE OF d SKIP LOCKED))", "postgresql")
    return Plain(taken.format(chosen), postgresql=taken.format(locked))


_TO_SEND = _claim(Status.staged, "now")  # what is prepared and due goes first
_TO_STAGE = _claim(Status.queued, "ahead", _NOT_BEHIND)
_ABOUT_TO_LEAVE = timedelta(seconds=40)


class TakenError(Exception):
    """Another worker has just taken one of the same account: try again."""


def claim_to_send(c: Connection, *, worker: str, now: datetime, lease: timedelta, most: int = 1) -> list[Delivery]:
    """Take the next prepared deliveries whose time has come, of `most` accounts at most, in the order of times."""
    values = {
        "to": str(Status.staged),
        "worker": worker,
        "now": to_micros(now),
        "today": consented.today(now),
        "until": to_micros(now + lease),
        "most": most,
    }
    return _taken(c, _TO_SEND, values)


def claim_to_stage(
    c: Connection, *, worker: str, now: datetime, ahead: timedelta, lease: timedelta, most: int = 1
) -> list[Delivery]:
    """Take the next queued deliveries that are due within `ahead`, of `most` accounts at most, in order."""
    values = {
        "to": str(Status.claimed),
        "worker": worker,
        "now": to_micros(now),
        "today": consented.today(now),
        "until": to_micros(now + lease),
        "ahead": to_micros(now + ahead),
        "soon": to_micros(now + _ABOUT_TO_LEAVE),
        "most": most,
    }
    return _taken(c, _TO_STAGE, values)


def _taken(c: Connection, statement: Plain, values: dict[str, Any]) -> list[Delivery]:
    values["worker"] = f"{values['worker']}#{uuid.uuid4().hex[:12]}"
    try:
        found = statement.deliveries(c, values)
    except IntegrityError:
        raise TakenError from None
    return sorted(found, key=lambda one: (one.due_at, one.id))


# Everything that may have changed while the delivery waited is looked at again in the statement that commits it.
_SENDING = Plain(
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
    if _SENDING.run(c, values) != 1:
        return None
    sending = replace(
        delivery,
        status=Status.sending,
        sending_at=now,
        attempts=delivery.attempts + 1,
        lease_until=now + lease,
        looks=0,
        next_look_at=None,
        reason="",
    )
    which = f"part {sending.part} of {sending.length}, " if sending.length > 1 else ""
    said = f"{which}attempt {sending.attempts}"
    deliveries.record(c, sending.id, "sending", said, worker=str(sending.lease_owner), now=now)
    return sending


_SOON = f"""
    SELECT * FROM (SELECT d.due_at - :ahead AS moment FROM deliveries d
        WHERE d.status = 'queued' AND d.due_at <= :by {_FREE} {_NOT_BEHIND} ORDER BY d.due_at LIMIT 1) AS to_stage
    UNION ALL SELECT * FROM (SELECT d.due_at FROM deliveries d
        WHERE d.status = 'staged' AND d.due_at <= :now {_FREE} ORDER BY d.due_at LIMIT 1) AS to_send
"""
# Whether those whose time is still to come may go is asked when it has come: very many may be waiting. Few are put off,
# and an index has them: `status || ''` keeps SQLite from going through all of a status instead.
_LATER = f"""
    UNION ALL SELECT MIN(d.due_at) - :ahead FROM deliveries d WHERE d.status = 'queued' AND d.due_at > :by
    UNION ALL SELECT MIN(d.due_at) FROM deliveries d WHERE d.status = 'staged' AND d.due_at > :now
    UNION ALL SELECT MIN(d.due_at) FROM (SELECT 1 FROM pauses LIMIT 1) AS any_pause CROSS JOIN deliveries d
        WHERE d.status IN ('queued', 'staged') AND d.due_at <= :by AND d.lease_owner IS NULL AND {_PAUSED}
    UNION ALL SELECT MIN(d.due_at) FROM {consented.WAITING} AND NOT {consented.CONSENTED}
    UNION ALL SELECT MIN(not_before) FROM deliveries WHERE not_before > :now AND status || '' IN ('queued', 'staged')
    UNION ALL SELECT MIN(COALESCE(next_look_at, 0)) FROM deliveries WHERE status = 'unknown' AND lease_owner IS NULL
    UNION ALL SELECT MIN(lease_until) FROM deliveries WHERE lease_owner IS NOT NULL
    UNION ALL SELECT MIN(closes_at) FROM deliveries WHERE status = 'held'
"""
_NEXT = Plain(
    f"SELECT MIN(moment) FROM ({_SOON} {_LATER}) AS moments",
    postgresql=f"SELECT MIN(moment) FROM ({_one_by_one(_SOON, 'postgresql')} {_LATER}) AS moments",
)


def next_moment(c: Connection, *, now: datetime, ahead: timedelta) -> datetime | None:
    """Return when something will next be to do (possibly in the past); None when nothing waits."""
    values = {
        "now": to_micros(now),
        "today": consented.today(now),
        "soon": to_micros(now + _ABOUT_TO_LEAVE),
        "ahead": ahead // timedelta(microseconds=1),
        "by": to_micros(now + ahead),
    }
    value = _NEXT.value(c, values)
    return None if value is None else from_micros(value)
