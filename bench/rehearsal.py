"""How long the reference campaign's rehearsal takes, and what it needs, cold and with its cards cached."""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def measure() -> Iterator[str]:
    """Yield the seconds of a first and of a second rehearsal of the reference campaign, and the peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("config.yaml", "posts", "images"):
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
        first, second = _seconds(folder), _seconds(folder)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    yield f"rehearsal of the reference campaign: {first:.1f} s, again {second:.1f} s, at most {peak} MB"


def _seconds(folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "scheduler", "-C", str(folder), "rehearse"], check=True, capture_output=True)
    return time.perf_counter() - start
