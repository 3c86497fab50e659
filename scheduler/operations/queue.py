"""Bring the queue to what posts/*.yaml asks for. Idempotent; what has left, or is leaving, is never touched."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scheduler import plan
from scheduler.app import App
from scheduler.model import Planned
from scheduler.posts import Loaded
from scheduler.rules import waits_for_person
from scheduler.status import IN_HAND, WAITING, Status
from scheduler.store import Connection, Delivery, controls, deliveries

LONG_PAST = timedelta(days=1)
"""What is queued for the first time later than this after its time is history: it is missed, whatever its rule."""

SAME_THING = timedelta(hours=12)
"""The same text on the same account within this is taken for the same post under another name."""

IN_FLIGHT = frozenset({Status.claimed, Status.staged, Status.sending, Status.unknown, Status.needs_human})
_AGAIN = frozenset({Status.held, Status.failed, Status.missed, Status.cancelled})


@dataclass(kw_only=True)
class Changes:
    """What the queue needs; `too_late` names edits of deliveries that a worker has in hand or that went out."""

    add: list[Planned] = field(default_factory=list)
    change: list[Planned] = field(default_factory=list)
    cancel: list[Delivery] = field(default_factory=list)
    too_late: list[Planned] = field(default_factory=list)
    drop: list[Delivery] = field(default_factory=list)  # gone from, or back in, their files while on their way
    in_flight: bool = False  # whether an edit may still be heeded, should its delivery come back
    unchanged: int = 0


def find_changes(app: App, loaded: Loaded) -> Changes:
    """Compare what staff wrote with the queue; change nothing."""
    wanted = plan.deliveries(loaded.actions, app.workspace)
    with app.store.read() as c:
        return _compare(c, wanted, _keeps(loaded))


def apply(app: App, loaded: Loaded, *, since: datetime | None = None) -> Changes:
    """Bring the queue to what staff wrote, in one transaction; return what was done.

    With `since` what is due before it is left out (a rehearsal that begins in the middle of a campaign).
    """
    wanted = plan.deliveries(loaded.actions, app.workspace)
    if since is not None:
        wanted = [one for one in wanted if one.due_at >= since]
    now = app.clock.now()
    with app.store.read() as c:
        changes = _compare(c, wanted, _keeps(loaded))
    if not (changes.add or changes.change or changes.cancel or changes.drop):
        return changes
    with app.store.write() as c:
        changes = _compare(c, wanted, _keeps(loaded))
        facts = _Facts(now=now, released=controls.released(c), restored=_restored(c))
        for planned in changes.add:
            _add(c, app, planned, facts)
        for planned in changes.change:
            _change(c, app, planned, facts)
        for delivery in changes.cancel:
            _cancel(c, app, delivery, now)
        for delivery in changes.drop:
            deliveries.set_columns(c, delivery, dropped=not delivery.dropped)
    return changes


def _keeps(loaded: Loaded) -> Callable[[Delivery], bool]:
    """Return a test for what stays because its file, or its post, can't be read now: its last good version."""
    return lambda one: one.action in loaded.broken or (one.action, one.post) in loaded.broken_posts


def _compare(c: Connection, wanted: Iterable[Planned], keeps: Callable[[Delivery], bool]) -> Changes:
    changes, seen = Changes(), set()
    present = {one.key: one for one in deliveries.in_status(c)}
    for planned in wanted:
        seen.add(planned.key)
        found = present.get(planned.key)
        if found is None:
            changes.add.append(planned)
        elif _is_same(found, planned):
            changes.unchanged += 1
        elif found.status in WAITING or found.status in _AGAIN:
            changes.change.append(planned)
        else:
            changes.too_late.append(planned)
            changes.in_flight = changes.in_flight or found.status in IN_FLIGHT
    gone = [one for key, one in present.items() if key not in seen]
    changes.drop = [one for one in gone if one.status in IN_FLIGHT - IN_HAND and not one.dropped and not keeps(one)]
    changes.drop += [one for key, one in present.items() if key in seen and one.dropped]
    changes.cancel = [one for one in gone if one.status in WAITING | IN_HAND and not keeps(one)]
    return changes


def _is_same(found: Delivery, planned: Planned) -> bool:
    brought_back = found.status is Status.cancelled and found.cancelled_by == "plan"
    return deliveries.fingerprint(planned) == found.fingerprint and not brought_back


@dataclass(frozen=True, kw_only=True)
class _Facts:
    now: datetime
    released: frozenset[str]
    restored: datetime | None


def _restored(c: Connection) -> datetime | None:
    value = controls.get_meta(c, "restored_at")
    return None if value is None else datetime.fromisoformat(value)


def _first_state(planned: Planned, facts: _Facts) -> dict[str, Any]:
    """Return the columns with which a delivery starts, or starts again after an edit.

    What comes into the queue after its time may be out already, from a state that was lost: it is looked for first.
    """
    return {"look_first": planned.due_at <= facts.now, **_status(planned, facts)}


def _status(planned: Planned, facts: _Facts) -> dict[str, Any]:
    if planned.due_at < facts.now - LONG_PAST:
        return {"status": Status.missed, "reason": "its time was long past when it was queued", "hold": ""}
    if facts.restored is not None and planned.due_at <= facts.restored:
        reason = "may have gone out after the copy that was put back was made, is being looked up"
        return {"status": Status.unknown, "reason": reason, "hold": "", "next_look_at": facts.now}
    judged = waits_for_person(
        planned.key,
        planned.action,
        approval=planned.needs_approval,
        release=planned.needs_release and planned.action not in facts.released,
    )
    if judged is not None:
        return {"status": Status.held, "hold": judged.hold, "reason": judged.reason}
    return {"status": Status.queued, "hold": "", "reason": ""}


def _add(c: Connection, app: App, planned: Planned, facts: _Facts) -> None:
    state = _first_state(planned, facts)
    twin = deliveries.like(c, planned, within=SAME_THING)
    if twin is not None and state["status"] is Status.queued:
        reason = (
            f"late: {twin.key} said the same on {twin.account} already: `solidarity retry {planned.key}` sends it too"
        )
        state |= {"status": Status.held, "hold": "late", "reason": reason}
    deliveries.add(c, planned, worker=app.worker, now=facts.now, **state)


def _change(c: Connection, app: App, planned: Planned, facts: _Facts) -> None:
    """Give a waiting delivery its new content and time; one that had ended starts again if its time is to come."""
    found = deliveries.by_key(c, planned.key)
    if found is None:
        return
    values = _first_state(planned, facts)
    ended = found.status not in WAITING
    waits_for_word = found.hold in {"late", "pause", "account"}
    if ((ended or waits_for_word) and planned.due_at <= facts.now) or found.cancelled_by == "person":
        values = {"status": found.status, "hold": found.hold, "reason": found.reason}
    deliveries.rewrite(c, found, planned, worker=app.worker, now=facts.now, **values)


def _cancel(c: Connection, app: App, delivery: Delivery, now: datetime) -> None:
    reason = "taken out of its file"
    deliveries.move(
        c, delivery, Status.cancelled, worker=app.worker, now=now, reason=reason, cancelled_by="plan", fenced=False
    )
