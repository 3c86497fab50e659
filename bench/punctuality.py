"""How late the daemon is: many posts due in the same second, on accounts of their own, through the real process."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ACCOUNTS = 20
POSTS = 3  # an account, in the same second


def measure() -> Iterator[str]:
    """Yield the lateness of posts due in one second, from the due second to the recorded receipt."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        due = (datetime.now(UTC) + timedelta(seconds=25)).replace(microsecond=0)
        _workspace(folder, due)
        command = [sys.executable, "-m", "scheduler", "-C", name]
        daemon = subprocess.Popen([*command, "run"], stderr=subprocess.DEVNULL)
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()) + 5)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=20)
        shown = subprocess.run([*command, "status", "--json"], check=True, capture_output=True).stdout
    late = sorted(_late(one, due) for one in json.loads(shown)["deliveries"] if one["published_at"])
    if len(late) != ACCOUNTS * POSTS:
        yield f"punctuality: only {len(late)} of {ACCOUNTS * POSTS} went out"
        return
    p99 = late[int(len(late) * 0.99) - 1]
    yield (
        f"{ACCOUNTS * POSTS} posts due in one second on {ACCOUNTS} accounts: first after {late[0]:.0f} ms, "
        f"median {statistics.median(late):.0f} ms, p99 {p99:.0f} ms ({os.cpu_count()} cores)"
    )


def _late(one: dict[str, str], due: datetime) -> float:
    return (datetime.fromisoformat(one["published_at"]) - due).total_seconds() * 1000


def _workspace(folder: Path, due: datetime) -> None:
    accounts = "\n".join(f"  a{number}: {{platform: outbox, lang: en}}" for number in range(ACCOUNTS))
    head = "name: Bench\ntimezone: UTC\nlanguages: [en]\nstage_ahead: 20 seconds\naccounts:\n"
    (folder / "config.yaml").write_text(head + accounts + "\n", "utf-8")
    (folder / "posts").mkdir()
    posts = "\n".join(
        f"  - {{id: p{number}, at: {due:%Y-%m-%d %H:%M:%S}, text: Post number {number}}}" for number in range(POSTS)
    )
    (folder / "posts/act.yaml").write_text(f"title: Act\nphase: ongoing\nposts:\n{posts}\n", "utf-8")
