"""Ten million deliveries a day: the real claim statements on a real PostgreSQL, with rows and workers growing.

Each worker is a process that takes the same transactions for a delivery as a lane of the daemon
(`operations/deliver`), with a network that says yes at once. What is measured is what the database and the steps cost;
rendering and networks come on top. Processor time and log are counted for each delivery, so that they hold on a
machine that is busy, too. The same steps on SQLite stand first.

SOLIDARITY_BENCH_MANY: the most rows; SOLIDARITY_BENCH_SECONDS: how long each run lasts.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from bench import daemon, figures
from bench.postgres import NOW, fill
from scheduler.model import Receipt, Staged
from scheduler.operations.deliver import LEASE
from scheduler.status import Status
from scheduler.store import Connection, Delivery, Store, claims, controls, deliveries, open_store, receipts
from scheduler.store.leases import identity
from tests.databases import Server

MOST = int(os.environ.get("SOLIDARITY_BENCH_MANY", "1000000"))
SECONDS = float(os.environ.get("SOLIDARITY_BENCH_SECONDS", "10"))
WORKERS = (1, 2, 4, 8)
WIDE = 2_000  # accounts
AHEAD = timedelta(minutes=2)
BATCH = 10  # deliveries in one transaction, were there claims of several
A_DAY, PEAK = 10_000_000, 20
_DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "max_wal_size": "4GB"}
_WARM = 6  # steps
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What workers did together in the time they had, and what each delivery cost."""

    done: int
    rate: float  # deliveries a second
    python: float  # milliseconds of processor time a delivery
    database: float
    log: float  # kilobytes of write-ahead log a delivery
    pages: float  # whole pages in it: what the first change of a page after a checkpoint costs
    again: int  # claims that another worker was quicker at


def measure() -> Iterator[str]:
    """Yield deliveries a second by rows and by workers, what one costs, and what ten million a day would ask for."""
    server = Server(shared_buffers="256MB", **_DURABLE)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder, runs = Path(name), {}
            yield _small(folder)
            for rows in sorted({min(10_000, MOST), min(100_000, MOST), MOST}):
                url = _filled(server, folder, rows)
                if not runs:
                    yield f"a commit on this disk takes {_commit(url, folder):.2f} ms"
                runs[rows] = _run(server, url, WORKERS[2])
                yield _said(f"{rows:,} rows, {WIDE:,} accounts, {WORKERS[2]} workers", runs[rows])
                if rows != MOST:
                    server.drop(url)
            yield from _sizes(url, folder)
            best = runs[MOST]
            for workers in WORKERS:
                run = _run(server, url, workers)
                best = max(best, run, key=lambda one: one.rate)
                yield _said(f"{MOST:,} rows, {workers} workers", run)
            with open_store(url, folder, check=False).read() as c:  # sees one moment all the while, as a backup does
                deliveries.counts(c)
                run = _run(server, url, WORKERS[2])
            yield _said(f"the same with {WORKERS[2]}, while a backup reads", run)
            run = _run(server, url, WORKERS[2], batch=BATCH)
            yield _said(f"the same with {WORKERS[2]}, {BATCH} at a time", run)
            yield from _extrapolated(best)
    finally:
        server.close()


def _small(folder: Path) -> str:
    """Return what one worker does on a file of SQLite's."""
    store, worker = open_store("sqlite:///state.db", folder), identity()
    daemon.fill(store, [(10_000, NOW)], accounts=WIDE)
    work(store, worker, seconds=0.5)
    done = work(store, worker, seconds=SECONDS)
    store.close()
    each = done["processor"] / done["done"] * 1000
    rate = done["done"] / done["seconds"]
    return f"SQLite, 1 worker: {rate:.0f} deliveries a second; each {each:.2f} ms of processor time"


def _said(what: str, run: Run) -> str:
    return (
        f"{what}: {run.rate:.0f} deliveries a second; each {run.python:.2f} ms of Python's and {run.database:.2f} ms "
        f"of PostgreSQL's processor time, {run.log:.1f} kB of log ({run.pages:.2f} whole pages in it); "
        f"{run.again} of {run.done:,} claimed again"
    )


def _extrapolated(run: Run) -> Iterator[str]:
    each = A_DAY / 86_400
    cores = each * (run.python + run.database) / 1000
    yield f"ten million a day are {each:.0f} a second, {each * PEAK:,.0f} at a peak {PEAK} times that"
    yield (
        f"by what one costs here: {cores:.1f} processors all day, {cores * PEAK:.0f} at the peak; "
        f"{A_DAY * run.log / 1e6:.0f} GB of log a day, were a checkpoint always as near"
    )
    yield figures.line(f"the best rate here ({run.rate:.0f} a second) / ten million a day on average", run.rate / each)


def _sizes(url: str, folder: Path) -> Iterator[str]:
    store = open_store(url, folder, check=False)
    with store.read() as c:
        for table in ("deliveries", "events", "receipts"):
            size, rows = c.execute(
                text(f"SELECT pg_total_relation_size('{table}'), (SELECT COUNT(*) FROM {table})")
            ).one()
            yield f"{table}: {size / max(1, rows):.0f} bytes a row with its indexes ({rows:,} rows)"
    store.close()


def _commit(url: str, folder: Path) -> float:
    """Return the milliseconds that the smallest change takes until it is on the disk."""
    store, taken = open_store(url, folder, check=False), []
    for number in range(100):
        with store.work() as c:
            controls.set_meta(c, "bench", str(number))
            begun = time.perf_counter()
        taken.append(time.perf_counter() - begun)
    store.close()
    return statistics.median(taken) * 1000


def _filled(server: Server, folder: Path, rows: int) -> str:
    url = server.database()
    store = open_store(url, folder, check=False)
    fill(store, rows, accounts=WIDE)
    store.close()
    server.run("CHECKPOINT")
    return url


# ── many workers ────────────────────────────────────────────────────────────────────────────────────────


def _run(server: Server, url: str, workers: int, *, batch: int = 1) -> Run:
    command = [sys.executable, "-m", "bench.millions", url, str(SECONDS), str(batch)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(workers)]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    before, log = _server_seconds(server), _log(server)
    for one in running:
        assert one.stdin is not None
        one.stdin.write(b"\n")
        one.stdin.flush()
    said = [json.loads(one.communicate()[0]) for one in running]
    spent, after = _server_seconds(server) - before, _log(server)
    done = sum(one["done"] for one in said)
    return Run(
        done=done,
        rate=sum(one["done"] / one["seconds"] for one in said),
        python=sum(one["processor"] for one in said) / done * 1000,
        database=spent / done * 1000,
        log=(after[0] - log[0]) / 1000 / done,
        pages=(after[1] - log[1]) / done,
        again=sum(one["again"] for one in said),
    )


def _server_seconds(server: Server) -> float:
    """Return the processor time of the server's processes so far, those that have ended too."""
    main, spent = server._process.pid if server._process else 0, 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
            if folder.name == str(main):
                spent += sum(int(one) for one in fields[11:15])
            elif fields[1] == str(main):
                spent += sum(int(one) for one in fields[11:13])
    return spent / _TICKS


def _log(server: Server) -> tuple[int, int]:
    """Return the bytes of write-ahead log so far, and how many whole pages are in it."""
    import psycopg  # noqa: PLC0415 - not without the extra

    with psycopg.connect(server.url("postgres", driver="postgresql")) as connection:
        row = connection.execute("SELECT wal_bytes, wal_fpi FROM pg_stat_wal").fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


# ── one worker ──────────────────────────────────────────────────────────────────────────────────────────


def work(store: Store, worker: str, *, seconds: float = 3600.0, batch: int = 1) -> Mapping[str, float]:
    """Deliver until nothing is left or the time is over; return how many, in how long, at what cost.

    `batch`: how many are taken through each transaction together; the daemon takes one.
    """
    done = again = 0
    begun, processor = time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - begun) < seconds:
        try:
            sent = send(store, worker, batch)
            done += sent
            if not sent and not stage(store, worker, batch):
                break
        except claims.TakenError:
            again += 1
    return {"done": done, "again": again, "seconds": spent, "processor": time.process_time() - processor}


def stage(store: Store, worker: str, batch: int = 1) -> int:
    """Claim the next and prepare them, in three transactions; return how many."""
    now = datetime.now(UTC)
    with store.work() as c:
        taken = list(_until_none(batch, lambda: _claimed(c, worker, now)))
    if not taken:
        return 0
    with store.work() as c:
        for delivery in taken:
            whole = deliveries.frozen_column(delivery.outgoing())
            deliveries.keep(c, delivery, until=now + LEASE, **whole)
    ready = {"look_first": False, "not_before": None, "staging_since": None, **deliveries.staged_column(Staged())}
    with store.work() as c:
        for delivery in taken:
            deliveries.move(c, delivery, Status.staged, worker=worker, now=now, detail="0 media", **ready)
    return len(taken)


def send(store: Store, worker: str, batch: int = 1) -> int:
    """Claim the next prepared ones with the intent to send them, and file the receipts, in two transactions."""
    now = datetime.now(UTC)
    with store.work() as c:
        sending = list(_until_none(batch, lambda: _intent(c, worker, now)))
    if not sending:
        return 0
    with store.work() as c:
        for one in sending:
            receipt = Receipt(remote_id=one.key, url=f"https://example.org/{one.id}", published_at=now)
            assert receipts.owner(c, one, receipt) is None
            assert deliveries.file_receipt(c, one, receipt, worker=worker, now=datetime.now(UTC), detail="")
    return len(sending)


def _until_none(most: int, take: Callable[[], Delivery | None]) -> Iterator[Delivery]:
    for _ in range(most):
        delivery = take()
        if delivery is None:
            return
        yield delivery


def _claimed(c: Connection, worker: str, now: datetime) -> Delivery | None:
    for delivery in claims.claim_to_stage(c, worker=worker, now=now, ahead=AHEAD, lease=LEASE):
        deliveries.record(c, delivery.id, "claimed", "", worker=worker, now=now)
        return delivery
    return None


def _intent(c: Connection, worker: str, now: datetime) -> Delivery | None:
    for delivery in claims.claim_to_send(c, worker=worker, now=now, lease=LEASE):
        sending = claims.mark_sending(c, delivery, now=now, lease=LEASE)
        assert sending is not None
        return sending
    return None


def _main(url: str, seconds: float, batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, worker = open_store(url, Path(folder), check=False), identity()
        for _ in range(_WARM):  # statements are put together, and the server has read its catalogue
            send(store, worker) or stage(store, worker)
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(work(store, worker, seconds=seconds, batch=batch)), flush=True)
        store.close()


if __name__ == "__main__":
    signal.alarm(600)
    _main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
