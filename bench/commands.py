"""How soon the command answers, beside the interpreter's own start."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator


def measure() -> Iterator[str]:
    """Yield the time to `--help` and to `check` of the reference campaign."""
    bare = _seconds([sys.executable, "-c", "pass"])
    for arguments in (["--help"], ["check"]):
        taken = _seconds([sys.executable, "-m", "scheduler", *arguments])
        yield f"solidarity {' '.join(arguments)}: {taken * 1000:.0f} ms (Python alone {bare * 1000:.0f} ms)"


def _seconds(command: list[str]) -> float:
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
