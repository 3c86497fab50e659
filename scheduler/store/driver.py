"""Statements that go to SQLite's driver as they stand: past SQLAlchemy, which takes several times as long."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from scheduler.store.faults import explain

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def run(c: Connection, text: str, values: Values = ()) -> sqlite3.Cursor:
    """Run a statement in the transaction of `c`, once for each of several values.

    Whoever listens for SQLAlchemy's statements hears of it as of any other.

    Raises:
        StateError: it can't be done, for a reason that a person can mend.
        DBAPIError: as SQLAlchemy raises it where it is our own fault.
    """
    raw: sqlite3.Connection = c.connection.driver_connection  # type: ignore[assignment]
    many = isinstance(values, list)
    cursor = raw.cursor()
    try:
        for hear in c.dispatch.before_cursor_execute:
            text, values = hear(c, cursor, text, values, None, many)
        return cursor.executemany(text, values) if many else cursor.execute(text, values)
    except sqlite3.Error as error:
        raise _explained(c, text, error) from error


def _explained(c: Connection, text: str, error: sqlite3.Error) -> BaseException:
    meaning = explain(error, str(c.engine.url.database))
    return meaning or DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True, dialect=c.dialect)
