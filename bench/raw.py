"""The bare limit: a loop over `sqlite3`, WAL and synchronous=FULL, with a durable claim and a durable receipt a job."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

_TABLES = """
CREATE TABLE jobs (id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, status TEXT NOT NULL, text TEXT NOT NULL,
    claimed_at INTEGER);
CREATE INDEX jobs_by_due ON jobs (status, due_at);
CREATE TABLE receipts (id INTEGER PRIMARY KEY, job INTEGER NOT NULL UNIQUE, url TEXT NOT NULL, at INTEGER NOT NULL);
"""
_CLAIM = """UPDATE jobs SET status = 'sending', claimed_at = ? WHERE id = (SELECT id FROM jobs
    WHERE status = 'queued' AND due_at <= ? ORDER BY due_at LIMIT 1) RETURNING id, text"""
TEXT = "We stand with you. #Solidarity"


def opened(path: Path, tables: str = _TABLES) -> sqlite3.Connection:
    """Return a connection to a new database with these tables, as durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.executescript(tables)
    return connection


def fill(connection: sqlite3.Connection, number: int, due_at: int) -> None:
    """Queue jobs for one moment, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    rows = ((due_at, TEXT) for _ in range(number))
    connection.executemany("INSERT INTO jobs (due_at, status, text) VALUES (?, 'queued', ?)", rows)
    connection.execute("COMMIT")


def claim(connection: sqlite3.Connection, now: int) -> tuple[int, str] | None:
    """Take one job that is due, in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute(_CLAIM, (now, now)).fetchone()
    connection.execute("COMMIT")
    return row  # type: ignore[no-any-return]


def file_receipt(connection: sqlite3.Connection, job: int, now: int) -> None:
    """File the receipt of a job, in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO receipts (job, url, at) VALUES (?, 'https://example.org/1', ?)", (job, now))
    connection.execute("UPDATE jobs SET status = 'published' WHERE id = ?", (job,))
    connection.execute("COMMIT")


def micros() -> int:
    """Return the time, in microseconds since 1970."""
    return time.time_ns() // 1000


def work_off(connection: sqlite3.Connection, call: Callable[[str], object] = lambda _text: None) -> list[float]:
    """Do all that is due; return when each call began, in seconds since 1970."""
    begun = []
    while job := claim(connection, micros()):
        begun.append(time.time())
        call(job[1])
        file_receipt(connection, job[0], micros())
    return begun
