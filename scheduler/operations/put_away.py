"""Take back what was lent out from a storage, as soon as its post is out or isn't to go."""

import logging
from collections.abc import MutableMapping
from datetime import datetime, timedelta

from scheduler import app as parts
from scheduler import storage
from scheduler.app import App
from scheduler.errors import AccountBlocked, PublishError
from scheduler.store import lent

_LOG = logging.getLogger(__name__)
_AGAIN = timedelta(minutes=5)


def put_away(app: App, times: MutableMapping[str, datetime]) -> int:
    """Delete from the storage whatever no delivery in hand lends any more; return how many files that were.

    What may still be on its way there is deleted again each time, until it can't arrive any more. What lies in a
    storage that config.yaml named before is never forgotten: `doctor` says so until a person has seen to it.

    `times` remembers when to try again what could not be deleted; begin with an empty one.
    """
    bucket, now = parts.bucket(app.workspace, app.clock), app.clock.now()
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


def _delete(bucket: storage.Bucket | None, note: storage.Note) -> bool:
    if bucket is None or not bucket.holds(note):
        where = note.place or "the storage"
        raise AccountBlocked(f"config.yaml doesn't name {where} any more: `solidarity doctor` says what to do")
    return bucket.delete(note)
