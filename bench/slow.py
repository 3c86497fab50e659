"""Posts to a network that takes its time to answer, through the daemon, beside the least time that it can take."""

import math
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from bench import answering, daemon
from bench.figures import line

POSTS, AT_ONCE, DELAY = 500, 64, 0.1
ROUNDS = 3


def measure() -> Iterator[str]:
    """Yield how long posts on as many accounts take whose server answers slowly."""
    floor = math.ceil(POSTS / AT_ONCE) * DELAY
    with answering.server(delay=DELAY) as address:
        taken = min(_seconds(address) for _ in range(ROUNDS))
        bare = min(_bare_seconds(address) for _ in range(ROUNDS))
    said = f"{POSTS} posts, each answered after {DELAY * 1000:.0f} ms, {AT_ONCE} at a time, {taken:.2f} s"
    yield line(f"{said}, beside the floor of {floor:.1f} s", taken / floor, most=1.2)
    yield line(f"  beside the bare calls of `requests` in as many threads, {bare:.2f} s", taken / bare)


def _seconds(address: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        found = daemon.run(Path(name), POSTS, accounts=AT_ONCE, after=None, address=address)
    assert len(found["called"]) == POSTS
    return float(found["called"][-1] + DELAY - found["due"])


def _bare_seconds(address: str) -> float:
    """Return how long the same calls take by the same HTTP client, with nothing else to do."""
    ready = threading.Barrier(AT_ONCE + 1)

    def work(number: int) -> float:
        with requests.Session() as session:
            ready.wait()
            for _ in range(number, POSTS, AT_ONCE):
                session.post(address, json={"text": "We stand with you."}, timeout=30).json()
            return time.perf_counter()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = [pool.submit(work, number) for number in range(AT_ONCE)]
        ready.wait()
        begun = time.perf_counter()
        return max(one.result() for one in ended) - begun
