"""One step of the queue at a time, beside bare `sqlite3` with the same durability; and among very many."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from bench import daemon, raw
from bench.figures import line
from scheduler.model import Content, Lateness, Planned
from scheduler.status import Status
from scheduler.store import Store, adding, claims, open_store

FEW, MANY = 10_000, 5_000_000
TIMES = 400
ACCOUNTS = 1_000  # each has one in hand at a time
_PUBLISHED = text(
    "UPDATE deliveries SET status = 'published', lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL"
)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(minutes=3)


def measure() -> Iterator[str]:
    """Yield the cost of a claim, of a queued row and of a look, with their ratios to bare SQLite."""
    with tempfile.TemporaryDirectory() as name:
        store, bare = _filled(Path(name), FEW), raw.opened(Path(name) / "raw.db")
        raw.fill(bare, FEW, 1)
        yield _beside("a claim", lambda _: _claim(store), lambda _: raw.claim(bare, 1), most=1.6, then=_done(store))
        yield _beside(
            "a queued row", lambda number: _add(store, number), lambda number: raw.fill(bare, 1, number), most=1.6
        )
        yield _same_rows(store, Path(name) / "same.db")
        empty = _filled(Path(name) / "idle", 0)
        bare.execute("UPDATE jobs SET status = 'published'")
        yield _beside("an idle look", lambda _: _poll(empty), lambda _: _raw_poll(bare), most=20)
        many = _filled(Path(name) / "many", MANY)
        few = _filled(Path(name) / "few", FEW)
        what = f"a claim among {MANY:,} beside one among {FEW:,}"
        yield _beside(what, lambda _: _claim(many), lambda _: _claim(few), most=1.4, then=_done(many, few))
        for one in (store, empty, many, few):
            one.close()
        bare.close()


def _beside(
    what: str,
    ours: Callable[[int], object],
    other: Callable[[int], object],
    *,
    most: float | None = None,
    then: Callable[[], object] = lambda: None,
) -> str:
    """Take turns, so that both meet the same noise; compare the medians. `then` is done after each, and not timed."""
    mine, theirs = [], []
    for number in range(TIMES):
        mine.append(_seconds(ours, number))
        theirs.append(_seconds(other, number))
        then()
    one, two = statistics.median(mine), statistics.median(theirs)
    said = what if "beside" in what else f"{what} beside bare sqlite3"
    return line(f"{said}: {one * 1e6:.1f} µs and {two * 1e6:.1f} µs", one / two, most=most)


def _seconds(work: Callable[[int], object], number: int) -> float:
    begun = time.perf_counter()
    work(number)
    return time.perf_counter() - begun


def _filled(folder: Path, number: int) -> Store:
    folder.mkdir(exist_ok=True)
    store = open_store("sqlite:///var/state.db", folder)
    daemon.fill(store, [(number, NOW)], accounts=ACCOUNTS)
    store.checkpoint()
    return store


def _claim(store: Store) -> None:
    with store.write() as c:
        found = claims.claim_to_stage(c, worker="bench", now=NOW, ahead=timedelta(minutes=2), lease=LEASE)
    assert len(found) == 1


def _done(*stores: Store) -> Callable[[], None]:
    """Return what publishes those that were taken: a daemon has as many in hand as it has lanes, and no more."""

    def done() -> None:
        for store in stores:
            with store.write() as c:
                c.execute(_PUBLISHED)

    return done


def _add(store: Store, number: int) -> None:
    planned = Planned(
        key=f"new/p{number}@a", action="new", post=f"p{number}", account="a", platform="noting", due_at=NOW,
        content=Content(text=raw.TEXT, language="en"), late=Lateness(),
    )  # fmt: skip
    with store.write() as c:
        adding.add(c, planned, status=Status.queued, worker="bench", now=NOW)


def _same_rows(store: Store, path: Path) -> str:
    """Return the cost of a queued row beside bare `sqlite3` that adds the same to the same tables, indexes and all."""
    with store.read() as c:
        schema = c.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"))
        bare = raw.opened(path, ";".join(schema.scalars()))
        rows = {name: c.execute(text(f"SELECT * FROM {name}")).fetchall() for name in ("deliveries", "events")}
        rows["deliveries"].sort(key=lambda row: row.key.startswith("new/"))
    adding_one = {name: f"INSERT INTO {name} VALUES ({', '.join('?' * len(found[0]))})" for name, found in rows.items()}
    bare.execute("BEGIN IMMEDIATE")
    bare.executemany(adding_one["deliveries"], [tuple(row) for row in rows["deliveries"][:FEW]])
    bare.execute("COMMIT")

    def add(number: int) -> None:
        bare.execute("BEGIN IMMEDIATE")
        bare.execute(adding_one["deliveries"], tuple(rows["deliveries"][FEW + number]))
        bare.execute(adding_one["events"], tuple(rows["events"][number]))
        bare.execute("COMMIT")

    what = "  beside the same row and line of history by bare sqlite3"
    said = _beside(what, lambda number: _add(store, TIMES + number), add)
    bare.close()
    return said


def _poll(store: Store) -> None:
    with store.read() as c:
        claims.next_moment(c, now=NOW, ahead=timedelta(minutes=2))


def _raw_poll(connection: "raw.sqlite3.Connection") -> None:
    connection.execute("SELECT MIN(due_at) FROM jobs WHERE status = 'queued'").fetchone()
