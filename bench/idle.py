"""A daemon that waits, with very many deliveries queued far ahead: what it costs, and how soon it starts."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bench.figures import line, memory

SECONDS = 30
_CONFIG = "name: Bench\ntimezone: UTC\nlanguages: [en]\naccounts:\n"
_POST = """\
  - id: post-{number}
    text: "Post number {number}: they are still in prison. Write to the government."
    every: {{days: [daily], time: "{hour:02}:{minute:02}", from: 2090-01-01, until: 2093-12-31}}
"""
POSTS, ACCOUNTS = 7, 10  # each post 1,461 times on each account: 102,270 deliveries


class _Found(NamedTuple):
    start: float
    share: float  # of a processor
    megabytes: float


def measure() -> Iterator[str]:
    """Yield the start beside that of an empty queue, the share of a processor while it waits, and its memory."""
    with tempfile.TemporaryDirectory() as name:
        _workspace(Path(name) / "full", POSTS)
        _workspace(Path(name) / "none", 0)
        queued = _command(Path(name) / "full", "queue")
        subprocess.run(queued, check=True, capture_output=True)
        none = min((_run(Path(name) / "none", 1) for _ in range(3)), key=lambda one: one.start)
        runs = [_run(Path(name) / "full", 1) for _ in range(2)]
        full = _run(Path(name) / "full", SECONDS)
    start = min(one.start for one in (*runs, full))
    many = f"{POSTS * ACCOUNTS * 1461:,} queued"
    yield line(
        f"a daemon's start with {many}, {start:.2f} s, beside none, {none.start:.2f} s", start / none.start, most=1.5
    )
    yield line(f"a daemon that waits with {many}, of one processor", full.share * 100, most=0.5, unit=" %")
    yield line("  its memory", full.megabytes, most=90, unit=" MB")


def _command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "scheduler", "-C", str(folder), *words]


def _workspace(folder: Path, posts: int) -> None:
    (folder / "posts").mkdir(parents=True)
    accounts = "".join(f"  a{number}: {{platform: outbox, lang: en}}\n" for number in range(ACCOUNTS))
    (folder / "config.yaml").write_text(_CONFIG + accounts, "utf-8")
    text = "".join(_POST.format(number=n, hour=8 + n // 60, minute=n % 60) for n in range(posts))
    text = text or "  - {id: one, at: 2090-01-01 12:00, text: One}\n"
    (folder / "posts/act.yaml").write_text(f"title: Bench\nphase: ongoing\nposts:\n{text}", "utf-8")


def _run(folder: Path, seconds: float) -> _Found:
    """Start a daemon, wait until it says that it runs, let it wait, and end it."""
    log = folder / "daemon.log"
    begun, cpu = time.perf_counter(), 0.0
    with log.open("wb") as out:
        process = subprocess.Popen(_command(folder, "run"), stderr=out, stdout=out)
    while b"running" not in log.read_bytes() and time.perf_counter() - begun < 300:
        time.sleep(0.01)
    start = time.perf_counter() - begun
    time.sleep(3 if seconds > 1 else 0)  # what it does once, right after its start
    before, at = _cpu(process.pid), time.perf_counter()
    time.sleep(seconds)
    cpu = (_cpu(process.pid) - before) / (time.perf_counter() - at)
    megabytes = memory(process.pid, "VmRSS")
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    return _Found(start, cpu, megabytes)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


assert datetime.now(UTC).year < 2090, "the deliveries must lie ahead"
