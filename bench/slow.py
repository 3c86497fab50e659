"""Posts to a network that takes its time to answer, through the daemon, beside the least time that it can take."""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import answering, daemon
from bench.figures import line

POSTS, AT_ONCE, DELAY = 500, 64, 0.1
ROUNDS = 3


def measure() -> Iterator[str]:
    """Yield how long posts on as many accounts take whose server answers slowly."""
    floor = math.ceil(POSTS / AT_ONCE) * DELAY
    with answering.server(delay=DELAY) as address:
        taken = min(_seconds(address) for _ in range(ROUNDS))
    said = f"{POSTS} posts, each answered after {DELAY * 1000:.0f} ms, {AT_ONCE} at a time, {taken:.2f} s"
    yield line(f"{said}, beside the floor of {floor:.1f} s", taken / floor, most=1.2)


def _seconds(address: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        found = daemon.run(Path(name), POSTS, accounts=AT_ONCE, after=None, address=address)
    assert len(found["called"]) == POSTS
    return float(found["called"][-1] + DELAY - found["due"])
