"""One call from cron in the daemon's place."""

from datetime import datetime, timedelta

from scheduler.app import App
from scheduler.operations import deliver, recover
from scheduler.operations.put_away import put_away
from scheduler.operations.renew import renew
from scheduler.store import controls

_RENEW_EVERY = timedelta(hours=1)
_RENEWED = "renewed_at"  # the fact of the state that says when a call last did it


def run_once(app: App) -> int:
    """Do all that is due now, and return how many steps that took: for cron."""
    steps = 0
    while recover.step(app) or deliver.step(app):
        steps += 1
    put_away(app, {})
    _renew_hourly(app)  # after what is due: a network that is slow at it keeps no post waiting
    return steps


def _renew_hourly(app: App) -> None:
    """Renew what lets us in, where no call of the last hour did."""
    now = app.clock.now()
    with app.store.write() as c:
        last = controls.get_meta(c, _RENEWED)
        if last is not None and timedelta() <= now - datetime.fromisoformat(last) < _RENEW_EVERY:
            return
        controls.set_meta(c, _RENEWED, now.isoformat())
    renew(app, {})
