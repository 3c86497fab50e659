"""Give the slots that would stay empty to approved submissions that wait in the pool, the oldest first.

So are those served whose slot is gone because its file was edited: whoever approved them for "the next free slot" said
yes to whichever it is.
"""

from datetime import datetime, timedelta

from scheduler import moderation, slots
from scheduler.app import App
from scheduler.model import Action
from scheduler.posts import Loaded
from scheduler.slots import Slot
from scheduler.store import Connection, submissions
from scheduler.submission import Contribution, Placing

SOON = timedelta(hours=24)
"""How long before its time a slot that nobody has is filled: until then moderators may still give it to somebody."""


def fill(app: App, loaded: Loaded, *, ahead: timedelta | None = SOON) -> int:
    """Give each free slot due within `ahead` (any slot to come with None) to a submission; return how many.

    A submission goes out once; a slot of which no account is on a network that was consented to isn't for it.
    """
    now = app.clock.now()
    with app.store.read() as c:
        if not any(_waiting(c, app, action, now) for action in loaded.actions):
            return 0
    with app.store.write() as c:
        return sum(_fill(c, app, action, now, ahead) for action in loaded.actions)


def _waiting(c: Connection, app: App, action: Action, now: datetime) -> list[Contribution]:
    """Return who waits for a slot of an action: first those that lost theirs, then the pool."""
    if not slots.takes_submissions(action):
        return []
    known = {(slot.post, slot.occurrence) for slot in slots.slots(action, app.workspace)}
    lost = [
        one
        for one in submissions.placed(c, since=now)
        if one.submission.placing is not Placing.at and (one.submission.post, one.submission.occurrence) not in known
    ]
    return [
        one
        for one in (*lost, *submissions.pool(c))
        if one.submission.action == action.key and not moderation.has_run_out(one.consent, now.date())
    ]


def _fill(c: Connection, app: App, action: Action, now: datetime, ahead: timedelta | None) -> int:
    waiting = _waiting(c, app, action, now)
    taken = submissions.taken_slots(c, action.key) if waiting else frozenset()
    filled = 0
    for one in waiting:
        slot = _first(app, action, one, now, taken)
        pooled = one.submission.placing is Placing.pool
        if slot is None or (pooled and ahead is not None and slot.due_at > now + ahead):
            continue
        submissions.change(c, one.submission, post=slot.post, occurrence=slot.occurrence, due_at=slot.due_at)
        taken, filled = taken | {(slot.post, slot.occurrence)}, filled + 1
    return filled


def _first(
    app: App, action: Action, one: Contribution, now: datetime, taken: frozenset[tuple[str, str]]
) -> Slot | None:
    found = slots.free(
        action,
        app.workspace,
        taken=taken,
        now=now,
        networks=frozenset(one.consent.networks),
        not_before=one.submission.not_before,
    )
    return next(iter(found), None)
