"""Whether the work goes on, by what stands in the state: nothing here asks a process."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, or_, select

from scheduler.status import Status
from scheduler.store import controls
from scheduler.store.leases import is_gone
from scheduler.store.records import from_micros, to_micros
from scheduler.store.tables import deliveries, events, meta, pauses, tasks

_WAITS = (str(Status.queued), str(Status.claimed), str(Status.staged))
_ENDS = (str(Status.published), str(Status.failed), str(Status.unknown), str(Status.needs_human), str(Status.missed))
_IN_HAND = (str(Status.claimed), str(Status.staged), str(Status.sending))


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """What the state tells of the worker at one moment."""

    heartbeat_at: datetime | None  # the youngest sign of life of a daemon that hasn't ended
    oldest_due_at: datetime | None  # of what could have left by now, and hasn't
    stuck: int  # in the hand of a worker past its lease
    tasks: int  # that only people can do
    paused: int
    blocked: int  # accounts that their networks refuse


def pulse(c: Connection, now: datetime) -> Pulse:
    """Return it."""
    paused = or_(
        pauses.c.scope == "all",
        (pauses.c.scope == "action") & (pauses.c.name == deliveries.c.action),
        (pauses.c.scope == "account") & (pauses.c.name == deliveries.c.account),
    )
    due = select(func.min(deliveries.c.due_at)).where(
        deliveries.c.status.in_(_WAITS),
        deliveries.c.due_at <= to_micros(now),
        func.coalesce(deliveries.c.not_before, 0) <= to_micros(now),
        ~select(pauses.c.scope).where(paused).exists(),
    )
    late = (deliveries.c.status.in_(_IN_HAND), deliveries.c.lease_until < to_micros(now))
    oldest = c.execute(due).scalar()
    held: dict[str, int] = {}
    for kind, number in c.execute(select(pauses.c.kind, func.count()).group_by(pauses.c.kind)):
        held[kind] = int(number)
    beats = [at for name, at in controls.beats(c).items() if not is_gone(name)]
    return Pulse(
        heartbeat_at=max(beats, default=None),
        oldest_due_at=None if oldest is None else from_micros(oldest),
        stuck=int(c.execute(select(func.count()).where(*late)).scalar_one()),
        tasks=int(c.execute(select(func.count()).where(tasks.c.done_at.is_(None))).scalar_one()),
        paused=held.get("pause", 0),
        blocked=held.get("blocked", 0),
    )


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A delivery that a worker brought to its end."""

    id: int  # of the step
    status: str
    late_seconds: float | None  # how long after its time it was published


def last_step(c: Connection) -> int:
    """Return the number of the youngest step of any delivery."""
    return int(c.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one())


def settled(c: Connection, *, worker: str, after: int) -> list[Settled]:
    """Return what a worker brought to its end in the steps after one."""
    query = (
        select(events.c.id, events.c.event, deliveries.c.published_at - deliveries.c.due_at)
        .join_from(events, deliveries)
        .where(events.c.id > after, events.c.worker == worker, events.c.event.in_(_ENDS))
    )
    return [
        Settled(id=number, status=event, late_seconds=None if late is None else late / 1_000_000)
        for number, event, late in c.execute(query)
    ]


def touch(c: Connection) -> None:
    """Take the right to write and change nothing: fails where the state can't be written."""
    c.execute(delete(meta).where(meta.c.name == "nothing has this name"))
