"""New deliveries, all of a campaign at once: ten thousand are queued in a few statements."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, or_, select

from scheduler.model import Planned
from scheduler.status import Status
from scheduler.store import prepared
from scheduler.store.prepared import Plain
from scheduler.store.records import planned_values, to_micros
from scheduler.store.tables import deliveries as table

_MAY_BE_OUT = (Status.sending, Status.unknown, Status.needs_human, Status.published)
_AT_FIRST: dict[str, Any] = {
    **dict.fromkeys(("hold", "reason"), ""),
    **dict.fromkeys(("look_first", "late_accepted", "withdraw_wanted", "dropped"), False),
    **dict.fromkeys(("delays", "fence", "attempts", "looks"), 0),
    **dict.fromkeys(("next_look_at", "approved_hash")),
}
_LAST = Plain("SELECT COALESCE(MAX(id), 0) FROM deliveries")
# Who adds is alone, so that what comes after the last one is what was added.
_ADDED = Plain("SELECT key, id FROM deliveries WHERE id > :last")
_RECORD = Plain(
    """INSERT INTO events (delivery_id, at, event, detail, worker)
    SELECT id, :at, status, CASE WHEN reason = '' THEN 'added' ELSE reason END, :worker
    FROM deliveries WHERE id > :last ORDER BY id"""
)


class Newcomers:
    """Deliveries that are to be added, and what is or may be out that says the same."""

    def __init__(self, c: Connection, planned: Iterable[Planned], *, within: timedelta) -> None:
        """`c`: of a transaction that is alone."""
        self._values = {one.key: planned_values(one) for one in planned}
        self._span = within // timedelta(microseconds=1)
        self._rows: list[dict[str, Any]] = []
        self._out: dict[tuple[str, str], list[tuple[int, str]]] = {}
        times = [values["due_at"] for values in self._values.values()]
        if times:
            near = table.c.due_at.between(min(times) - self._span, max(times) + self._span)
            may = or_(table.c.status.in_([str(status) for status in _MAY_BE_OUT]), table.c.parts.is_not(None))
            query = select(table.c.account, table.c.content_hash, table.c.due_at, table.c.key).where(near, may)
            for account, said, due_at, key in c.execute(query):
                self._out.setdefault((account, said), []).append((due_at, key))

    def twin(self, planned: Planned) -> str | None:
        """Return what says the same on the same account at about the same time, and is or may be out."""
        values = self._values[planned.key]
        same = self._out.get((values["account"], values["content_hash"]), ())
        return next((key for due_at, key in same if abs(due_at - values["due_at"]) <= self._span), None)

    def begin(self, planned: Planned, status: Status, **columns: Any) -> None:
        """Let a delivery begin in a status."""
        values = self._values[planned.key]
        self._rows.append(_row(values, status, columns))
        if status in _MAY_BE_OUT:
            said = (values["account"], values["content_hash"])
            self._out.setdefault(said, []).append((values["due_at"], planned.key))

    def add(self, c: Connection, *, worker: str, now: datetime) -> dict[str, int]:
        """Put all of them into the queue, each with the first line of its history; return the ids by key."""
        if not self._rows:
            return {}
        last = _LAST.value(c, {})
        _insertion(tuple(self._rows[0])).run(c, self._rows)
        _RECORD.run(c, {"last": last, "at": to_micros(now), "worker": worker})
        return {str(key): int(number) for key, number in _ADDED.rows(c, {"last": last})}


def add(c: Connection, planned: Planned, *, status: Status, worker: str, now: datetime, **columns: Any) -> int:
    """Put one delivery into the queue; return its id."""
    row = _row(planned_values(planned), status, columns)
    number = int(_insertion(tuple(row), told=True).value(c, row))
    line = {"delivery_id": number, "at": to_micros(now), "event": row["status"], "worker": worker}
    prepared.RECORD.run(c, line | {"detail": row["reason"] or "added"})
    return number


def _row(values: Mapping[str, Any], status: Status, columns: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: to_micros(value) if isinstance(value, datetime) else value for name, value in columns.items()}
    return {**_AT_FIRST, **values, "status": str(status), **given}


@cache
def _insertion(names: tuple[str, ...], *, told: bool = False) -> Plain:
    """Return the statement that adds a delivery with these columns; with `told` it gives the id."""
    values, returning = ", ".join(f":{name}" for name in names), " RETURNING id" if told else ""
    return Plain(f"INSERT INTO deliveries ({', '.join(names)}) VALUES ({values}){returning}")  # noqa: S608 - of columns
