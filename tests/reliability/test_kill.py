"""Kill the program at every write of one publish cycle, against a strict X server; then let it recover.

With strace the kernel ends the process as it enters its k-th write, fsync, rename or send: nothing in the program can
know. Where strace is missing, or may not trace, the same cycle is killed at its k-th statement, commit or file event.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from scheduler import app as parts
from scheduler.clock import SimulatedClock
from scheduler.operations import deliver, recover
from scheduler.operations.resolve import resolve
from scheduler.standins.x import USERS, Server
from scheduler.status import Status
from scheduler.store import claims, deliveries

DATABASES = ("sqlite",)
KEY = "act/hello@x"
LANES = 6  # the sweep is cut into this many tests, which run side by side
STEP = int(os.environ.get("SOLIDARITY_KILL_STEP", "1"))
_OF_A_THREAD = 4  # of its points, which are three times as many: every fourth, where nobody asks for all
MOST = 400
FEWEST = 40  # a cycle with fewer writes than this isn't the one we mean
CALLS = "write,pwrite64,pwritev,writev,fsync,fdatasync,ftruncate,rename,renameat2,unlink,unlinkat,sendto,connect"
CONFIG = """
name: Test
timezone: UTC
languages: [en]
late: {{after: 2 hours, then: publish}}
accounts: {{x: {{platform: x, lang: en, keys: X, base_url: "{url}"}}}}
"""
POSTS = """
title: Act
phase: ongoing
hashtags: [Solidarity]
posts:
  - id: hello
    at: {at:%Y-%m-%d %H:%M}
    text: We stand with you.
    images: [{{file: picture.png, alt: A picture}}]
"""
THREAD = """
    thread: [We stay with you., We come back.]
"""
PARTS = {"post": 1, "thread": 3}
WHOLE = [("We stand with you.\n\n#Solidarity", 1), ("We stay with you.", 0), ("We come back.", 0)]


@cache
def _can_trace() -> bool:
    """Tell whether strace is there and may trace."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=exit_group", "true"]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _environment() -> dict[str, str]:
    secrets = {f"X_{name}": value for name, value in USERS[0].secrets.items()}
    plain = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_START") if name in os.environ}
    return {**plain, **secrets, "PYTHONDONTWRITEBYTECODE": "1"}


def last_call(folder: Path, plant: str) -> int:
    """Return the point at which a cycle with a bug in it calls its network for the last time."""
    with Server() as server:
        _workspace(folder, server.url, "post")
        command = [sys.executable, "-m", "tests.reliability.cycle", str(folder), "0", plant]
        done = subprocess.run(command, check=True, capture_output=True, env=_environment(), timeout=60)
    return max(int(line.split()[1]) for line in done.stdout.decode().splitlines() if line.startswith("connect"))


def _killed_cycle(folder: Path, kill_at: int, plant: str) -> bool:
    """Run one cycle, killed at a point; False when it came to its end before."""
    if _can_trace() and not plant:
        inject = f"inject={CALLS}:signal=SIGKILL:when={kill_at}"
        trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", inject]
        command = [*trace, sys.executable, "-m", "scheduler", "-C", str(folder), "run", "--once"]
    else:
        command = [sys.executable, "-m", "tests.reliability.cycle", str(folder), str(kill_at), *filter(None, [plant])]
    done = subprocess.run(command, check=False, capture_output=True, env=_environment(), timeout=60)
    if done.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}:
        return True
    assert done.returncode == 0, done.stderr.decode()
    return False


def _workspace(folder: Path, url: str, kind: str) -> None:
    """Make a workspace with one post, or thread, that is due, queued as by an earlier command."""
    (folder / "posts").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG.format(url=url), "utf-8")
    at = datetime.now(UTC) - timedelta(minutes=1)
    said = POSTS.format(at=at).rstrip() + (THREAD if kind == "thread" else "\n")
    (folder / "posts/act.yaml").write_text(said, "utf-8")
    Image.new("RGB", (64, 36), "#c4263c").save(folder / "posts/picture.png")
    queued = [sys.executable, "-m", "scheduler", "-C", str(folder), "queue"]
    subprocess.run(queued, check=True, capture_output=True, env=_environment(), timeout=60)


def _recover(folder: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> list[Status]:
    """Start again and let time pass; a person tells the truth where one is asked. Return the states on the way."""
    for name, value in _environment().items():
        monkeypatch.setenv(name, value)
    workspace, _ = parts.workspace(folder)
    clock = SimulatedClock(datetime.now(UTC))
    app = parts.build(workspace, clock=clock)
    seen = []
    try:
        for _ in range(60):
            while recover.step(app) or deliver.step(app):
                pass
            with app.store.read() as c:
                delivery = deliveries.by_key(c, KEY)
                moment = claims.next_moment(c, now=clock.now(), ahead=timedelta())
            assert delivery is not None
            seen.append(delivery.status)
            if delivery.status is Status.published:
                return seen
            if delivery.status is Status.needs_human:
                out = server.state()["posts"][delivery.part - 1 :]
                url = f"https://x.com/i/status/{out[0]['id']}" if out else None
                resolve(app, KEY, url=url, who="tester")
            elif moment is not None:
                clock.move_to(max(moment, clock.now() + timedelta(seconds=1)))
    finally:
        app.close()
    return seen


def _whole(folder: Path, parts: int) -> None:
    """Make sure that the file of the state isn't damaged and holds one receipt a part."""
    connection = sqlite3.connect(folder / "var/state.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute("SELECT part FROM receipts ORDER BY part").fetchall()
        assert found == [(part,) for part in range(1, parts + 1)]
    finally:
        connection.close()


def _booked(folder: Path) -> int:
    """Return how many parts have their receipt."""
    connection = sqlite3.connect(folder / "var/state.db")
    try:
        return int(connection.execute("SELECT count(*) FROM receipts").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("lane", range(LANES))
@pytest.mark.parametrize("kind", PARTS)
def test_killed_at_every_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, lane: int):
    """Wherever the cycle is killed, each part is out exactly once in the end, in order, and the state says so."""
    step = STEP if kind == "post" or STEP > 1 else _OF_A_THREAD
    last = sweep(tmp_path, monkeypatch, kind, range(1 + lane, MOST, LANES * step))
    assert last >= FEWEST, f"only {last} points: the sweep doesn't kill where it should"


def sweep(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, points: Iterable[int], plant: str = "") -> int:
    """Kill a cycle at each of these points and recover; return the first that came after the cycle's end.

    With `plant` a bug is in the program that is killed; the one that recovers is this process.
    """
    template = folder / "template"
    _workspace(template, "http://127.0.0.1:1", kind)
    for point in points:
        there = folder / f"killed-at-{point}"
        shutil.copytree(template, there)
        with Server() as server:
            (there / "config.yaml").write_text(CONFIG.format(url=server.url), "utf-8")
            killed = _killed_cycle(there, point, plant)
            before, booked = len(server.state()["posts"]), _booked(there)
            seen = _recover(there, monkeypatch, server)
            out = server.state()["posts"]
            where = f"killed at point {point}, {before} out and {booked} booked then, states {seen}"
            assert len(out) == PARTS[kind], where
            assert [one["reply_to"] for one in out] == [None, *(one["id"] for one in out)][: len(out)], where
            assert [(one["text"], len(one["media"])) for one in out] == WHOLE[: len(out)], where
            assert seen[-1] is Status.published, where
            assert before == booked or Status.needs_human not in seen, where
            _whole(there, PARTS[kind])
        shutil.rmtree(there)
        if not killed:
            return point
    pytest.fail(f"the cycle has more than {MOST} points")
