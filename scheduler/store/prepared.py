"""What a daemon asks again and again: each statement is put together once, for that takes longer than asking."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection

from scheduler.status import Status
from scheduler.store import driver
from scheduler.store.driver import Values
from scheduler.store.records import Delivery, from_row
from scheduler.store.tables import deliveries as table

_VALUE = re.compile(r"(?<![:\w]):([a-z_]+)")


class Plain:
    """A statement that goes to the driver as it stands, on either database; its values are named as in `:now`."""

    def __init__(self, text: str, *, postgresql: str = "") -> None:
        """`postgresql`: where its words differ there."""
        self.text = {"sqlite": text, "postgresql": postgresql or text}
        self._here = text
        self._server = _VALUE.sub(r"%(\1)s", self.text["postgresql"].replace("%", "%%"))

    def run(self, c: Connection, values: Values) -> int:
        """Run it, once for each of several values; return how many rows it changed."""
        if c.dialect.name == "sqlite":
            return driver.change(c, self._here, values)
        return c.exec_driver_sql(self._server, values).rowcount

    def rows(self, c: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Return what it gives."""
        if c.dialect.name == "sqlite":
            return driver.rows(c, self._here, values)
        return c.exec_driver_sql(self._server, values).fetchall()

    def value(self, c: Connection, values: Mapping[str, Any]) -> Any:
        """Return the first value of what it gives; None where that is nothing."""
        return next((row[0] for row in self.rows(c, values)), None)

    def deliveries(self, c: Connection, values: Mapping[str, Any]) -> list[Delivery]:
        """Return what it gives, where that is COLUMNS, as deliveries."""
        return whole(self.rows(c, values))


_NAMES = tuple(table.c.keys())


def whole(rows: Iterable[Sequence[Any]]) -> list[Delivery]:
    """Return rows of all COLUMNS as deliveries."""
    return [from_row(dict(zip(_NAMES, row, strict=True))) for row in rows]


COLUMNS = ", ".join(_NAMES)
RECORD = Plain(
    """INSERT INTO events (delivery_id, at, event, detail, worker)
    VALUES (:delivery_id, :at, :event, :detail, :worker)"""
)
_WHOLE = f"SELECT {COLUMNS} FROM deliveries"  # noqa: S608 - of the names of columns
BY_ID = Plain(f"{_WHOLE} WHERE id = :id")
BY_ID_ALONE = Plain(BY_ID.text["sqlite"], postgresql=f"{BY_ID.text['sqlite']} FOR UPDATE")
BY_KEY = Plain(f"{_WHOLE} WHERE key = :key")
LEASED = Plain(f"{_WHOLE} WHERE lease_owner IS NOT NULL")
HELD_FOR = Plain(f"{_WHOLE} WHERE status = 'held' AND hold = :hold ORDER BY due_at, id")
PAST_WINDOW = Plain(
    f"{_WHOLE} WHERE status IN ('queued', 'held', 'staged') AND lease_owner IS NULL AND closes_at <= :now LIMIT 500"
)
TO_LOOK_UP = Plain(
    f"{_WHOLE} WHERE status = 'unknown' AND lease_owner IS NULL AND COALESCE(next_look_at, 0) <= :now LIMIT 100"
)
WANTED_DOWN = Plain(  # `|| ''` keeps SQLite from going through all that was published instead
    f"""{_WHOLE} WHERE withdraw_wanted AND (status || '' = 'published'
    OR (status || '' IN ('cancelled', 'unknown', 'needs-human') AND parts IS NOT NULL))"""
)
BLOCKED_BY_PAUSE = Plain(
    f"""{_WHOLE} d WHERE d.lease_owner IS NULL AND d.status IN ('queued', 'staged')
    AND d.due_at <= :now AND EXISTS (SELECT 1 FROM pauses p WHERE p.scope = 'all'
    OR (p.scope = 'action' AND p.name = d.action) OR (p.scope = 'account' AND p.name = d.account))
    ORDER BY d.due_at, d.id LIMIT 500"""  # noqa: S608 - of the names of columns
)


@cache
def in_status(statuses: tuple[Status, ...]) -> Plain:
    """Return what gives the deliveries in any of `statuses`, all without one, in the order of their times."""
    among = f"WHERE status IN ({', '.join(repr(str(one)) for one in statuses)})" if statuses else ""
    return Plain(f"{_WHOLE} {among} ORDER BY due_at, key")


@cache
def change(names: tuple[str, ...], *, fenced: bool = True, frees: bool = False) -> Plain:
    """Return the statement that gives a delivery new values in these columns while it stands as it was read.

    Its further values: `was_id` and `was_status`, and with `fenced` the lease that it was read with, `was_fence` and
    `was_owner`. `frees` ends that lease for good.
    """
    given = ", ".join([*(f"{name} = :{name}" for name in names), *(["fence = fence + 1"] if frees else [])])
    held = "AND fence = :was_fence AND lease_owner IS NOT DISTINCT FROM :was_owner" if fenced else ""
    said = f"UPDATE deliveries SET {given} WHERE id = :was_id AND status = :was_status {held}"  # noqa: S608 - of columns
    return Plain(said.replace("IS NOT DISTINCT FROM", "IS"), postgresql=said)
