"""Databases of a test server that are emptied and used again, with the connections to them.

To make one, to connect to it and to plan each statement anew takes longer than most tests. One whose tables a test has
changed, which it still uses, or which can't be emptied for any other reason, is not used again.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from scheduler.store import StateError, Store, schema
from scheduler.store.database import open_engine

_USES = 40  # nobody clears up after rows that are gone, so that the tables grow
_NAME = "kept"
_FORM = """SELECT concat_ws(' ', (SELECT concat(count(*), '-', max(oid)) FROM pg_class),
    (SELECT concat(count(*), '-', max(oid), '-', bool_and(tgenabled = 'O')) FROM pg_trigger),
    (SELECT concat(count(*), '-', max(oid)) FROM pg_constraint), (SELECT concat(count(*), '-', max(oid)) FROM pg_proc),
    (SELECT count(*) FROM pg_attribute))"""
_OTHERS = f"""SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> '{_NAME}'"""
_MY_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_COUNTED = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"


class Kept:
    """One database, and the connections to it."""

    def __init__(self, url: str, way: str) -> None:
        self.url = url
        self._uses = 0
        self._engine: Engine = open_engine(way, Path(), durable=False)
        self._engine.pool._pre_ping = False  # the server is there: `let_go` is called when it ends
        event.listen(self._engine, "connect", _name)
        with self._engine.begin() as c:
            self._form = c.exec_driver_sql(_FORM).scalar_one()
            names = c.exec_driver_sql(_MY_TABLES).scalars().all()
            self._rows: dict[str, str | None] = {
                name: c.exec_driver_sql(f"SELECT json_agg(t)::text FROM {name} t").scalar() for name in names
            }

    def store(self, folder: Path) -> Store:
        """Open the state in it for a workspace; listeners that a test adds end with it."""
        store = _Staying(self._engine.execution_options(), None)
        schema.require_current(store.engine)
        store.belong(folder)
        return store

    def empty(self) -> bool:
        """Bring it to what it was when it was new; tell whether it can be used again."""
        self._uses += 1
        if self._uses >= _USES or self._engine.pool.checkedout():  # type: ignore[attr-defined]
            return False
        try:
            return self._emptied()
        except (SQLAlchemyError, StateError):
            return False

    def _emptied(self) -> bool:
        with self._engine.begin() as c:
            c.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            c.exec_driver_sql(_OTHERS)
            if c.exec_driver_sql(_FORM).scalar_one() != self._form:
                return False
            # Nothing that is appended may be deleted, and who points to whom matters: but not here.
            c.exec_driver_sql("SET LOCAL session_replication_role = replica")
            c.exec_driver_sql(";".join(f"DELETE FROM {name}" for name in self._rows))
            for name, rows in self._rows.items():
                if rows is not None:
                    given = f"INSERT INTO {name} SELECT * FROM json_populate_recordset(null::{name}, %s)"
                    c.exec_driver_sql(given, (rows,))
            for name in c.exec_driver_sql(_COUNTED).scalars().all():
                c.exec_driver_sql(f"SELECT setval('{name}', 1, false)")
        return True

    def rest(self) -> None:
        """Close the connections that nobody uses now."""
        if not self._engine.pool.checkedout():  # type: ignore[attr-defined]
            self._engine.dispose()

    def let_go(self) -> None:
        """Close every connection: the server ends, or the database goes."""
        self._engine.dispose()


class _Staying(Store):
    """A state whose connections outlast it: the next test's are the same."""

    def close(self) -> None:
        """Leave them open."""


def _name(connection: Any, _record: object) -> None:
    connection.execute(f"SET application_name = '{_NAME}'")
    connection.commit()
