"""The history of what ended long ago, condensed: what repeated itself is counted, the rest stays word for word.

It goes through the steps in the order in which they were written and looks at each once; how far it has come stands in
the state. So it costs the same whether the state is a week or ten years old.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from scheduler.status import Status
from scheduler.store import controls
from scheduler.store.records import from_micros, to_micros
from scheduler.store.tables import deliveries, events, meta

OLD = timedelta(days=90)
"""How long after its last step the history of a delivery stays whole: long enough for a report on a quarter."""

ROLLED_UP = "rolled-up"
"""The step that stands for those that were condensed."""

SAID = "{number} steps like those before and after, until {until:%Y-%m-%d %H:%M} UTC: {kinds}"
"""What it says of them; the pages say it in the reader's language."""

_MARK = "rolled_up_to"  # the trigger lets what is older go; there only within the transaction below
_SEEN = "rolled_up_event"  # the number of the last step that was looked at
_AT_ONCE = 500  # steps a transaction: others wait for it
_ENDED = [str(one) for one in (Status.published, Status.withdrawn, Status.cancelled, Status.missed, Status.failed)]
# What was sent, and what people said, is never condensed: neither their kinds, nor the word on a part of a thread.
_ROUTINE = [
    *(str(one) for one in (Status.queued, Status.held, Status.claimed, Status.staged, Status.unknown)),
    *("edited", "withdraw-failed"),
]
_SAID = re.compile(r"part \d|says |put back by |://")
_NUMBER = re.compile(r"\d+")


def roll_up(c: Connection, *, worker: str, now: datetime) -> int | None:
    """Condense the history of some deliveries; return how many steps went, None where there was nothing to look at.

    Of each delivery that has ended, with its last step older than `OLD`: of steps that say the same but for numbers the
    first and the last stay; one step says how many others there were. Only for a transaction that is alone.
    """
    before = to_micros(now - OLD)
    seen = int(controls.get_meta(c, _SEEN) or 0)
    query = select(events.c.id, events.c.delivery_id, events.c.at).where(events.c.id > seen)
    found = list(c.execute(query.order_by(events.c.id).limit(_AT_ONCE)))
    while found and found[-1].at >= before:  # by number, not by time: a clock may have been set back
        found.pop()
    if not found:
        return None
    ended = select(deliveries.c.id).where(deliveries.c.id.in_({row.delivery_id for row in found}))
    ended = ended.where(deliveries.c.status.in_(_ENDED), deliveries.c.lease_owner.is_(None))
    steps = c.execute(select(events).where(events.c.delivery_id.in_(ended)).order_by(events.c.id)).all()
    stories: dict[int, list[Any]] = {}
    for step in steps:
        stories.setdefault(step.delivery_id, []).append(step)
    controls.set_meta(c, _MARK, str(before))
    gone = sum(_condense(c, story, before, worker) for story in stories.values())
    c.execute(delete(meta).where(meta.c.name == _MARK))
    controls.set_meta(c, _SEEN, str(found[-1].id))
    return gone


def _condense(c: Connection, steps: Sequence[Any], before: int, worker: str) -> int:
    if any(step.at >= before for step in steps):
        return 0  # it is looked at again when that step is old
    surplus = _between(steps)
    if len(surplus) < 2:
        return 0
    kinds = ", ".join(f"{kind} {count}" for kind, count in Counter(step.event for step in surplus).items())
    until = from_micros(max(step.at for step in surplus))
    c.execute(delete(events).where(events.c.id.in_([step.id for step in surplus])))
    story = {
        "id": surplus[0].id,  # its place in the story is where they were
        "delivery_id": surplus[0].delivery_id,
        "at": surplus[0].at,
        "event": ROLLED_UP,
        "detail": SAID.format(number=len(surplus), until=until, kinds=kinds),
        "worker": worker,
    }
    c.execute(insert(events).values(story))
    return len(surplus)


def _between(steps: Sequence[Any]) -> list[Any]:
    """Return the routine steps that are neither the first nor the last to say what they say."""
    alike: dict[tuple[str, str], list[Any]] = {}
    for step in steps:
        if step.event in _ROUTINE and not _SAID.search(step.detail):
            alike.setdefault((step.event, _NUMBER.sub("0", step.detail)), []).append(step)
    return sorted((step for group in alike.values() for step in group[1:-1]), key=lambda step: int(step.id))
