"""`queue` of a large campaign into an empty state, beside a bare `executemany` of the very same rows."""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import check
from bench.figures import line, memory

FILES, POSTS = 1_000, 10
ROUNDS = 3
_ONE_ACCOUNT = (
    "name: Bench\ntimezone: Europe/London\nlanguages: [en, fr]\naccounts:\n  local: {platform: outbox, lang: en}\n"
)


def measure() -> Iterator[str]:
    """Yield how long queueing takes once the posts are read, beside the bare insert; and the memory at its peak."""
    found = [_run() for _ in range(ROUNDS)]
    best = min(found, key=lambda one: float(one["ours"] / one["bare"]))
    said = f"queue of {best['rows']:,}, {best['ours']:.2f} s, beside a bare executemany, {best['bare']:.2f} s"
    yield line(said, best["ours"] / best["bare"], most=5)
    yield line("  memory at its peak", min(one["memory"] for one in found), most=200, unit=" MB")


def _run() -> Any:
    with tempfile.TemporaryDirectory() as name:
        check.workspace(Path(name), files=FILES, posts=POSTS)
        (Path(name) / "config.yaml").write_text(_ONE_ACCOUNT, "utf-8")
        command = [sys.executable, "-c", f"from bench import queue; queue._child({name!r})"]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _child(name: str) -> None:
    from scheduler import app as parts  # noqa: PLC0415
    from scheduler.operations import queue  # noqa: PLC0415

    ready, _ = parts.workspace(Path(name))
    app = parts.build(ready)
    loaded = app.load_posts()
    begun = time.perf_counter()
    queue.apply(app, loaded)
    ours = time.perf_counter() - begun
    app.close()
    peak = memory()
    source = sqlite3.connect(Path(name) / "var/state.db")
    schema = source.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'deliveries' AND sql IS NOT NULL")
    bare = sqlite3.connect(Path(name) / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    for (statement,) in schema:
        bare.execute(statement)
    rows = source.execute("SELECT * FROM deliveries").fetchall()
    marks = ", ".join("?" * len(rows[0]))
    begun = time.perf_counter()
    bare.execute("BEGIN IMMEDIATE")
    bare.executemany(f"INSERT INTO deliveries VALUES ({marks})", rows)
    bare.execute("COMMIT")
    print(json.dumps({"ours": ours, "bare": time.perf_counter() - begun, "rows": len(rows), "memory": peak}))
