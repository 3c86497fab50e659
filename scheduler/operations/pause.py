"""Hold everything, an action or an account; and let go again without letting anything out by itself."""

import unicodedata
from datetime import UTC, datetime, timedelta

from scheduler.app import App
from scheduler.errors import UserError
from scheduler.rules import covers
from scheduler.status import Status
from scheduler.store import Connection, Delivery, Pause, controls, deliveries

_BY_PAUSE = frozenset({"pause", "account"})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)


def pause(app: App, *, scope: str, name: str, why: str, who: str) -> bool:
    """Hold a scope in one step; from this moment no delivery of it leaves. False when it was held already."""
    now, why = app.clock.now(), _line(why)
    with app.store.write() as c:
        done = controls.pause(c, scope, name, why=why, now=now)
        if done:
            controls.note(c, "pause", f"{scope} {name}: {why}", who=who, now=now)
    return done


def _line(text: str) -> str:
    """Return a text in one line: it comes to stand in logs."""
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())


def resume(app: App, *, scope: str, name: str, who: str) -> list[Delivery]:
    """Lift a pause. What came due in the meantime stays held, for a person to decide; it is returned.

    Raises:
        UserError: nothing of that name is paused.
    """
    now = app.clock.now()
    with app.store.write() as c:
        lifted = [one for one in controls.all_pauses(c) if (one.scope, one.name) == (scope, name)]
        if not lifted or not controls.resume(c, scope, name):
            held = ", ".join(_say(one) for one in controls.all_pauses(c)) or "nothing"
            msg = f"{name or 'everything'} is not paused; paused now: {held}"
            raise UserError(msg)
        controls.note(c, "resume", f"{scope} {name}", who=who, now=now)
        return _hold_what_came_due(c, app, lifted[0], now)


def late_after(app: App, *, scope: str, name: str) -> list[Delivery]:
    """Return what `resume` would hold as late: it came due under this pause, and under no other. Changes nothing."""
    now = app.clock.now()
    with app.store.read() as c:
        pauses = controls.all_pauses(c)
        lifted = next((one for one in pauses if (one.scope, one.name) == (scope, name)), None)
        if lifted is None:
            return []
        waits = (Status.queued, Status.held, Status.staged)
        action, account = (name if scope == wanted else "" for wanted in ("action", "account"))
        due = deliveries.between(c, _LONG_AGO, now + _INSTANT, action=action, account=account, statuses=waits)
    others = [one for one in pauses if one is not lifted]
    return [one for one in due if _waits(one) and not any(covers(other, one) for other in others)]


def _waits(delivery: Delivery) -> bool:
    return delivery.status is not Status.held or delivery.hold in _BY_PAUSE


def _say(pause: Pause) -> str:
    return "everything" if pause.scope == "all" else f"{pause.scope} {pause.name}"


def _hold_what_came_due(c: Connection, app: App, lifted: Pause, now: datetime) -> list[Delivery]:
    others = controls.all_pauses(c)
    held = []
    for delivery in deliveries.in_status(c, Status.queued, Status.held, Status.staged):
        by_pause = delivery.status is Status.held and delivery.hold in _BY_PAUSE
        if not _waits(delivery) or not covers(lifted, delivery) or any(covers(other, delivery) for other in others):
            continue
        if delivery.due_at > now:
            if by_pause:  # held while it was prepared; its time is still to come
                deliveries.move(c, delivery, Status.queued, worker=app.worker, now=now, fenced=False)
            continue
        reason = (
            "late: came due while it was paused: "
            f"`solidarity retry {delivery.key}` sends it, `solidarity cancel {delivery.key}` drops it"
        )
        if delivery.status is Status.held:
            deliveries.set_columns(c, delivery, hold="late", reason=deliveries.with_parts(delivery, reason))
        else:
            deliveries.move(
                c, delivery, Status.held, worker=app.worker, now=now, hold="late", reason=reason, fenced=False
            )
        held.append(deliveries.by_id(c, delivery.id))
    return held
