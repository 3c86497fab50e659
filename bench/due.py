"""Many due in one second while many more wait: the daemon beside a bare loop and beside APScheduler's default store.

All three find the same jobs in a database on the same disk when they start. What counts is how long after its second
each visible call begins. Ours has prepared it before (that is what `stage_ahead` is for), and writes down the intent
and the receipt of each; so does the bare loop; APScheduler writes neither.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import apscheduled, daemon, raw
from bench.figures import count, line, p99

WAITING, DUE, ACCOUNTS = 100_000, 500, 100
AT_ONCE, OVERDUE = 5_000, 2_000
ROUNDS = 3


def measure() -> Iterator[str]:
    """Yield the 99th percentile of the lateness beside both, and how many of many were handled."""
    ours = min(_ours() for _ in range(ROUNDS))
    bare = min(_raw() for _ in range(ROUNDS))
    peer = min(_apscheduler() for _ in range(ROUNDS))
    yield (
        f"{DUE} due in one second, {WAITING:,} waiting: p99 ours {ours:.0f} ms, bare sqlite3 {bare:.0f} ms, "
        f"APScheduler {peer:.0f} ms (best of {ROUNDS})"
    )
    yield line("  p99 beside bare sqlite3", ours / bare, most=1.5)
    yield line("  p99 beside APScheduler's default store", ours / peer, most=0.4)
    for what, number, offset in (("due at once", AT_ONCE, 6.0), ("overdue by a minute at the start", OVERDUE, -60.0)):
        yield count(f"{number:,} {what}, handled", _handled(number, offset), number)
        yield f"  APScheduler's default store: {_peer_handled(number, offset):,} of {number:,}"


def _ours() -> float:
    with tempfile.TemporaryDirectory() as name:
        found = daemon.run(Path(name), DUE, accounts=ACCOUNTS, after=None, waiting=WAITING)
    late = [at - found["due"] for at in found["called"]]
    assert len(late) == DUE, f"{len(late)} went out"
    return p99(late) * 1000


def _raw() -> float:
    with tempfile.TemporaryDirectory() as name:
        connection = raw.opened(Path(name) / "raw.db")
        raw.fill(connection, WAITING, int(daemon.FAR.timestamp() * 1_000_000))
        due = int(time.time()) + 2
        raw.fill(connection, DUE, due * 1_000_000)
        time.sleep(max(0.0, due - time.time()))
        late = [at - due for at in raw.work_off(connection)]
        connection.close()
    return p99(late) * 1000


def _apscheduler() -> float:
    with tempfile.TemporaryDirectory() as name:
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=15)
        begun = apscheduled.ran(Path(name), [(WAITING, daemon.FAR), (DUE, due)], until=5)
    return p99([at - due.timestamp() for at in begun]) * 1000


def _handled(number: int, offset: float) -> int:
    with tempfile.TemporaryDirectory() as name:
        return len(daemon.run(Path(name), number, accounts=ACCOUNTS, after=offset)["called"])


def _peer_handled(number: int, offset: float) -> int:
    with tempfile.TemporaryDirectory() as name:
        moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=offset)
        return len(apscheduled.ran(Path(name), [(number, moment)], until=5))
