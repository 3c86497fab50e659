"""What may be fetched by a network at this moment: the files of what is in hand, and of nothing else."""

import json
from datetime import datetime

from sqlalchemy import Connection, text

from scheduler.model import Medium
from scheduler.store import consented
from scheduler.store.records import outgoing_from, to_micros

# In hand: being prepared, prepared, on its way, or not yet known to have arrived; not what only waits, and not what is
# out, cancelled, held or failed. A thread shows its pictures in its first part: once that is out they are out. The hash
# is hexadecimal: nothing in it means anything to LIKE.
_IN_HAND = text(
    f"""SELECT d.frozen FROM deliveries d
    WHERE d.status IN ('claimed', 'queued', 'staged', 'sending', 'unknown') AND d.frozen IS NOT NULL
      AND (d.status <> 'queued' OR d.staged IS NOT NULL) AND NOT d.withdraw_wanted AND d.parts IS NULL
      AND d.frozen LIKE :holds AND {consented.CONSENTED}"""  # noqa: S608 - of a text of ours
)


def in_hand(c: Connection, sha256: str, *, now: datetime) -> Medium | None:
    """Return the picture or film with this hash, if a delivery that shows it is in hand and may still go."""
    values = {"holds": f'%"{sha256}"%', "now": to_micros(now), "today": consented.today(now)}
    for (frozen,) in c.execute(_IN_HAND, values):
        for medium in outgoing_from(json.loads(frozen)).media:
            if medium.sha256 == sha256:
                return medium
    return None
