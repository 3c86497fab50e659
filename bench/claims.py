"""What claiming a delivery costs, beside the same statement through bare `sqlite3` with the same durability."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.model import Content, Lateness, Planned
from scheduler.status import Status
from scheduler.store import Store, claims, deliveries, open_store

WAITING = 20_000
CLAIMS = 300
ACCOUNTS = 400
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(minutes=3)


def measure() -> Iterator[str]:
    """Yield the cost of a claim and of a poll that finds nothing, with their ratios to bare SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        store = _filled(Path(folder))
        ours = _median(CLAIMS, lambda: _claim(store))
        poll = _median(CLAIMS, lambda: _poll(store))
        store.close()
        raw = _raw(Path(folder) / "var/state.db")
        bare = _median(CLAIMS, lambda: _raw_claim(raw))
        raw.close()
    beside = f"bare sqlite3 with the same commit {bare:.2f} ms ({ours / bare:.1f}x)"
    yield f"claim, {WAITING:,} waiting: {ours:.2f} ms, {beside}"
    yield f"looking when something is next to do: {poll:.2f} ms"


def _filled(folder: Path) -> Store:
    store = open_store("sqlite:///var/state.db", folder)
    content = Content(text="We stand with you. #Solidarity", language="en")
    with store.write() as c:
        for number in range(WAITING):
            planned = Planned(
                key=f"act/p{number}@a{number % ACCOUNTS}",
                action="act",
                post=f"p{number}",
                account=f"a{number % ACCOUNTS}",
                platform="outbox",
                due_at=NOW + timedelta(seconds=number // ACCOUNTS),
                content=content,
                late=Lateness(),
            )
            deliveries.add(c, planned, status=Status.queued, worker="bench", now=NOW)
    return store


def _claim(store: Store) -> None:
    with store.write() as c:
        found = claims.claim_to_stage(c, worker="bench", now=NOW, ahead=timedelta(minutes=2), lease=LEASE)
    assert found is not None


def _poll(store: Store) -> None:
    with store.read() as c:
        claims.next_moment(c, now=NOW, ahead=timedelta(minutes=2))


def _raw(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("UPDATE deliveries SET status = 'queued', lease_owner = NULL")
    return connection


def _raw_claim(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    values = {"to": "claimed", "worker": "bench", "now": 10**17, "until": 10**17, "ahead": 10**17, "soon": 0}
    values["today"] = ""
    row = connection.execute(str(claims._TO_STAGE), values).fetchone()
    connection.execute("COMMIT")
    assert row is not None


def _median(times: int, work: Callable[[], None]) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)
