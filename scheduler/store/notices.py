"""What each target was told, and how it takes it. Each function is one step inside a caller's transaction.

A target is known by its number, the line it stands on: its address is a secret. Whoever takes its turn tells it, and
nobody else until the turn is over or has run out: several daemons on one database say everything once.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, text, update

from scheduler.needs import Kind, Need
from scheduler.store.records import from_micros, to_json, to_micros
from scheduler.store.tables import notice_targets as targets
from scheduler.store.tables import notices


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a target was told of one need."""

    need: Need
    at: datetime
    times: int
    again_at: datetime
    gone_at: datetime | None = None  # since when it is no longer needed


@dataclass(frozen=True, kw_only=True)
class Target:
    """How a target takes what it is told."""

    number: int
    sent_at: datetime | None = None
    failures: int = 0  # in a row
    not_before: datetime | None = None
    claimed_until: datetime | None = None


def told(c: Connection, target: int) -> dict[Need, Told]:
    """Return what a target was told of what still waited then; of kinds that this version knows."""
    found = {}
    for kind, row in _rows(c, target).items():
        for about, (at, times, again_at, gone_at) in json.loads(row).items():
            one = Need(kind=kind, about=about)
            again, gone = from_micros(again_at), None if gone_at is None else from_micros(gone_at)
            found[one] = Told(need=one, at=from_micros(at), times=times, again_at=again, gone_at=gone)
    return found


def rows(told: Iterable[Told]) -> dict[Kind, str]:
    """Return what is told as the state keeps it: a text a kind, also where there are thousands."""
    found: dict[Kind, dict[str, object]] = {}
    for one in told:
        moments = [to_micros(one.at), one.times, to_micros(one.again_at), one.gone_at and to_micros(one.gone_at)]
        found.setdefault(one.need.kind, {})[one.need.about] = moments
    return {kind: to_json(about) for kind, about in found.items()}


def write(c: Connection, target: int, rows: Mapping[Kind, str]) -> None:
    """Keep what a target was told, in place of all that was kept of it. Only for whoever has its turn."""
    before = _rows(c, target)
    for kind in Kind:
        if rows.get(kind) == before.get(kind):
            continue
        c.execute(delete(notices).where(notices.c.target == target, notices.c.kind == str(kind)))
        if kind in rows:
            c.execute(insert(notices).values(target=target, kind=str(kind), told=rows[kind]))


def _rows(c: Connection, target: int) -> dict[Kind, str]:
    known = (notices.c.target == target, notices.c.kind.in_([str(kind) for kind in Kind]))
    found = c.execute(select(notices.c.kind, notices.c.told).where(*known))
    return {Kind(kind): text for kind, text in found}


def target(c: Connection, number: int) -> Target:
    """Return how a target stands."""
    row = c.execute(select(targets).where(targets.c.target == number)).mappings().first()
    if row is None:
        return Target(number=number)
    moments = {name: _moment(row[name]) for name in ("sent_at", "not_before", "claimed_until")}
    return Target(number=number, failures=row["failures"], **moments)


def take_turn(c: Connection, number: int, *, worker: str, now: datetime, until: datetime) -> bool:
    """Take the turn to tell a target; False where another has it.

    A turn that lies further ahead than this one would is another time's: somebody has set the clock back.
    """
    c.execute(text("INSERT INTO notice_targets (target) VALUES (:number) ON CONFLICT DO NOTHING"), {"number": number})
    held = targets.c.claimed_until
    free = or_(held.is_(None), held <= to_micros(now), held > to_micros(until))
    mine = {"claimed_by": worker, "claimed_until": to_micros(until)}
    return c.execute(update(targets).where(targets.c.target == number, free).values(mine)).rowcount == 1


def end_turn(c: Connection, number: int, *, worker: str, **values: datetime | int | None) -> bool:
    """Give the turn back, with what came of it; False where it has run out, and another has taken it."""
    changed = {name: to_micros(value) if isinstance(value, datetime) else value for name, value in values.items()}
    mine = (targets.c.target == number, targets.c.claimed_by == worker)
    ended = update(targets).where(*mine).values({**changed, "claimed_by": None, "claimed_until": None})
    return c.execute(ended).rowcount == 1


def forget_targets(c: Connection, count: int) -> None:
    """Forget the targets that there are no more: all from this number on."""
    for table in (notices, targets):
        c.execute(delete(table).where(table.c.target >= count))


def more_than(c: Connection, count: int) -> bool:
    """Tell whether there are targets that have to be forgotten."""
    return c.execute(select(targets.c.target).where(targets.c.target >= count).limit(1)).first() is not None


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)
