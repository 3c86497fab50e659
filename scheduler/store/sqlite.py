"""SQLite: WAL, `synchronous=FULL` (a receipt survives a power cut), `secure_delete` (what is deleted is gone).

Every writing transaction begins IMMEDIATE, so that what it reads stays true until it commits.
"""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event

from scheduler.store import driver

_BUSY_SECONDS = 15.0
_LOG_BYTES = 4 * 1024**2  # of the write-ahead log once it begins anew: what SQLite moves into the database by itself
_MAKING_READY = 5.0  # seconds
MOST_REWRITTEN = 32 * 1024**2
"""Bytes of a state that is rewritten as a whole: a fraction of a second, and as much memory."""

_REWRITE_MILLISECONDS = 2000  # to wait for whoever writes
_TRIES, _TRY_MILLISECONDS, _BETWEEN_SECONDS = 40, 50, 0.2


def engine_on(path: Path, *, durable: bool) -> Engine:
    """Return an engine on a file; `durable=False` trades safety against a power cut for speed."""
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        max_overflow=90,  # as many as there are lanes and pages; those that aren't used are closed
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the transactions below are ours
        cursor = connection.cursor()
        _to_wal(cursor)
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("writes")
        driver.change(connection, "BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _to_wal(cursor: sqlite3.Cursor) -> None:
    """Keep a write-ahead log. While another program makes a new file ready for one, SQLite doesn't wait by itself."""
    end = time.monotonic() + _MAKING_READY
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_TRY_MILLISECONDS / 1000)
        else:
            return


def checkpoint(engine: Engine) -> None:
    """Move the write-ahead log into the database and truncate it: what was deleted is then gone from disk too.

    That has to wait for whoever reads (a copy of the state takes its time), and nobody can write meanwhile: so each try
    is short, and others get in between. A reader that outlasts them all leaves it to the next call.
    """
    raw = engine.raw_connection()
    cursor = raw.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={_TRY_MILLISECONDS}")
        for _ in range(_TRIES):
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0] == 0:
                return
            time.sleep(_BETWEEN_SECONDS)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000:.0f}")
        raw.close()


def rewrite(engine: Engine) -> None:
    """Write the whole file anew, up to MOST_REWRITTEN: only rows that are there come into it.

    `secure_delete` overwrites a row where it lies, but not the bytes that it left where SQLite moved it to another page
    before: with 3.40.1 a word in 800 outlived its row so (400 rows, each changed several times; measured 2026-11-24).
    """
    path = Path(str(engine.url.database))
    if path.stat().st_size > MOST_REWRITTEN:
        return
    raw = engine.raw_connection()
    cursor = raw.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={_REWRITE_MILLISECONDS}")
        cursor.execute("PRAGMA temp_store=MEMORY")  # no word comes into another file
        cursor.execute("VACUUM")
    finally:
        cursor.execute("PRAGMA temp_store=DEFAULT")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000:.0f}")
        raw.close()
