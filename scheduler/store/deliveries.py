"""The queue: finding, claiming and moving deliveries. Each function is one step inside a caller's transaction.

A claim is one statement with one winner. Every later write of a worker carries its fencing number, so a worker
that slept through its lease changes nothing when it wakes.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from scheduler.errors import UsageError
from scheduler.model import Outgoing, Planned, Receipt, Staged
from scheduler.status import MOVES, Status
from scheduler.store import prepared
from scheduler.store.receipts import append
from scheduler.store.records import (
    Delivery,
    Part,
    content_values,
    from_micros,
    outgoing_json,
    parts_json,
    planned_values,
    receipt_columns,
    staged_json,
    to_json,
    to_micros,
    told,
)
from scheduler.store.tables import deliveries as table
from scheduler.store.tables import events

_MAY_BE_OUT = (Status.sending, Status.unknown, Status.needs_human, Status.published)
_OPEN = frozenset(Status) - {Status.claimed, Status.staged, Status.sending, Status.published, Status.withdrawn}
_NO_LEASE = {"lease_owner": None, "lease_until": None}
_STOPPED = frozenset({Status.queued, Status.held, Status.failed, Status.missed})
_LOG = logging.getLogger(__name__)
_LOUD = {
    Status.published: logging.INFO,
    Status.held: logging.WARNING,
    Status.missed: logging.WARNING,
    Status.cancelled: logging.INFO,
    Status.withdrawn: logging.INFO,
    Status.unknown: logging.WARNING,
    Status.needs_human: logging.ERROR,
    Status.failed: logging.ERROR,
}
"""How loudly a daemon's log says of each state that a delivery has come to it."""


def record(c: Connection, delivery_id: int, event: str, detail: str, *, worker: str, now: datetime) -> None:
    """Append one line to the history of a delivery."""
    values = {
        "delivery_id": delivery_id,
        "at": to_micros(now),
        "event": event,
        "detail": plain(detail),
        "worker": worker,
    }
    prepared.RECORD.run(c, values)


def move(
    c: Connection,
    delivery: Delivery,
    to: Status,
    *,
    worker: str,
    now: datetime,
    hold: str = "",
    reason: str = "",
    detail: str = "",
    fenced: bool = True,
    quiet: bool = False,
    **values: Any,
) -> bool:
    """Move a delivery from the status in which it was read; False when it has moved on in the meantime.

    With `fenced` the worker must still hold its lease. The lease ends unless `lease_owner` is given again.
    Writes the line of history too, unless it is `quiet`. The reason says which parts of a thread are out.
    """
    if to not in MOVES[delivery.status] and to != delivery.status:
        msg = f"a delivery never goes from {delivery.status} to {to}"
        raise ValueError(msg)
    reason = plain(with_parts(delivery, reason) if to in _OPEN else reason)
    changed = {"status": str(to), "hold": hold, "reason": reason, **_NO_LEASE, **_columns(values)}
    if not _changed(c, delivery, changed, fenced=fenced, frees=True):
        return False
    if not quiet:
        said = detail or reason
        record(c, delivery.id, str(to), said, worker=worker, now=now)
        fields = {"delivery": delivery.key, "account": delivery.account, "worker": worker}
        _LOG.log(_LOUD.get(to, logging.DEBUG), "%s: %s%s", delivery.key, to, f": {said}" if said else "", extra=fields)
    if to in _STOPPED:
        _heed(c, by_id(c, delivery.id), worker=worker, now=now)
    return True


def _changed(
    c: Connection, delivery: Delivery, values: Mapping[str, Any], *, fenced: bool = True, frees: bool = False
) -> bool:
    """Change columns of a delivery that stands as it was read; False where it doesn't any more."""
    was = {"was_id": delivery.id, "was_status": str(delivery.status)}
    was |= {"was_fence": delivery.fence, "was_owner": delivery.lease_owner} if fenced else {}
    return prepared.change(tuple(values), fenced=fenced, frees=frees).run(c, {**values, **was}) == 1


def plain(said: str) -> str:
    """Return a text that every database takes: what networks and machines say may hold anything."""
    return said.replace("\0", "").encode("utf-8", "replace").decode()


def _heed(c: Connection, delivery: Delivery, *, worker: str, now: datetime) -> None:
    """Heed what was wanted while a worker had a delivery in hand: it is read anew, for that changes no fence."""
    back = delivery.status is Status.queued and (delivery.withdraw_wanted or delivery.dropped)
    if back or (delivery.withdraw_wanted and delivery.parts):  # what is out of a thread is taken down once it is over
        _take_out(c, delivery, worker=worker, now=now)


def with_parts(delivery: Delivery, reason: str) -> str:
    """Return why a delivery stands where it stands, with the parts of it that are out already."""
    said = told(delivery.parts, delivery.length)
    return reason if said in reason else "; ".join(filter(None, (reason, said)))


def _take_out(c: Connection, delivery: Delivery, *, worker: str, now: datetime) -> None:
    """Cancel what nobody wants any more and is now proven not to be out; of a thread, what isn't out of it."""
    by, reason = (
        ("person", "withdrawn before it went") if delivery.withdraw_wanted else ("plan", "taken out of its file")
    )
    move(
        c,
        delivery,
        Status.cancelled,
        worker=worker,
        now=now,
        reason=reason,
        fenced=False,
        cancelled_by=by,
        dropped=False,
    )


def named(c: Connection, key: str) -> Delivery:
    """Return one delivery by its key.

    Raises:
        UsageError: there is none of that name.
    """
    found = by_key(c, key)
    if found is None:
        msg = f"{key}: no delivery of that name; `solidarity status` lists them"
        raise UsageError(msg)
    return found


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_micros(value) if isinstance(value, datetime) else value for name, value in values.items()}


def keep(c: Connection, delivery: Delivery, *, until: datetime, **values: Any) -> bool:
    """Store what a worker has so far and prolong its lease; False when it lost the delivery."""
    return _changed(c, delivery, {"lease_until": to_micros(until), **_columns(values)})


def frozen_column(out: Outgoing) -> dict[str, Any]:
    """Return the column of a frozen delivery."""
    return {"frozen": outgoing_json(out)}


def staged_column(staged: Staged) -> dict[str, Any]:
    """Return the column of what the network gave ahead."""
    return {"staged": staged_json(staged)}


def file_receipt(
    c: Connection,
    delivery: Delivery,
    receipt: Receipt,
    *,
    worker: str,
    now: datetime,
    detail: str,
    looked: bool = False,
) -> bool:
    """File the network's word and mark the delivery published. True evidence needs no lease.

    Of a thread it is the word for the part that `delivery` was about to send, or sent: its next one is queued. Where
    this one was `looked` up, the next may be out too without the state knowing: it is looked for before it is sent.
    An answer that comes after it was given up is evidence too, wherever the delivery stands by now.
    Returns False when a receipt was there already.
    """
    if _is_plain(delivery) and _publish(c, delivery, receipt, worker=worker, now=now, detail=detail):
        append(c, delivery, receipt)
        return True
    current = by_id(c, delivery.id, alone=True)
    if current.status in {Status.published, Status.withdrawn} or current.part != delivery.part:
        return False
    if Status.published not in MOVES[current.status]:
        current = _out_after_all(c, current, worker=worker, now=now)
    append(c, current, receipt)
    detail = detail or receipt.url or receipt.remote_id
    over: dict[str, Any] = {"next_look_at": None, "staging_since": None}
    if current.length > 1:
        detail = f"part {current.part} of {current.length}: {detail}"
        current = replace(current, parts=(*current.parts, Part(number=current.part, receipt=receipt)))
        over["parts"] = parts_json(current.parts)
    if current.part <= current.length and current.parts:
        over |= {"staged": None, "not_before": None, "delays": 0, "looks": 0, "look_first": looked}
        return move(c, current, Status.queued, worker=worker, now=now, detail=detail, **over)
    first = current.parts[0].receipt if current.parts else receipt
    over |= {"published_at": first.published_at, **receipt_columns(first)}
    return move(c, current, Status.published, worker=worker, now=now, detail=detail, **over)


def _is_plain(delivery: Delivery) -> bool:
    """Tell whether this is one post by itself whose call was just made: nothing of it has to be read anew then."""
    return delivery.status is Status.sending and delivery.length == 1 and not delivery.parts


def _publish(c: Connection, delivery: Delivery, receipt: Receipt, *, worker: str, now: datetime, detail: str) -> bool:
    over: dict[str, Any] = {"next_look_at": None, "staging_since": None, "published_at": receipt.published_at}
    over |= receipt_columns(receipt)
    said = detail or receipt.url or receipt.remote_id
    return move(c, delivery, Status.published, worker=worker, now=now, detail=said, **over)


def _out_after_all(c: Connection, delivery: Delivery, *, worker: str, now: datetime) -> Delivery:
    """Take a delivery out of whoever's hands it is in: it is out, though the state believed that it isn't."""
    said = f"the answer to an earlier call came when it was {delivery.status} again"
    freed = {"status": str(Status.unknown), "lease_owner": None, "lease_until": None, "hold": "", "reason": said}
    set_columns(c, delivery, **freed, fence=delivery.fence + 1)
    record(c, delivery.id, str(Status.unknown), said, worker=worker, now=now)
    _LOG.error("%s: %s", delivery.key, said)
    return by_id(c, delivery.id)


def by_id(c: Connection, delivery_id: int, *, alone: bool = False) -> Delivery:
    """Return one delivery by the database's id; `alone` keeps it as it is until this transaction ends."""
    query = prepared.BY_ID_ALONE if alone else prepared.BY_ID
    return query.deliveries(c, {"id": delivery_id})[0]


def by_key(c: Connection, key: str) -> Delivery | None:
    """Return one delivery by its key."""
    return next(iter(prepared.BY_KEY.deliveries(c, {"key": key})), None)


def in_status(c: Connection, *statuses: Status) -> list[Delivery]:
    """Return the deliveries in any of `statuses` (all without one), in the order of their times."""
    return prepared.in_status(statuses).deliveries(c, {})


def counts(c: Connection) -> dict[str, int]:
    """Return how many deliveries stand in each status that has any."""
    query = select(table.c.status, func.count()).group_by(table.c.status).order_by(table.c.status)
    return {str(status): int(number) for status, number in c.execute(query)}


def history(c: Connection, delivery_id: int) -> list[tuple[datetime, str, str]]:
    """Return every step of a delivery: when, what, detail."""
    query = select(events.c.at, events.c.event, events.c.detail).where(events.c.delivery_id == delivery_id)
    return [(from_micros(at), event, detail) for at, event, detail in c.execute(query.order_by(events.c.id))]


def newest_event(c: Connection) -> int:
    """Return the number of the newest line of all histories: whatever moves a delivery adds one."""
    return int(c.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one())


def fingerprint(planned: Planned) -> str:
    """Return the hash of everything that a person can edit about a delivery."""
    return str(planned_values(planned)["fingerprint"])


def rewrite(
    c: Connection, delivery: Delivery, planned: Planned, *, status: Status, worker: str, now: datetime, **values: Any
) -> None:
    """Give a delivery that waits, or has ended unsent, what its file says now. An approval of the old text is void."""
    changed = {
        **planned_values(planned),
        "late_accepted": False,
        "dropped": False,
        "cancelled_by": None,
        "delays": 0,
        "not_before": None,
        "staged": None,
        "staging_since": None,
    }
    if status is not Status.queued and delivery.cancelled_by == "person":
        changed["cancelled_by"] = "person"
    changed |= {"status": str(status), "fence": table.c.fence + 1, **_columns(values)}
    c.execute(update(table).where(table.c.id == delivery.id, table.c.fence == delivery.fence).values(changed))
    record(c, delivery.id, "edited", str(values.get("reason") or ""), worker=worker, now=now)


def like_there(c: Connection, delivery: Delivery, other: Delivery) -> None:
    """Give a delivery the words of the same one in another state."""
    row = {
        "content": to_json(content_values(other.content)),
        "content_hash": other.content_hash,
        "fingerprint": other.fingerprint,
        "frozen": other.frozen and outgoing_json(other.frozen),
        "staged": None,
    }
    c.execute(update(table).where(table.c.id == delivery.id).values(row))


def blocked_by_pause(c: Connection, now: datetime) -> Sequence[Delivery]:
    """Return what has come due, or is prepared, under a pause: it is held rather than left to be late in silence."""
    return prepared.BLOCKED_BY_PAUSE.deliveries(c, {"now": to_micros(now)})


def past_window(c: Connection, now: datetime) -> Sequence[Delivery]:
    """Return what still waits although its action has closed."""
    return prepared.PAST_WINDOW.deliveries(c, {"now": to_micros(now)})


def of_account(c: Connection, account: str, *, begin: datetime, end: datetime) -> list[Delivery]:
    """Return the deliveries of an account that left between two moments, or are about to leave."""
    left = func.coalesce(table.c.sending_at, table.c.published_at)
    gone = or_(
        and_(left >= to_micros(begin), left < to_micros(end)),
        table.c.status.in_([str(Status.claimed), str(Status.staged)]),
    )
    return prepared.whole(c.execute(select(table).where(table.c.account == account, gone)))


def held_for(c: Connection, hold: str) -> list[Delivery]:
    """Return what is held for a reason, in the order of times."""
    return prepared.HELD_FOR.deliveries(c, {"hold": hold})


def leased(c: Connection) -> Sequence[Delivery]:
    """Return the deliveries that a worker has in its hands."""
    return prepared.LEASED.deliveries(c, {})


def to_look_up(c: Connection, now: datetime) -> Sequence[Delivery]:
    """Return the deliveries of unknown outcome whose next look is due and that nobody looks at now."""
    return prepared.TO_LOOK_UP.deliveries(c, {"now": to_micros(now)})


def lease_for_look(c: Connection, delivery: Delivery, *, worker: str, until: datetime) -> Delivery | None:
    """Take an unknown delivery to look it up; None when another worker was faster."""
    where = and_(table.c.id == delivery.id, table.c.fence == delivery.fence, table.c.lease_owner.is_(None))
    values = {"lease_owner": worker, "lease_until": to_micros(until), "fence": table.c.fence + 1}
    found = prepared.whole(c.execute(update(table).where(where).values(values).returning(table)))
    return found[0] if found else None


def withdrawals(c: Connection) -> Sequence[Delivery]:
    """Return what is out although a person wants it taken down: posts, and parts of threads that didn't end."""
    found = prepared.WANTED_DOWN.deliveries(c, {})
    return [one for one in found if one.up or one.status not in {Status.unknown, Status.needs_human}]


def set_columns(c: Connection, delivery: Delivery, **values: Any) -> None:
    """Change columns of a delivery without moving it."""
    c.execute(update(table).where(table.c.id == delivery.id).values(_columns(values)))


def put_off(c: Connection, account: str, until: datetime) -> None:
    """Let everything of an account wait until its network takes posts again."""
    waiting = table.c.status.in_([str(Status.queued), str(Status.staged)])
    earlier = func.coalesce(table.c.not_before, 0) < to_micros(until)
    c.execute(update(table).where(table.c.account == account, waiting, earlier).values(not_before=to_micros(until)))


def between(
    c: Connection,
    since: datetime,
    until: datetime,
    *,
    action: str = "",
    account: str = "",
    statuses: Sequence[Status] = (),
    limit: int | None = None,
    offset: int = 0,
) -> list[Delivery]:
    """Return what is due from `since` until before `until`, in the order of their times; empty words ask for all."""
    where = [
        table.c.status.in_([str(status) for status in statuses or Status]),
        table.c.due_at >= to_micros(since),
        table.c.due_at < to_micros(until),
        *([table.c.action == action] if action else []),
        *([table.c.account == account] if account else []),
    ]
    query = select(table).where(*where).order_by(table.c.due_at, table.c.key).limit(limit).offset(offset)
    return prepared.whole(c.execute(query))
