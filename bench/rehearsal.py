"""How long the reference campaign's rehearsal takes, and what it needs, cold and with its cards cached."""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import line

ROOT = Path(__file__).parents[1]
ROUNDS = 2


def measure() -> Iterator[str]:
    """Yield deliveries a second of a first rehearsal, which draws the cards, and of a second; and the peak memory."""
    firsts, seconds, done = [], [], 0
    worked = _worked()
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for part in ("config.yaml", "posts", "images"):
                source = ROOT / part
                (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
            (first, done), (second, _) = _run(folder), _run(folder)
        firsts.append(first)
        seconds.append(second)
    worked = (_worked() - worked) / ROUNDS
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    yield f"rehearsal of the reference campaign: {min(firsts):.1f} s, again {min(seconds):.1f} s, at most {peak} MB"
    yield f"  processor time of both together, all processes: {worked:.1f} s"
    yield line(f"  {done} deliveries, cards drawn", done / min(firsts), least=60, unit=" a second")
    yield line("  again, cards kept", done / min(seconds), unit=" a second")


def _run(folder: Path) -> tuple[float, int]:
    command = [sys.executable, "-m", "scheduler", "-C", str(folder), "rehearse", "--json"]
    begun = time.perf_counter()
    told = subprocess.run(command, check=True, capture_output=True).stdout
    return time.perf_counter() - begun, len(json.loads(told)["deliveries"])


def _worked() -> float:
    """Return the seconds that the processes which have ended worked, those that they started among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
