"""The audit, read back: entries newest first, and the chain as it should be. `controls.note` writes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from scheduler.store.controls import chained
from scheduler.store.records import from_micros
from scheduler.store.tables import audit


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that somebody did."""

    id: int
    at: datetime
    who: str
    what: str
    detail: str
    hash: str


def newest(c: Connection, *, after: int, limit: int, who: str = "", what: str = "") -> list[Entry]:
    """Return entries, newest first, older than the one with the id `after` (0: from the newest)."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if after:
        query = query.where(audit.c.id < after)
    if who:
        query = query.where(audit.c.who == who)
    if what:
        query = query.where(audit.c.what == what)
    return [_entry(row) for row in c.execute(query).mappings()]


def kinds(c: Connection) -> tuple[list[str], list[str]]:
    """Return every name and every kind of thing that the audit has."""
    who, what = (
        [str(value) for value in c.execute(select(column).distinct().order_by(column)).scalars()]
        for column in (audit.c.who, audit.c.what)
    )
    return who, what


def chain(c: Connection) -> Iterator[tuple[Entry, str]]:
    """Give every entry, oldest first, with the hash that it should have."""
    before = ""
    for row in c.execute(select(audit).order_by(audit.c.id)).mappings():
        entry = _entry(row)
        yield entry, chained(before, row["at"], entry.who, entry.what, entry.detail)
        before = entry.hash


def _entry(row: Any) -> Entry:
    plain = {name: row[name] for name in ("id", "who", "what", "detail", "hash")}
    return Entry(**plain, at=from_micros(row["at"]))
