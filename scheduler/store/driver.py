"""Statements that go to SQLite's driver as they stand: past SQLAlchemy, which takes several times as long."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from scheduler.store.faults import explain

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def change(c: Connection, text: str, values: Values = ()) -> int:
    """Run a statement in the transaction of `c`, once for each of several values; return how many rows it changed.

    Whoever listens for statements before SQLAlchemy runs them (`before_cursor_execute`) hears of it as of any other.

    Raises:
        StateError: it can't be done, for a reason that a person can mend.
        DBAPIError: as SQLAlchemy raises it where it is our own fault.
    """
    with _running(c, text, values) as cursor:
        return cursor.rowcount


def rows(c: Connection, text: str, values: Values = ()) -> list[tuple[Any, ...]]:
    """Run a statement likewise and return all that it gives. Raises as `change` does."""
    with _running(c, text, values) as cursor:
        return cursor.fetchall()


@contextmanager
def _running(c: Connection, text: str, values: Values) -> Iterator[sqlite3.Cursor]:
    raw: sqlite3.Connection = c.connection.driver_connection  # type: ignore[assignment]
    many = isinstance(values, list)
    cursor = raw.cursor()
    try:
        for hear in c.dispatch.before_cursor_execute:
            text, values = hear(c, cursor, text, values, None, many)
        yield cursor.executemany(text, values) if many else cursor.execute(text, values)
    except sqlite3.Error as error:  # of the later rows too: they are looked for as they are fetched
        raise _explained(c, text, error) from error


def _explained(c: Connection, text: str, error: sqlite3.Error) -> BaseException:
    meaning = explain(error, str(c.engine.url.database))
    return meaning or DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True, dialect=c.dialect)
