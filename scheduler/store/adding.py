"""New deliveries, all of a campaign at once: ten thousand are queued in a few statements."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from scheduler.model import Planned
from scheduler.status import Status
from scheduler.store import prepared
from scheduler.store.records import planned_values, to_micros
from scheduler.store.tables import deliveries as table

_MAY_BE_OUT = (Status.sending, Status.unknown, Status.needs_human, Status.published)
_AT_FIRST: dict[str, Any] = {"hold": "", "reason": "", "look_first": False, "next_look_at": None, "approved_hash": None}


class Newcomers:
    """Deliveries that are to be added, and what is or may be out that says the same."""

    def __init__(self, c: Connection, planned: Iterable[Planned], *, within: timedelta) -> None:
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
        self._rows.append({**values, **_AT_FIRST, "status": str(status), **_columns(columns)})
        if status in _MAY_BE_OUT:
            said = (values["account"], values["content_hash"])
            self._out.setdefault(said, []).append((values["due_at"], planned.key))

    def add(self, c: Connection, *, worker: str, now: datetime) -> dict[str, int]:
        """Put all of them into the queue, each with the first line of its history; return the ids by key."""
        if not self._rows:
            return {}
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        numbers = [int(number) for number in c.execute(statement, self._rows).scalars()]
        lines = [
            {
                "delivery_id": number,
                "at": to_micros(now),
                "event": row["status"],
                "detail": row["reason"] or "added",
                "worker": worker,
            }
            for number, row in zip(numbers, self._rows, strict=True)
        ]
        c.execute(prepared.RECORD, lines)
        return {row["key"]: number for number, row in zip(numbers, self._rows, strict=True)}


def add(c: Connection, planned: Planned, *, status: Status, worker: str, now: datetime, **columns: Any) -> int:
    """Put one delivery into the queue; return its id."""
    new = Newcomers(c, [planned], within=timedelta())
    new.begin(planned, status, **columns)
    return new.add(c, worker=worker, now=now)[planned.key]


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_micros(value) if isinstance(value, datetime) else value for name, value in values.items()}
