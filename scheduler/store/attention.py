"""What every page of staff tells at its top: how much waits for a person, and what is paused, by whom and why."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from scheduler.status import Status
from scheduler.store import controls
from scheduler.store.entries import Pause
from scheduler.store.tables import audit, deliveries, pauses, submissions, tasks
from scheduler.submission import Stage


@dataclass(frozen=True, kw_only=True)
class Attention:
    """How much waits for people."""

    submissions: int  # that wait for moderators
    needs: int  # deliveries that a person must settle, removals by hand, accounts that are refused


@dataclass(frozen=True, kw_only=True)
class Paused:
    """Something a person stopped, and who that was; `who` is empty where the audit doesn't say."""

    pause: Pause
    who: str


def attention(c: Connection) -> Attention:
    """Count what waits for people."""
    late = (deliveries.c.status == str(Status.held)) & deliveries.c.hold.in_(["late", "budget"])
    open_ends = (
        select(func.count()).where(or_(deliveries.c.status.in_([str(Status.needs_human), str(Status.failed)]), late)),
        select(func.count()).select_from(tasks).where(tasks.c.done_at.is_(None)),
        select(func.count()).select_from(pauses).where(pauses.c.kind == "blocked"),
    )
    waiting = select(func.count()).where(submissions.c.stage == str(Stage.pending))
    return Attention(
        submissions=int(c.execute(waiting).scalar_one()),
        needs=sum(int(c.execute(query).scalar_one()) for query in open_ends),
    )


def paused(c: Connection) -> list[Paused]:
    """Return what people stopped, oldest first. An account that its network refuses isn't among it."""
    found = []
    for pause in controls.all_pauses(c):
        if pause.kind == "pause":
            said = (audit.c.what == "pause", audit.c.detail == f"{pause.scope} {pause.name}: {pause.why}")
            query = select(audit.c.who).where(*said).order_by(audit.c.id.desc()).limit(1)
            found.append(Paused(pause=pause, who=c.execute(query).scalar() or ""))
    return found
