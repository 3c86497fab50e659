"""How soon the command answers, beside the interpreter's own start."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import line, paired

ROUNDS = 15
_BOUNDS = {"--help": 5.0, "status": 10.0, "check": None}
_CONFIG = "name: Bench\ntimezone: UTC\nlanguages: [en]\naccounts:\n  local: {platform: outbox, lang: en}\n"
_POSTS = "title: Bench\nphase: ongoing\nposts:\n  - {id: one, at: 2090-01-01 12:00, text: One}\n"


def measure() -> Iterator[str]:
    """Yield how long `--help`, and `status` and `check` of a small workspace, take beside `python -c pass`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "posts").mkdir()
        (folder / "config.yaml").write_text(_CONFIG, "utf-8")
        (folder / "posts/act.yaml").write_text(_POSTS, "utf-8")
        ours = [sys.executable, "-m", "scheduler", "-C", name]
        subprocess.run([*ours, "queue"], check=True, capture_output=True)
        for what, most in _BOUNDS.items():
            took, bare, ratio = paired(
                ROUNDS,
                lambda what=what: _seconds([*ours, what]),  # type: ignore[misc]
                lambda: _seconds([sys.executable, "-c", "pass"]),
            )
            said = f"solidarity {what}, {took * 1000:.0f} ms, beside python -c pass, {bare * 1000:.0f} ms"
            yield line(said, ratio, most=most)


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun
