"""Take back what was lent out from a storage, as soon as its post is out or isn't to go.

Where machines share their private files, what belongs to nothing any more goes too, here and in the storage.
"""

import logging
from collections.abc import MutableMapping
from datetime import datetime, timedelta

from scheduler import app as parts
from scheduler import blobs, sharing, storage
from scheduler.app import App
from scheduler.errors import AccountBlocked, PublishError
from scheduler.files import MachineError
from scheduler.store import controls, lent, needs

_LOG = logging.getLogger(__name__)
_AGAIN = timedelta(minutes=5)
_HERE, _THERE = "copies", "strays"
_HERE_AGAIN = timedelta(seconds=10)


def put_away(app: App, times: MutableMapping[str, datetime]) -> int:
    """Delete from the storage whatever no delivery in hand lends any more; return how many files that were.

    What may still be on its way there is deleted again each time, until it can't arrive any more. What lies in a
    storage that config.yaml named before is never forgotten: `doctor` says so until a person has seen to it.

    `times` remembers when to try again what could not be deleted; begin with an empty one.
    """
    bucket, now = parts.bucket(app.workspace, app.clock), app.clock.now()
    if blobs.shared(app.workspace):
        _let_go(app, times, now)
    done = 0
    for note in storage.notes(app.workspace.var):
        with app.store.read() as c:
            if times.get(note.name, now) > now or lent.in_hand(c, note.sha256, now=now) is not None:
                continue
        try:
            done += _delete(bucket, note)
            times.pop(note.name, None)
        except PublishError as error:
            times[note.name] = now + _AGAIN
            _LOG.error("a file lies in the storage that should be gone, and will be tried again: %s", error)
    return done


def _let_go(app: App, times: MutableMapping[str, datetime], now: datetime) -> None:
    """Delete the copies here of what is over, which asks no storage; then, now and then, what is left there."""
    if times.get(_HERE, now) <= now:
        times[_HERE] = now + _HERE_AGAIN
        sharing.sweep_here(app)
    if times.get(_THERE, now) <= now:
        times[_THERE] = now + _AGAIN
        try:
            sharing.sweep_there(app)
            _ask(app, "")
        except blobs.AwayError as error:
            _LOG.error("what belongs to nothing can't be deleted from the storage, and will be: %s", error)
        except MachineError as error:
            _ask(app, "yes")
            _LOG.error("nothing is swept in the storage: %s", error)


def _ask(app: App, asks: str) -> None:
    """Note whether a person is needed, or no longer."""
    with app.store.read() as c:
        if (controls.get_meta(c, needs.STORAGE_ASKS) or "") == asks:
            return
    with app.store.write() as c:
        controls.set_meta(c, needs.STORAGE_ASKS, asks)


def _delete(bucket: storage.Bucket | None, note: storage.Note) -> bool:
    if bucket is None or not bucket.holds(note):
        where = note.place or "the storage"
        raise AccountBlocked(f"config.yaml doesn't name {where} any more: `solidarity doctor` says what to do")
    return bucket.delete(note)
