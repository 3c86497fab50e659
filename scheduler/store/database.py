"""Opening the database, and what its errors mean to a person.

SQLite runs in WAL with `synchronous=FULL` (a receipt survives a power cut) and `secure_delete` (what is
deleted is gone from the file). Every writing transaction begins IMMEDIATE, so that what it reads stays true
until it commits.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext

from scheduler.errors import WorkspaceError

_BUSY_SECONDS = 15.0


class StateError(WorkspaceError):
    """The state can't be read or written."""


_CURES = (
    ("database or disk is full", "the disk is full: free some space; nothing was lost"),
    ("disk i/o error", "the disk is full, or doesn't answer properly: free some space, then run `solidarity doctor`"),
    (
        "database is locked",
        "another program keeps the state locked: close it (a copy or a database browser?)",
    ),
    (
        "readonly database",
        "the state can't be written: give this user the right to write the file and its folder",
    ),
    (
        "unable to open database",
        "the state can't be opened: does its folder exist, and may this user write there?",
    ),
    ("not a database", "the state's file is damaged: put back a copy with `solidarity restore FILE`"),
    ("malformed", "the state's file is damaged: put back a copy with `solidarity restore FILE`"),
    ("no such table", "the state's tables are missing: run `solidarity upgrade`"),
    ("no such column", "the state has an older form: run `solidarity upgrade`"),
)


def explain(error: BaseException, where: str) -> StateError | None:
    """Return what a database error means to a person and the cure; None where it is our own fault."""
    words = str(error).lower()
    for sign, cure in _CURES:
        if sign in words:
            return StateError(f"{where}: {cure}")
    return None


def database_path(url: str, folder: Path) -> Path | None:
    """Return the file of a SQLite URL, relative ones under the workspace; None for another database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return (folder / parsed.database).resolve()


def open_engine(url: str, folder: Path, *, durable: bool = True) -> Engine:
    """Return an engine on the workspace's database.

    `durable=False` trades safety against a power cut for speed; only for rehearsals, whose state is thrown away.

    Raises:
        StateError: the URL is none that this version can use.
    """
    path = _sqlite_path(url, folder)
    if path is None:
        msg = f"database: {url!r} can't be used: write sqlite:///var/state.db"
        raise StateError(msg)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the transactions below are ours
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    @event.listens_for(engine, "handle_error")
    def _explain(context: ExceptionContext) -> None:
        meaning = explain(context.original_exception, str(path))
        if meaning is not None:
            raise meaning from context.original_exception

    return engine


def _sqlite_path(url: str, folder: Path) -> Path | None:
    try:
        return database_path(url, folder)
    except Exception:
        return None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one consistent state and writes nothing."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose work is committed as a whole, or not at all."""
    with engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            yield connection


def checkpoint(engine: Engine) -> None:
    """Move the write-ahead log into the database and truncate it: what was deleted is then gone from disk too."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        raw.close()
