"""Deliver what is due, one step at a time. Each step is a function that tells whether it did anything.

claim ─ prepare ─ stage      ahead of time, invisible, repeatable; in steps, each stored, where a network takes its time
claim ─ sending ─ publish    at the due second: the intent is committed, then exactly one visible call
      └ receipt              append-only, with the status, in one transaction; of a thread the next part is queued in it
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from scheduler import budget, keeping, rendering, settling
from scheduler.app import App
from scheduler.errors import (
    AccountBlocked,
    OutcomeUnknown,
    PublishError,
    Rejected,
    TryLater,
    UserError,
)
from scheduler.files import MachineError
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.publishers.base import Publisher
from scheduler.rules import Kind, Verdict
from scheduler.status import Status
from scheduler.store import (
    Connection,
    Delivery,
    StateError,
    claims,
    consented,
    deliveries,
    receipts,
)
from scheduler.submission import Stage

_Result = TypeVar("_Result")
Judge = Callable[[Delivery, datetime], Verdict]

LEASE = timedelta(minutes=3)
_MOST_STEPS = 100  # of preparing at once: each network has its own bound, far below
_LONGEST_STAGING = timedelta(hours=1)
_SHORTEST_WAIT = timedelta(seconds=1)


def step(app: App) -> bool:
    """Send one delivery whose time has come, else prepare one, else settle one that can't go; False when none."""
    if app.adrift:
        return False
    try:
        return _next(app, Wanted(send=True, stage=True)) or settle(app)
    except claims.TakenError:
        return True


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a lane asks for: one delivery to send now, or else one to prepare."""

    send: bool = False
    stage: bool = False


def _next(app: App, wanted: Wanted) -> bool:
    """Do what there is of it; tell whether there was anything."""
    started = time.monotonic()
    given = app.together(_given, wanted)
    if not isinstance(given, Delivery):
        return bool(given)
    if given.status is Status.sending:
        _send(app, given, started)
    else:
        _prepare(app, given)
    return True


def _write(app: App, write: Callable[[Connection], _Result]) -> _Result:
    """Write something, in one transaction with what other lanes have to do at this moment; return what it returns."""
    written: _Result = app.together(_given, write)
    return written


def _given(app: App, asked: Sequence[Wanted | Callable[[Connection], Any]]) -> list[Any]:
    """Do in one transaction what lanes ask for at the same moment: write, take what is due, take what will be.

    Nobody is given more than it asked for: an intent that had to wait for its call would be there too early.
    """
    now = app.clock.now()
    with settling.given_back(app) as taken, app.store.work() as c:
        given = [None if isinstance(one, Wanted) else one(c) for one in asked]
        for kind, take in (("send", _to_send), ("stage", _to_stage)):
            places = [at for at, one in enumerate(asked) if given[at] is None and getattr(one, kind, False)]
            found = take(c, app, taken, now, len(places)) if places else []
            for at, one in zip(places, found, strict=False):
                given[at] = one
    return given


# ── ahead of time ───────────────────────────────────────────────────────────────────────────────────────


def stage_next(app: App) -> bool:
    """Claim, prepare and stage the next delivery that is due soon."""
    return _next(app, Wanted(stage=True))


def _to_stage(c: Connection, app: App, taken: list[Delivery], now: datetime, most: int) -> list[Delivery | bool]:
    """Take what is to be prepared; True stands for what can't go."""
    ahead = app.workspace.stage_ahead
    claimed = claims.claim_to_stage(c, worker=app.worker, now=now, ahead=ahead, lease=LEASE, most=most)
    taken.extend(claimed)
    if not claimed:
        return []
    judged = settling.judging(c, app)
    return [_may_be_prepared(c, app, one, judged, now) for one in claimed]


def _may_be_prepared(c: Connection, app: App, delivery: Delivery, judged: Judge, now: datetime) -> Delivery | bool:
    if delivery.staging_since is None:
        deliveries.record(c, delivery.id, "claimed", "", worker=app.worker, now=now)
    verdict = judged(delivery, max(now, delivery.due_at))  # as it will be when it leaves
    if verdict.kind is Kind.go:
        return delivery
    settling.apply(c, app, delivery, verdict, now)
    return True


def _prepare(app: App, delivery: Delivery) -> None:
    try:
        with settling.given_back(app, delivery), keeping.kept(app, delivery, lease=LEASE):
            _stage(app, delivery)
    except StateError:
        raise
    except PublishError as error:
        settling.not_sent(app, delivery, error)
    except MachineError as error:
        settling.not_sent(app, delivery, TryLater(str(error)))
    except UserError as error:
        settling.not_sent(app, delivery, Rejected(str(error)))
    except Exception as error:
        settling.not_sent(app, delivery, Rejected(f"unexpected fault while preparing: {type(error).__name__}"))


def _stage(app: App, delivery: Delivery) -> None:
    publisher = _publisher(app, delivery)
    whole = _frozen(app, delivery, publisher)
    same = delivery.frozen == whole
    forgotten: dict[str, Any] = {} if same else {"staged": None, "staging_since": None}
    columns = {**deliveries.frozen_column(whole), **forgotten}
    if not _write(app, lambda c: deliveries.keep(c, delivery, until=app.clock.now() + LEASE, **columns)):
        _leave_nothing(app, delivery, whole)
        return
    out = delivery.next_of(whole)
    if delivery.look_first and _is_out_already(app, delivery, publisher, out):
        return
    if _is_too_dear(app, delivery, publisher):
        return
    begun = _begun(delivery, publisher, app.clock.now()) if same else None
    staged = _prepared(app, delivery, publisher, out, begun)
    if staged is None:
        return
    ready = {"look_first": False, "not_before": None, "staging_since": None, **deliveries.staged_column(staged)}
    now, detail = app.clock.now(), f"{len(out.media)} media"

    def done(c: Connection) -> None:
        deliveries.move(c, delivery, Status.staged, worker=app.worker, now=now, detail=detail, **ready)

    _write(app, done)


def _frozen(app: App, delivery: Delivery, publisher: Publisher) -> Outgoing:
    """Return what is handed over, to the byte; of a thread that has begun, what it was when its first part left."""
    if delivery.parts:
        return delivery.frozen or delivery.outgoing()
    findings = [finding for finding in publisher.findings(delivery.content) if finding.level == "error"]
    out = rendering.freeze(delivery, publisher, app.workspace)
    if findings:
        raise Rejected("; ".join(finding.message for finding in findings))
    return out


def _is_too_dear(app: App, delivery: Delivery, publisher: Publisher) -> bool:
    """Hold a delivery that doesn't fit into its account's budget; tell whether it was so."""
    if not budget.applies(app, delivery):
        return False
    now = app.clock.now()
    with app.store.write() as c:
        why = budget.exceeded(c, app, delivery, publisher)
        if why:
            deliveries.move(c, delivery, Status.held, worker=app.worker, now=now, hold="budget", reason=why)
    return bool(why)


def _prepared(
    app: App, delivery: Delivery, publisher: Publisher, out: Outgoing, staged: Staged | None
) -> Staged | None:
    """Stage step by step, each stored before the next; None where the network takes its time, or the lease is lost."""
    since = delivery.staging_since if staged is not None else None
    for _ in range(_MOST_STEPS):
        if staged is not None and staged.again_at is None:
            return staged
        staged = publisher.stage(out, begun=staged)
        if staged.again_at is None:
            return staged
        now = app.clock.now()
        so_far: dict[str, Any] = {"staging_since": since or now, **deliveries.staged_column(staged)}
        with app.store.work() as c:
            if staged.again_at > now:
                _wait(c, app, delivery, max(staged.again_at, now + _SHORTEST_WAIT), so_far)
                return None
            if not deliveries.keep(c, delivery, until=now + LEASE, **so_far):
                return None
    raise TryLater(f"it was not prepared after {_MOST_STEPS} steps")


def _wait(c: Connection, app: App, delivery: Delivery, until: datetime, so_far: dict[str, Any]) -> None:
    """Put a delivery back while its network prepares what it was given; others of its account may go meanwhile."""
    deliveries.move(
        c,
        delivery,
        Status.queued,
        worker=app.worker,
        now=app.clock.now(),
        reason="its network is preparing what it was given",
        quiet=delivery.staging_since is not None,
        not_before=until,
        **so_far,
    )


def _leave_nothing(app: App, delivery: Delivery, out: Outgoing) -> None:
    """Delete what was rendered of a picture that was taken back meanwhile."""
    if not delivery.from_submission:
        return
    with app.store.read() as c:
        standing = consented.standing(c, delivery)
    if standing is None or standing.stage != Stage.approved:
        rendering.forget([replace(delivery, frozen=out)], app.workspace)


def _publisher(app: App, delivery: Delivery) -> Publisher:
    """Return the account's publisher. One that can't be built (its secrets are missing) holds the account, no more."""
    try:
        return app.publisher(delivery.account)
    except UserError as error:
        raise AccountBlocked(str(error)) from None


def _begun(delivery: Delivery, publisher: Publisher, now: datetime) -> Staged | None:
    """Return what the network has of the very same post, ready or in the making, where it is still good."""
    if delivery.staged is None:
        return None
    if delivery.staged.again_at is not None:
        since = delivery.staging_since or now
        return delivery.staged if now - since < _LONGEST_STAGING else None
    return None if publisher.stage_expired(delivery.staged, now) else delivery.staged


def _is_out_already(app: App, delivery: Delivery, publisher: Publisher, out: Outgoing) -> bool:
    """Look whether a delivery that was queued after its time went out before the state knew of it."""
    found = publisher.find(out, Staged(), delivery.due_at - timedelta(minutes=5))
    if not isinstance(found, Receipt):
        return False
    with app.store.write() as c:
        if receipts.owner(c, delivery, found) is not None:
            return False  # that one says nothing about this one
        now, detail = app.clock.now(), f"was out already: {found.url}"
        deliveries.file_receipt(c, delivery, found, worker=app.worker, now=now, detail=detail, looked=True)
    return True


# ── at the due second ───────────────────────────────────────────────────────────────────────────────────


def send_next(app: App) -> bool:
    """Claim the next prepared delivery whose time has come and make the one visible call."""
    return _next(app, Wanted(send=True))


def _to_send(c: Connection, app: App, taken: list[Delivery], now: datetime, most: int) -> list[Delivery | bool]:
    """Take what is to leave now, with the intent to send it; True stands for what can't go."""
    claimed = claims.claim_to_send(c, worker=app.worker, now=now, lease=LEASE, most=most)
    taken.extend(claimed)
    if not claimed:
        return []
    judged = settling.judging(c, app)
    return [_may_leave(c, app, one, judged, now) for one in claimed]


def _send(app: App, sending: Delivery, started: float) -> None:
    app.calling.add(sending.id)
    try:
        _publish(app, sending, started)
    finally:
        app.calling.discard(sending.id)


def _may_leave(c: Connection, app: App, delivery: Delivery, judged: Judge, now: datetime) -> Delivery | bool:
    verdict = judged(delivery, now)
    sending = claims.mark_sending(c, delivery, now=now, lease=LEASE) if verdict.kind is Kind.go else None
    if sending is not None:
        return sending
    settling.apply(c, app, delivery, verdict, now)
    return True


def _publish(app: App, sending: Delivery, started: float) -> None:
    try:
        publisher = _publisher(app, sending)
        if sending.frozen is None or sending.staged is None or _expired(publisher, sending, app):
            raise TryLater("what was prepared has expired and is prepared again")
        shown = rendering.at_hand(sending, publisher, app.workspace) if publisher.reads_late else sending.frozen
        if _stood_still(app, sending, started):
            raise TryLater("this machine stood still between the intent and the call")
    except PublishError as error:
        settling.surely(app, partial(settling.not_sent, app, sending, error, restage=True))
        return
    except Exception as error:
        fault = Rejected(f"unexpected fault before sending: {type(error).__name__}")
        settling.surely(app, partial(settling.not_sent, app, sending, fault))
        return
    try:
        receipt = publisher.publish(sending.next_of(shown), sending.staged)
    except (Rejected, AccountBlocked, TryLater) as error:
        settling.surely(app, partial(settling.not_sent, app, sending, error))
    except Exception as error:
        settling.surely(app, partial(_unknown, app, sending, error, publisher))
    else:
        settling.surely(app, partial(_sent, app, sending, receipt, publisher))


def _sent(app: App, sending: Delivery, receipt: Receipt, publisher: Publisher) -> None:
    def filed(c: Connection) -> str | None:
        other = receipts.owner(c, sending, receipt)
        if other is None:
            deliveries.file_receipt(c, sending, receipt, worker=app.worker, now=app.clock.now(), detail="")
        return other

    other = _write(app, filed)
    if other is not None:
        _unknown(app, sending, OutcomeUnknown(f"its network named a post that is {other}'s"), publisher)


def _stood_still(app: App, sending: Delivery, started: float) -> bool:
    """Tell whether the machine slept, or was stopped, since the intent was written: both clocks are asked."""
    begun = sending.sending_at or app.clock.now()
    return time.monotonic() - started > LEASE.total_seconds() / 3 or abs(app.clock.now() - begun) > LEASE / 3


def _expired(publisher: Publisher, sending: Delivery, app: App) -> bool:
    """Tell whether what was prepared is no longer good, or never was ready."""
    staged = sending.staged
    return staged is not None and (staged.again_at is not None or publisher.stage_expired(staged, app.clock.now()))


def _unknown(app: App, sending: Delivery, error: Exception, publisher: Publisher) -> None:
    reason = str(error) if isinstance(error, OutcomeUnknown) else f"unexpected fault: {type(error).__name__}"
    now = app.clock.now()
    first = publisher.looks[0] if publisher.looks else timedelta()
    said = f"may have gone out, is being looked up: {reason}"
    with app.store.write() as c:
        deliveries.move(c, sending, Status.unknown, worker=app.worker, now=now, reason=said, next_look_at=now + first)


def settle(app: App) -> bool:
    """Say of what can't go any more, or not now, why: past its window, due under a pause, or without a consent."""
    return app.together(_settled, None)


def _settled(app: App, asked: Sequence[None]) -> list[bool]:
    return [_settle(app)] * len(asked)


def _settle(app: App) -> bool:
    now = app.clock.now()
    with app.store.read() as c:
        stuck = [*deliveries.past_window(c, now), *deliveries.blocked_by_pause(c, now), *consented.blocked(c, now)]
    if not stuck:
        return False
    with app.store.write() as c:
        judged = settling.judging(c, app)
        for found in stuck:
            delivery = deliveries.by_id(c, found.id)
            if delivery.fence == found.fence and delivery.status == found.status:
                settling.apply(c, app, delivery, judged(delivery, now), now)
    return True
