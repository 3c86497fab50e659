"""Where a delivery goes that doesn't leave, or didn't: filed surely, for nobody else knows it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from scheduler.app import App
from scheduler.errors import AccountBlocked, PublishError, TryLater
from scheduler.rules import GO, Kind, Verdict, verdict
from scheduler.status import Status
from scheduler.store import Connection, Delivery, StateAwayError, StateError, consented, controls, deliveries

_FIRST_DELAY = timedelta(seconds=20)
_SOONEST = timedelta(seconds=1)
_LONGEST_DELAY = timedelta(minutes=10)
_LONGEST_LIMIT = timedelta(days=1)  # no network's is longer: one that names a later moment is asked again then
_WHILE_AWAY = (0.1, 0.2, 0.5, 1, 2, 5, 5, 10, 20, 20)  # seconds, together well under a lease


def judging(c: Connection, app: App) -> Callable[[Delivery, datetime], Verdict]:
    """Return what gives the rules' word on a delivery at a moment, by all that is known in this transaction."""
    released, pauses = controls.released(c), controls.all_pauses(c)

    def judged(delivery: Delivery, now: datetime) -> Verdict:
        return verdict(
            delivery,
            now=now,
            workspace=app.workspace,
            released=delivery.action in released,
            pauses=pauses,
            standing=consented.standing(c, delivery) if delivery.from_submission else None,
        )

    return judged


def apply(c: Connection, app: App, delivery: Delivery, judged: Verdict, now: datetime) -> None:
    """Move a delivery that doesn't go to where its verdict says."""
    if judged.kind is Kind.miss:
        deliveries.move(c, delivery, Status.missed, worker=app.worker, now=now, reason=judged.reason)
    elif judged.kind is Kind.hold and delivery.status is not Status.held:
        deliveries.move(c, delivery, Status.held, worker=app.worker, now=now, hold=judged.hold, reason=judged.reason)
    elif judged.kind is Kind.wait or judged is GO:
        until = judged.until or now + _FIRST_DELAY
        deliveries.move(c, delivery, Status.queued, worker=app.worker, now=now, reason=judged.reason, not_before=until)


def not_sent(app: App, delivery: Delivery, error: PublishError, *, restage: bool = False) -> None:
    """File a failure of which it is certain that nothing went out."""
    now = app.clock.now()
    with app.store.write() as c:
        current = deliveries.by_id(c, delivery.id)
        if (current.fence, current.lease_owner) != (delivery.fence, delivery.lease_owner):
            return  # another worker has it by now; it finds out by itself
        if isinstance(error, TryLater):
            _put_off(c, app, current, error, now, restage=restage)
        elif isinstance(error, AccountBlocked):
            controls.pause(c, "account", current.account, why=str(error), now=now, kind="blocked")
            reason = f"account: {current.account} can't be used: {error}"
            deliveries.move(c, current, Status.held, worker=app.worker, now=now, hold="account", reason=reason)
        else:
            which = f"part {current.part} of {current.length} was refused: " if current.parts else ""
            deliveries.move(c, current, Status.failed, worker=app.worker, now=now, reason=f"{which}{error}")


def _put_off(c: Connection, app: App, delivery: Delivery, error: TryLater, now: datetime, *, restage: bool) -> None:
    """Queue a delivery again, later; what the network was given may be what it disliked, so it is given anew."""
    delay = min(_FIRST_DELAY * 2**delivery.delays, _LONGEST_DELAY)
    # A moment that has passed is no answer: clocks differ, and the network would be asked without end.
    named = max(error.at, now + _SOONEST) if error.at is not None and error.at > now else now + delay
    until = min(named, now + _LONGEST_LIMIT)
    deliveries.move(
        c,
        delivery,
        Status.queued,
        worker=app.worker,
        now=now,
        reason=f"put off: {error}",
        not_before=None if restage else until,  # at once, whatever the clock says: it may be what went wrong
        delays=min(delivery.delays + 1, 10),
        staged=None,
        staging_since=None,
    )
    if error.at is not None:
        deliveries.put_off(c, delivery.account, until)


def surely(app: App, file: Callable[[], None]) -> None:
    """File what came of a call; while the database is away, again: nobody else knows it."""
    for seconds in _WHILE_AWAY:
        try:
            file()
        except StateAwayError:
            app.clock.sleep(seconds)
        else:
            return
    file()


@contextmanager
def given_back(app: App, *in_hand: Delivery) -> Iterator[list[Delivery]]:
    """Put back what was taken where the state fails before anything was sent: it needn't wait for its lease to end."""
    taken = [*in_hand]
    try:
        yield taken
    except StateError:
        for delivery in taken:
            why = TryLater("the state didn't answer before anything was sent")
            surely(app, partial(not_sent, app, delivery, why, restage=True))
        raise
