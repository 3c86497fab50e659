"""What people decide, and what the daemon says of itself: pauses, releases, tasks, audit, heartbeat, meta."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from scheduler.store import leases
from scheduler.store.entries import Pause, Task
from scheduler.store.prepared import Plain
from scheduler.store.records import from_micros, to_micros
from scheduler.store.tables import audit, deliveries, heartbeats, meta, pauses, releases, tasks

ALIVE = leases.ALIVE
"""How old a daemon's last sign of life may be."""

_PAUSES = Plain("SELECT scope, name, kind, why, at FROM pauses ORDER BY at")
_RELEASED = Plain("SELECT action FROM releases")


def pause(c: Connection, scope: str, name: str, *, why: str, now: datetime, kind: str = "pause") -> bool:
    """Hold everything, an action or an account; False when it was held already (the first reason stays)."""
    where = (pauses.c.scope == scope, pauses.c.name == name)
    if c.execute(select(pauses.c.scope).where(*where)).first():
        return False
    c.execute(insert(pauses).values(scope=scope, name=name, why=why, at=to_micros(now), kind=kind))
    return True


def resume(c: Connection, scope: str, name: str) -> bool:
    """Lift a pause; False when there was none."""
    return c.execute(delete(pauses).where(pauses.c.scope == scope, pauses.c.name == name)).rowcount == 1


def all_pauses(c: Connection) -> list[Pause]:
    """Return what is held, oldest first."""
    found = _PAUSES.rows(c, {})
    return [
        Pause(scope=scope, name=name, kind=kind, why=why, at=from_micros(at)) for scope, name, kind, why, at in found
    ]


def release(c: Connection, action: str, *, now: datetime) -> bool:
    """Open an action that waits for a person's word; False when it was open already."""
    if c.execute(select(releases.c.action).where(releases.c.action == action)).first():
        return False
    c.execute(insert(releases).values(action=action, at=to_micros(now)))
    return True


def released(c: Connection) -> frozenset[str]:
    """Return the actions that a person has opened."""
    return frozenset(action for (action,) in _RELEASED.rows(c, {}))


def add_task(c: Connection, delivery_id: int, what: str, *, now: datetime) -> None:
    """Ask a person to do something about a delivery; while another task about it is open that one is enough."""
    if not c.execute(select(tasks.c.id).where(tasks.c.delivery_id == delivery_id, tasks.c.done_at.is_(None))).first():
        c.execute(insert(tasks).values(delivery_id=delivery_id, what=what, at=to_micros(now)))


def end_tasks(c: Connection, delivery_ids: Any, *, now: datetime) -> int:
    """End the open tasks about these deliveries (a list, or a query); return how many there were."""
    where = (tasks.c.delivery_id.in_(delivery_ids), tasks.c.done_at.is_(None))
    return int(c.execute(update(tasks).where(*where).values(done_at=to_micros(now))).rowcount)


def open_tasks(c: Connection) -> list[Task]:
    """Return what people still have to do."""
    query = select(deliveries.c.key, tasks.c.what, tasks.c.at, tasks.c.id).join_from(tasks, deliveries)
    found = c.execute(query.where(tasks.c.done_at.is_(None)).order_by(tasks.c.id))
    return [Task(key=key, what=what, at=from_micros(at), id=number) for key, what, at, number in found]


def done_task(c: Connection, number: int, *, now: datetime) -> int | None:
    """Note that a person has done a task; return the delivery's id, or None when it was done already."""
    where = (tasks.c.id == number, tasks.c.done_at.is_(None))
    return c.execute(update(tasks).where(*where).values(done_at=to_micros(now)).returning(tasks.c.delivery_id)).scalar()


def note(c: Connection, what: str, detail: str, *, who: str, now: datetime) -> None:
    """Write into the audit what a person did. Each entry carries the hash of itself and of the one before it."""
    before = c.execute(select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)).scalar() or ""
    at = to_micros(now)
    values = {"at": at, "who": who, "what": what, "detail": detail, "hash": chained(before, at, who, what, detail)}
    c.execute(insert(audit).values(values))


def chained(before: str, at: int, who: str, what: str, detail: str) -> str:
    """Return the hash of an entry of the audit; `before` is the hash of the one before it, empty for the first."""
    entry = json.dumps([before, at, who, what, detail], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(entry.encode()).hexdigest()


def beat(c: Connection, worker: str, now: datetime) -> None:
    """Say that a daemon is alive."""
    values = {"at": to_micros(now)}
    if c.execute(update(heartbeats).where(heartbeats.c.worker == worker).values(values)).rowcount == 0:
        c.execute(insert(heartbeats).values(worker=worker, **values))


def forget_worker(c: Connection, worker: str) -> None:
    """Say that a daemon has ended."""
    c.execute(delete(heartbeats).where(heartbeats.c.worker == worker))


def beats(c: Connection) -> dict[str, datetime]:
    """Return each daemon's last sign of life."""
    return {worker: from_micros(at) for worker, at in c.execute(select(heartbeats.c.worker, heartbeats.c.at))}


def alive(c: Connection, now: datetime) -> dict[str, datetime]:
    """Return the daemons that run, as far as one can tell, with their last sign of life."""
    return leases.alive(beats(c), now)


def get_meta(c: Connection, name: str) -> str | None:
    """Return a fact about the state itself."""
    value: Any = c.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return None if value is None else str(value)


def set_meta(c: Connection, name: str, value: str) -> None:
    """Store a fact about the state itself."""
    if c.execute(update(meta).where(meta.c.name == name).values(value=value)).rowcount == 0:
        c.execute(insert(meta).values(name=name, value=value))
