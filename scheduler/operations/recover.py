"""Find out what a crash or a time-out left open. Looks, read-only; never sends anything again on a guess."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from scheduler import belonging, budget, erasure
from scheduler.app import App
from scheduler.errors import PublishError, UserError
from scheduler.model import Receipt, Staged
from scheduler.publishers.base import Absent, Deleted, NeedsHand, Publisher
from scheduler.status import MOVES, Status
from scheduler.store import Connection, Delivery, controls, deliveries, receipts, withdrawals
from scheduler.store.leases import is_gone
from scheduler.store.records import Part, parts_json

_LEASE = timedelta(minutes=3)
_AGAIN = timedelta(minutes=5)
_DOWN_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 360))
"""How long after a failed try to take something down the next one is made."""


def step(app: App) -> bool:
    """Free what dead workers held, else take one withdrawn post down, else look up one unknown outcome.

    When there is none of that, let go what fits into its account's budget again, and finish what was left of
    submissions that are over.
    """
    if app.adrift:
        return False
    return free_leases(app) or withdraw_next(app) or look_up_next(app) or budget.free(app) or sweep(app)


def sweep(app: App) -> bool:
    """Finish what is left of submissions that are over, and end the tasks that nobody has to do any more."""
    with app.store.read() as c:
        settled = withdrawals.settled_tasks(c)
    if settled:
        with app.store.write() as c:
            controls.end_tasks(c, settled, now=app.clock.now())
    return erasure.sweep(app) or bool(settled)


def free_leases(app: App) -> bool:
    """Take over the deliveries of workers that are gone or overslept; tell whether there were any."""
    now = app.clock.now()
    with app.store.read() as c:
        # What a thread of ours has on the wire isn't lost, whatever the clock says: it may have been set.
        lost = [one for one in deliveries.leased(c) if one.id not in app.calling and _is_lost(one, now)]
    freed = False
    for found in lost:
        with app.store.write() as c:
            delivery = deliveries.by_id(c, found.id)
            if (delivery.fence, delivery.lease_owner) == (found.fence, found.lease_owner):
                freed = _free(c, app, delivery, now) or freed
    return freed


def _is_lost(delivery: Delivery, now: datetime) -> bool:
    expired = delivery.lease_until is None or delivery.lease_until <= now
    return expired or is_gone(delivery.lease_owner or "")


def _free(c: Connection, app: App, delivery: Delivery, now: datetime) -> bool:
    to = {Status.claimed: Status.queued, Status.sending: Status.unknown}.get(delivery.status, delivery.status)
    reason = "may have gone out before its daemon was stopped, is being looked up" if to is Status.unknown else ""
    looked: dict[str, Any] = (
        {"next_look_at": now + _first_look(app, delivery)} if delivery.status is Status.sending else {}
    )
    return deliveries.move(
        c,
        delivery,
        to,
        worker=app.worker,
        now=now,
        reason=reason or delivery.reason,
        detail=reason or f"its worker {delivery.lease_owner} is gone",
        **looked,
    )


def _first_look(app: App, delivery: Delivery) -> timedelta:
    """Return how long to wait before the first look: the network may take a while to show a post."""
    try:
        looks = app.publisher(delivery.account).looks
    except UserError:
        return timedelta()
    passed = max(app.clock.now() - (delivery.sending_at or app.clock.now()), timedelta())
    return max((looks[0] if looks else timedelta()) - passed, timedelta())


def look_up_next(app: App) -> bool:
    """Look up the next delivery whose outcome isn't known; tell whether there was one."""
    now = app.clock.now()
    with app.store.read() as c:
        if not deliveries.to_look_up(c, now):
            return False
    with app.store.write() as c:
        for candidate in deliveries.to_look_up(c, now):
            delivery = deliveries.lease_for_look(c, candidate, worker=app.worker, until=now + _LEASE)
            if delivery is not None:
                break
        else:
            return False
    try:
        publisher = app.publisher(delivery.account)
        # Where it isn't known what was handed over (an old copy of the state): what was meant to be.
        out = delivery.next_of(delivery.frozen or delivery.outgoing())
        found = publisher.find(out, delivery.staged or Staged(), _since(delivery))
    except (PublishError, UserError) as error:
        _look_later(app, delivery, str(error))
    except Exception as error:
        _look_later(app, delivery, f"unexpected fault: {type(error).__name__}")
    else:
        _file(app, delivery, publisher, found)
    return True


def _since(delivery: Delivery) -> datetime:
    return delivery.sending_at or delivery.due_at - timedelta(minutes=5)


def _file(app: App, delivery: Delivery, publisher: Publisher, found: Receipt | Absent | None) -> None:
    if isinstance(found, Receipt) and _file_receipt(app, delivery, found):
        return
    if not isinstance(found, Absent):
        _look_again_or_ask(app, delivery, publisher)
        return
    with app.store.write() as c:
        now = app.clock.now()
        deliveries.move(
            c, delivery, Status.queued, worker=app.worker, now=now, reason="", detail="proven not to be out"
        )
        over = withdrawals.settle(c, delivery.id)
    if over:
        app.store.checkpoint()


def _file_receipt(app: App, delivery: Delivery, found: Receipt) -> bool:
    """File what was found; False where that is another delivery's post, which tells nothing about this one."""
    with app.store.write() as c:
        if receipts.owner(c, delivery, found) is not None:
            return False
        now, detail = app.clock.now(), f"found: {found.url or found.remote_id}"
        deliveries.file_receipt(c, delivery, found, worker=app.worker, now=now, detail=detail, looked=True)
    return True


def _look_again_or_ask(app: App, delivery: Delivery, publisher: Publisher) -> None:
    now, looks = app.clock.now(), delivery.looks + 1
    with app.store.write() as c:
        if looks >= len(publisher.looks):
            cure = (
                f"look at {delivery.account} yourself, then say `solidarity resolve {delivery.key} --published URL` "
                "or `--not-published`"
            )
            reason = f"looked {looks} times and can't tell whether it went out: {cure}"
            moved = deliveries.move(c, delivery, Status.needs_human, worker=app.worker, now=now, reason=reason)
            if moved:
                _ask_if_unwanted(c, delivery, now)
            return
        wait = publisher.looks[looks] - publisher.looks[looks - 1]
        deliveries.move(
            c,
            delivery,
            Status.unknown,
            worker=app.worker,
            now=now,
            reason=delivery.reason,
            detail=f"look {looks}: not seen yet",
            looks=looks,
            next_look_at=now + wait,
        )


def _look_later(app: App, delivery: Delivery, why: str) -> None:
    now = app.clock.now()
    with app.store.write() as c:
        deliveries.move(
            c,
            delivery,
            Status.unknown,
            worker=app.worker,
            now=now,
            reason=delivery.reason,
            detail=f"the look failed: {why}",
            next_look_at=now + _AGAIN,
        )
        _ask_if_unwanted(c, delivery, now)


def _ask_if_unwanted(c: Connection, delivery: Delivery, now: datetime) -> None:
    """Ask a person about what may be out and mustn't be, as soon as the program can't tell."""
    current = deliveries.by_id(c, delivery.id)
    if current.withdraw_wanted and current.status in {Status.unknown, Status.needs_human}:
        withdrawals.ask_to_look(c, current, now=now)


def withdraw_next(app: App) -> bool:
    """Take one post down that a person wants gone; tell whether anything was done."""
    now = app.clock.now()
    with app.store.read() as c:
        if not deliveries.withdrawals(c):
            return False
    with app.store.write() as c:
        for delivery in deliveries.withdrawals(c):
            if delivery.next_look_at is None or delivery.next_look_at <= now:
                deliveries.set_columns(c, delivery, next_look_at=now + _DOWN_AGAIN[0])  # should this worker end
                break
        else:
            return False
    take_down(app, delivery)
    return True


def take_down(app: App, delivery: Delivery) -> str:
    """Delete a published post on its network, of a thread all parts that are out; return what came of it.

    As long as it isn't proven to be down a person is asked to do it, and the network is asked again in growing
    distances. Whatever goes wrong counts as "still there".
    """
    if not (delivery.up or delivery.parts):
        msg = f"{delivery.key}: nothing was published"
        raise UserError(msg)
    left: dict[int, str] = {}
    by_hand: dict[int, str] = {}
    for part in reversed(delivery.up):  # the last one first: none is ever seen to answer what is gone
        said, hand = _delete(app, delivery, part)
        if said:
            left[part.number] = said
        if hand:
            by_hand[part.number] = hand
    return _file_down(app, delivery, left, by_hand)


def _delete(app: App, delivery: Delivery, part: Part) -> tuple[str, str]:
    """Delete one post; return what keeps it there and what a person has to do, both empty where it is gone."""
    try:
        if delivery.platform == "outbox":  # on a machine without its folder it would seem to be gone
            belonging.require_outbox(app, take=False)
        outcome = app.publisher(delivery.account).delete(part.receipt)
    except (PublishError, UserError) as error:
        return f"not yet: {error}", ""
    except Exception as error:
        return f"not yet: unexpected fault: {type(error).__name__}", ""
    if isinstance(outcome, NeedsHand):
        return f"by hand: {outcome.what}", outcome.what
    return ("", "") if isinstance(outcome, Deleted) else ("not yet: the network didn't say that it is gone", "")


def _file_down(app: App, delivery: Delivery, left: dict[int, str], by_hand: dict[int, str]) -> str:
    now = app.clock.now()
    with app.store.write() as c:
        current = deliveries.by_id(c, delivery.id)
        if current.parts:
            current = _mark_down(c, current, {one.number for one in delivery.up} - set(left))
        if left:
            return _still_there(c, app, current, left, by_hand)
        if Status.withdrawn in MOVES[current.status] and not (current.parts and current.up):
            deliveries.move(c, current, Status.withdrawn, worker=app.worker, now=now, detail="taken down", fenced=False)
        if deliveries.by_id(c, delivery.id).status is Status.withdrawn:
            controls.end_tasks(c, [delivery.id], now=now)
        over = withdrawals.settle(c, delivery.id)
    if over:
        app.store.checkpoint()
    return "taken down"


def _mark_down(c: Connection, delivery: Delivery, gone: set[int]) -> Delivery:
    """Note which parts of a thread are down."""
    parts = [replace(one, down=one.down or one.number in gone) for one in delivery.parts]
    deliveries.set_columns(c, delivery, parts=parts_json(parts))
    return deliveries.by_id(c, delivery.id)


def _still_there(c: Connection, app: App, delivery: Delivery, left: dict[int, str], by_hand: dict[int, str]) -> str:
    """Ask a person about what the network didn't delete; return what it said."""
    said = _together(delivery, left)
    if not delivery.up:
        return said  # somebody else was faster
    hand = _together(delivery, by_hand)
    now = app.clock.now()
    withdrawals.ask_to_take_down(c, delivery, hand if set(left) == set(by_hand) else "", now=now)
    until = now + _DOWN_AGAIN[min(delivery.delays, len(_DOWN_AGAIN) - 1)]
    asked = delivery.status is Status.needs_human  # it has its own reason
    reason = f"withdraw by hand: {hand}" if hand and not asked else delivery.reason
    deliveries.set_columns(
        c, delivery, withdraw_wanted=True, next_look_at=until, delays=delivery.delays + 1, reason=reason
    )
    event = "withdraw-by-hand" if hand else "withdraw-failed"
    deliveries.record(c, delivery.id, event, said, worker=app.worker, now=now)
    return said


def _together(delivery: Delivery, said: dict[int, str]) -> str:
    """Return what was said of a post, or of each part of a thread."""
    if not delivery.parts:
        return "; ".join(said.values())
    return "; ".join(f"part {number}: {said[number]}" for number in sorted(said))
