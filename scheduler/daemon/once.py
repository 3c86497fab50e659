"""One call from cron in the daemon's place."""

import logging
from datetime import datetime, timedelta

from scheduler import belonging
from scheduler.app import App
from scheduler.errors import SchedulerError
from scheduler.notices import Sender
from scheduler.operations import deliver, recover
from scheduler.operations.notify import notify
from scheduler.operations.put_away import put_away
from scheduler.operations.renew import renew
from scheduler.store import controls

_LOG = logging.getLogger(__name__)
_RENEW_EVERY = timedelta(hours=1)
_RENEWED = "renewed_at"  # the fact of the state that says when a call last did it


def run_once(app: App) -> int:
    """Do all that is due now, and return how many steps that took: for cron.

    Raises:
        ClockError: this machine's clock and the database's differ.
        MachineError: an outbox account's posts lie on another machine.
    """
    app.heed_clock()
    belonging.require_outbox(app)
    steps = 0
    while recover.step(app) or deliver.step(app):
        steps += 1
    put_away(app, {})
    _renew_hourly(app)  # after what is due: a network that is slow at it keeps no post waiting
    _tell(app)
    return steps


def _tell(app: App) -> None:
    """Tell people that they are needed; that nobody can be told stops nothing."""
    try:
        notify(app, send=Sender().send)
    except SchedulerError as error:
        _LOG.warning("%s", error)


def _renew_hourly(app: App) -> None:
    """Renew what lets us in, where no call of the last hour did."""
    now = app.clock.now()
    with app.store.write() as c:
        last = controls.get_meta(c, _RENEWED)
        if last is not None and timedelta() <= now - datetime.fromisoformat(last) < _RENEW_EVERY:
            return
        controls.set_meta(c, _RENEWED, now.isoformat())
    renew(app, {})
