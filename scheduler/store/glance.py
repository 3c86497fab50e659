"""A look at a state without SQLAlchemy, whose start alone takes several times as long as the look.

It is meant for the plain case: a file of SQLite's in this version's form, at its place, of this very workspace, and
readable at once. Of any other state nothing is said here: it has to be opened (`open_store`), which says what is wrong
with it and the cure.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scheduler.store import watermark
from scheduler.store.entries import Pause, Task
from scheduler.store.form import HEAD, MOVED_TO
from scheduler.store.leases import alive
from scheduler.store.records import Delivery, from_micros, from_row

_FILE = "sqlite:///"
_UNLIKE_COLUMNS = ("late", "approved")  # fields of a Delivery that are made of these
_MADE_OF = ("late_after", "late_then", "approved_hash")
_NAMES = (*(name for name in Delivery.__dataclass_fields__ if name not in _UNLIKE_COLUMNS), *_MADE_OF)
COLUMNS = ", ".join(_NAMES)
"""The columns of a delivery, by name: where one isn't there, nothing can be read."""

_FORM = "SELECT version_num FROM alembic_version"
_FACTS = "SELECT name, value FROM meta"
_DELIVERIES = f"SELECT {COLUMNS} FROM deliveries ORDER BY due_at, key"  # noqa: S608 - of the names of columns
_PAUSES = "SELECT scope, name, kind, why, at FROM pauses ORDER BY at"
_TASKS = """SELECT d.key, t.what, t.at, t.id FROM tasks t JOIN deliveries d ON d.id = t.delivery_id
    WHERE t.done_at IS NULL ORDER BY t.id"""
_BEATS = "SELECT worker, at FROM heartbeats"
_HISTORY = """SELECT e.at, e.event, e.detail FROM events e JOIN deliveries d ON d.id = e.delivery_id
    WHERE d.key = ? ORDER BY e.id"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What stands in a state at one moment."""

    deliveries: list[Delivery]
    pauses: list[Pause]
    tasks: list[Task]
    alive: dict[str, datetime]


def everything(url: str, folder: Path, now: datetime) -> Seen | None:
    """Return what stands in the state of the workspace in `folder`; None where it has to be opened."""
    found = _asked(url, folder, (_DELIVERIES,), (_PAUSES,), (_TASKS,), (_BEATS,))
    if found is None:
        return None
    rows, pauses, tasks, beats = found
    return Seen(
        deliveries=[from_row(dict(zip(_NAMES, row, strict=True))) for row in rows],
        pauses=[
            Pause(scope=scope, name=name, kind=kind, why=why, at=from_micros(at))
            for scope, name, kind, why, at in pauses
        ],
        tasks=[Task(key=key, what=what, at=from_micros(at), id=number) for key, what, at, number in tasks],
        alive=alive({worker: from_micros(at) for worker, at in beats}, now),
    )


def history(url: str, folder: Path, key: str) -> list[tuple[datetime, str, str]] | None:
    """Return every step of a delivery: when, what, detail; None where the state has to be opened to tell."""
    found = _asked(url, folder, (_HISTORY, key))
    return [(from_micros(at), event, detail) for at, event, detail in found[0]] or None if found else None


def _asked(url: str, folder: Path, *queries: tuple[str, ...]) -> list[list[Any]] | None:
    """Return the answers to these queries, all of one moment, None where any doubt about the state is left."""
    name = url.removeprefix(_FILE)
    if name == url or {*name} & {"?", "%"}:  # another database, or settings of its own
        return None
    path = (folder / name).resolve()
    try:
        # Opened as for writing, though nothing is: whoever only reads leaves SQLite's files beside it behind.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)) as c:
            c.execute("PRAGMA query_only=ON")
            c.execute("BEGIN")
            if not _is_own(c, folder):
                return None
            return [c.execute(query, values).fetchall() for query, *values in queries]
    except (sqlite3.Error, OSError, ValueError):
        return None


def _is_own(c: sqlite3.Connection, folder: Path) -> bool:
    """Tell whether a state is plainly the one of the workspace in `folder`, in this version's form and not behind."""
    facts = dict(c.execute(_FACTS))
    mark = (folder / "var" / "workspace.id").read_text("utf-8").strip()
    return (
        c.execute(_FORM).fetchall() == [(HEAD,)]
        and MOVED_TO not in facts
        and bool(mark)
        and facts.get("workspace") == mark
        and int(facts.get(watermark.FACT) or 0) >= watermark.noted(folder)
    )
