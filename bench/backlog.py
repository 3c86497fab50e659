"""How fast a backlog is worked off: the daemon, from the claim over preparing and sending to the receipt, beside peers.

The bare loop and APScheduler have nothing to prepare: what ours does in two claims they do in one, or in none.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from bench import answering, apscheduled, daemon, raw
from bench.figures import line

JOBS, ACCOUNTS = 2_000, 100
ROUNDS = 3


def measure() -> Iterator[str]:
    """Yield deliveries a second without a network beside both, and with one beside the loop with the same call."""
    ours = max(_ours("") for _ in range(ROUNDS))
    bare = max(_raw("") for _ in range(ROUNDS))
    peer = max(_apscheduler() for _ in range(ROUNDS))
    yield (
        f"a backlog of {JOBS:,}: ours {ours:.0f} a second, bare sqlite3 {bare:.0f}, APScheduler {peer:.0f} "
        f"(best of {ROUNDS})"
    )
    yield line("  beside bare sqlite3", ours / bare, least=0.5)
    yield line("  beside APScheduler's default store", ours / peer, least=3)
    with answering.server() as address:
        ours = max(_ours(address) for _ in range(ROUNDS))
        bare = max(_raw(address) for _ in range(ROUNDS))
    yield f"the same with a network on loopback: ours {ours:.0f} a second, bare loop with the same call {bare:.0f}"
    yield line("  beside the bare loop", ours / bare, least=0.5)


def _rate(called: list[float], begun: float) -> float:
    return len(called) / (max(called) - begun)


def _ours(address: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        called = daemon.run(Path(name), JOBS, accounts=ACCOUNTS, after=-60.0, address=address)["called"]
    return _rate(called, called[0])


def _raw(address: str) -> float:
    with tempfile.TemporaryDirectory() as name, requests.Session() as session:
        connection = raw.opened(Path(name) / "raw.db")
        raw.fill(connection, JOBS, 1)
        begun = time.time()
        if address:
            called = raw.work_off(connection, lambda text: session.post(address, json={"text": text}).json())
        else:
            called = raw.work_off(connection)
        connection.close()
    return _rate(called, begun)


def _apscheduler() -> float:
    with tempfile.TemporaryDirectory() as name:
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
        begun = apscheduled.ran(Path(name), [(JOBS, due)], until=5)
    return _rate(begun, due.timestamp())
