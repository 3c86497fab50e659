"""What in the state needs a person at one moment: keys and names, and nothing of what posts say."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from scheduler.needs import Kind, Need
from scheduler.status import Status
from scheduler.store import controls
from scheduler.store.records import to_micros
from scheduler.store.tables import contributions, deliveries, pauses, submissions, tasks
from scheduler.submission import Stage

SOON = timedelta(hours=24)
"""How near its time must be for what waits for somebody's word to be told."""

STUCK = timedelta(minutes=5)
"""How long something may be due and not leave, though nothing keeps it."""

STORAGE_ASKS = "private files ask"
"""The fact of the state that says that a person has to see whose the files in the storage are."""

_DAY = timedelta(days=1)
_WAITS = (str(Status.queued), str(Status.claimed), str(Status.staged))
_IN_HAND = (str(Status.claimed), str(Status.staged), str(Status.sending))


def needs(c: Connection, now: datetime, *, since: datetime | None = None) -> list[Need]:
    """Return what needs a person.

    `since`: when the daemon that asks began; what came due while nobody ran is given its time.
    """
    found = [Need(kind=kind, about=str(about)) for kind, query in _queries(now) for about in c.execute(query).scalars()]
    if (since is None or since <= now - STUCK) and _overdue(c, now - STUCK, now):
        found.append(Need(kind=Kind.overdue))
    if _restored(c):
        found.append(Need(kind=Kind.restored))
    if controls.get_meta(c, STORAGE_ASKS):
        found.append(Need(kind=Kind.storage))
    return list(dict.fromkeys(found))


def _queries(now: datetime) -> list[tuple[Kind, Select[Any]]]:
    soon = deliveries.c.due_at <= to_micros(now + SOON)
    held = select(deliveries.c.key).where(deliveries.c.status == str(Status.held))
    return [
        (Kind.outcome, select(deliveries.c.key).where(deliveries.c.status == str(Status.needs_human))),
        (Kind.takedown, select(deliveries.c.key).join_from(tasks, deliveries).where(tasks.c.done_at.is_(None))),
        (Kind.account, select(pauses.c.name).where(pauses.c.kind == "blocked")),
        (Kind.account, _held("account").with_only_columns(deliveries.c.account).distinct()),
        (Kind.late, held.where(deliveries.c.hold == "late")),
        (Kind.budget, held.where(deliveries.c.hold == "budget")),
        (Kind.failed, select(deliveries.c.key).where(deliveries.c.status == str(Status.failed))),
        (Kind.approval, held.where(deliveries.c.hold == "approval", soon)),
        (Kind.release, _held("release").with_only_columns(deliveries.c.action).where(soon).distinct()),
        (Kind.moderation, _unmoderated(soon)),
        (Kind.moderation, _old(now)),
    ]


def _held(hold: str) -> Select[Any]:
    return select(deliveries).where(deliveries.c.status == str(Status.held), deliveries.c.hold == hold)


def _unmoderated(soon: Any) -> Select[Any]:
    """Ask for the actions of submissions that have a slot soon, and not the moderators' word on what they are now."""
    waits = or_(
        submissions.c.stage == str(Stage.pending),
        and_(submissions.c.stage == str(Stage.approved), deliveries.c.hold == "consent"),
    )
    return (
        select(submissions.c.action)
        .join_from(contributions, deliveries, contributions.c.delivery_id == deliveries.c.id)
        .join(submissions, submissions.c.id == contributions.c.submission_id)
        .where(deliveries.c.status.in_([str(Status.queued), str(Status.held), str(Status.staged)]), soon, waits)
        .distinct()
    )


def _old(now: datetime) -> Select[Any]:
    """Ask for the actions to which something was handed in before yesterday that nobody has decided on."""
    before = (now - _DAY).date().isoformat()
    where = (submissions.c.stage == str(Stage.pending), submissions.c.day < before)
    return select(submissions.c.action).where(*where).distinct()


def _overdue(c: Connection, before: datetime, now: datetime) -> bool:
    """Tell whether anything has been free to leave since a moment, or is in the hand of a worker that fell silent."""
    moment = to_micros(before)
    paused = or_(
        pauses.c.scope == "all",
        and_(pauses.c.scope == "action", pauses.c.name == deliveries.c.action),
        and_(pauses.c.scope == "account", pauses.c.name == deliveries.c.account),
    )
    busy = deliveries.alias("busy")
    ahead = (busy.c.account == deliveries.c.account, busy.c.lease_until > to_micros(now))
    free = select(deliveries.c.id).where(
        deliveries.c.status.in_(_WAITS),
        deliveries.c.due_at < moment,
        func.coalesce(deliveries.c.not_before, 0) < moment,
        ~select(pauses.c.scope).where(paused).exists(),
        ~select(busy.c.id).where(*ahead, busy.c.lease_owner.is_not(None)).exists(),
    )
    silent = select(deliveries.c.id).where(deliveries.c.status.in_(_IN_HAND), deliveries.c.lease_until < moment)
    return any(c.execute(query.limit(1)).first() for query in (free, silent))


def _restored(c: Connection) -> bool:
    """Tell whether everything is still paused since a copy of the state was put back."""
    restored = controls.get_meta(c, "restored_at")
    if restored is None:
        return False
    at = datetime.fromisoformat(restored)
    return any(one.scope == "all" and one.at <= at for one in controls.all_pauses(c))
