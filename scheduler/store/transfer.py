"""A whole state from one database into another, row for row: SQLite to PostgreSQL, back, and copies as files."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from scheduler.store.faults import StateError
from scheduler.store.tables import metadata

_AT_ONCE = 1000  # rows
Progress = Callable[[int, int], None]
"""Told how many rows were copied, of how many."""


def copy_rows(source: Connection, target: Connection, *, progress: Progress | None = None) -> dict[str, int]:
    """Copy every row of every table into empty ones; return how many there are of each.

    Raises:
        StateError: what arrived isn't what was sent.
    """
    copied: dict[str, int] = {}
    total = sum(_count(source, table) for table in metadata.sorted_tables)
    for table in metadata.sorted_tables:
        sent = hashlib.sha256()
        number = 0
        for rows in _in_order(source, table):
            for row in rows:
                sent.update(_spelt(row))
            target.execute(insert(table), rows)
            number += len(rows)
            if progress is not None:
                progress(sum(copied.values()) + number, total)
        if digest(target, table) != sent.hexdigest():
            msg = f"{table.name}: what arrived isn't what was sent; nothing was changed"
            raise StateError(msg)
        copied[table.name] = number
    _go_on_counting(target)
    return copied


def same(one: Connection, other: Connection) -> bool:
    """Tell whether two states are the same, row for row."""
    return all(digest(one, table) == digest(other, table) for table in metadata.sorted_tables)


def is_empty(c: Connection) -> bool:
    """Tell whether nothing was ever done in a state."""
    return all(_count(c, table) == 0 for table in metadata.sorted_tables if table.name != "meta")


def _count(c: Connection, table: Table) -> int:
    return int(c.execute(select(func.count()).select_from(table)).scalar_one())


def clear(c: Connection) -> None:
    """Drop every row, the append-only ones too: only before a whole state is put in their place."""
    if c.dialect.name == "postgresql":
        for table in reversed(metadata.sorted_tables):  # TRUNCATE would show those who read meanwhile an empty state
            c.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
            c.execute(table.delete())
            c.execute(text(f"ALTER TABLE {table.name} ENABLE TRIGGER USER"))
    else:  # a file is replaced as a whole; here only what opening one has written
        c.execute(text("DELETE FROM meta"))


def digest(c: Connection, table: Table) -> str:
    """Return the hash of every row of a table, in the order of its primary key."""
    found = hashlib.sha256()
    for rows in _in_order(c, table):
        for row in rows:
            found.update(_spelt(row))
    return found.hexdigest()


def _in_order(c: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    # Text is put in order here: each database has an order of its own.
    keys = list(table.primary_key.columns)
    numbered = len(keys) == 1 and keys[0].type.python_type is int
    query = select(table).order_by(*keys) if numbered else select(table)
    found = c.execute(query, execution_options={"yield_per": _AT_ONCE}).mappings()
    if numbered:
        for part in found.partitions(_AT_ONCE):
            yield [dict(row) for row in part]
        return
    rows = sorted((dict(row) for row in found), key=lambda row: [str(row[key.name]) for key in keys])
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def _spelt(row: dict[str, Any]) -> bytes:
    return json.dumps(list(row.values()), ensure_ascii=False).encode() + b"\n"


def _go_on_counting(c: Connection) -> None:
    """Let PostgreSQL number the next rows after those that came with their numbers."""
    if c.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        if "id" in table.c:
            counter = c.execute(select(func.pg_get_serial_sequence(table.name, "id"))).scalar_one()
            after = c.execute(select(func.coalesce(func.max(table.c.id), 0) + 1)).scalar_one()
            c.execute(text(f"ALTER SEQUENCE {counter} RESTART WITH {after}"))  # setval would outlive a rollback
