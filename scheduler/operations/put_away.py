"""Take back what was lent out from a storage, as soon as its post is out or isn't to go."""

import logging
from collections.abc import MutableMapping
from datetime import datetime, timedelta

from scheduler import app as parts
from scheduler.app import App
from scheduler.errors import PublishError
from scheduler.store import lent

_LOG = logging.getLogger(__name__)
_AGAIN = timedelta(minutes=5)


def put_away(app: App, times: MutableMapping[str, datetime]) -> int:
    """Delete from the storage whatever no delivery in hand lends any more; return how many files that were.

    `times` remembers when to try again what could not be deleted; begin with an empty one.
    """
    bucket, now = parts.bucket(app.workspace, app.clock), app.clock.now()
    if bucket is None:
        return 0
    done = 0
    for name, sha256 in bucket.there().items():
        with app.store.read() as c:
            if lent.in_hand(c, sha256, now=now) is not None or times.get(name, now) > now:
                continue
        try:
            bucket.delete(name)
            times.pop(name, None)
            done += 1
        except PublishError as error:
            times[name] = now + _AGAIN
            _LOG.error("a file lies in the storage that should be gone, and will be tried again: %s", error)
    return done
