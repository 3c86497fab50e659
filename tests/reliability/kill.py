"""A command of the program, killed at its k-th point on a workspace of its own, and what comes of it afterwards."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from tests import databases
from tests.acceptance.stem import Stem
from tests.reliability import traced

KEY = "act/hello@x"
CALLS = (
    "write,pwrite64,pwritev,writev,fsync,fdatasync,ftruncate,rename,renameat2,unlink,unlinkat,sendto,sendmsg,connect"
)
"""What a kill may come before: on a server's database a statement leaves by `sendto`."""

CONFIG = """
name: Test
timezone: UTC
languages: [en]
late: {{after: 2 hours, then: publish}}
accounts: {{x: {{platform: x, lang: en, keys: X, base_url: "{url}"}}}}
database: {database}
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


def secrets() -> dict[str, str]:
    """Return what a command gets to know."""
    keys = {f"X_{name}": value for name, value in USERS[0].secrets.items()}
    plain = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_START") if name in os.environ}
    return {**plain, **keys, "PYTHONDONTWRITEBYTECODE": "1"}


def sprout(folder: Path, plant: str = "") -> Stem:
    """Return what commands are forked from; with `plant` they have that bug."""
    folder.mkdir(parents=True, exist_ok=True)
    more = ["tests.reliability.traced", "tests.reliability.hooked", "psycopg", "sqlalchemy.dialects.postgresql"]
    more += ["tests.reliability.planted"] if plant else []
    return Stem(folder, {**os.environ, "SOLIDARITY_PLANT": plant}, *more)


def workspace(folder: Path, stem: Stem, kind: str) -> None:
    """Make a workspace with one post, or thread, that is due, queued as by an earlier command."""
    (folder / "posts").mkdir(parents=True)
    configure(folder, "http://127.0.0.1:1", databases.state(folder))
    at = datetime.now(UTC) - timedelta(minutes=1)
    said = POSTS.format(at=at).rstrip() + (THREAD if kind == "thread" else "\n")
    (folder / "posts/act.yaml").write_text(said, "utf-8")
    Image.new("RGB", (64, 36), "#c4263c").save(folder / "posts/picture.png")
    code, _, said = stem.call(["-C", str(folder), "queue"], env=secrets(), cwd=folder)
    assert code == 0, said


def configure(folder: Path, url: str, database: str) -> None:
    """Say in the workspace's file where its network and its state are."""
    (folder / "config.yaml").write_text(CONFIG.format(url=url, database=database), "utf-8")


@contextmanager
def copied(template: Path, folder: Path) -> Iterator[tuple["Cycle", Server]]:
    """Give a workspace anew, with its state, on a server of its own."""
    shutil.copytree(template, folder)
    database = databases.state(template)
    if databases.chosen() == "postgresql":
        database = databases.server().copy(database)
    try:
        with Server() as network:
            configure(folder, network.url, database)
            yield Cycle(folder, database), network
    finally:
        shutil.rmtree(folder)
        if databases.chosen() == "postgresql":
            databases.server().drop(database)


@dataclass(frozen=True)
class Cycle:
    """`solidarity run --once` on a workspace."""

    folder: Path
    database: str

    @property
    def log(self) -> Path:
        """Where the points stand."""
        return self.folder.parent / "points"

    def killed(self, stem: Stem, number: int, way: str, *, ends: tuple[int, ...] = (0,)) -> bool:
        """Run it, killed at a point; False when it came to its end before. `way`: strace, or hook.

        `ends`: the exit codes with which it may end: 1 says that something is open still, such as a post to look up.
        """
        self.log.unlink(missing_ok=True)
        by_strace = way == "strace" and traced.can_trace()
        hook = ["tests.reliability.hooked:kill_at", number, str(self.log)]
        first = ["tests.reliability.traced:stop"] if by_strace else hook
        started = stem.start(["-C", str(self.folder), "run", "--once"], env=secrets(), cwd=self.folder, first=first)
        if by_strace:
            inject = f"signal=SIGKILL:when={number}" if number else ""
            with traced.trace(started, CALLS, self.log, inject=inject):
                code = started.wait()
        else:
            code = started.wait()
        if code == -signal.SIGKILL:
            return True
        assert code in ends, (code, started.said)
        return False

    def points(self) -> list[str]:
        """Return what the points were at which it wasn't killed."""
        return self.log.read_text("utf-8", "replace").splitlines()

    def booked(self) -> list[int]:
        """Return which parts have their receipt; the state isn't damaged."""
        if self.database.startswith("postgresql"):
            import psycopg

            with psycopg.connect(self.database.replace("+psycopg", "")) as there:
                return [row[0] for row in there.execute("SELECT part FROM receipts ORDER BY part")]
        with closing(sqlite3.connect(self.folder / "var/state.db")) as c:
            assert c.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return [row[0] for row in c.execute("SELECT part FROM receipts ORDER BY part")]


def recovered(folder: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> list[Status]:
    """Start again and let time pass; a person tells the truth where one is asked. Return the states on the way."""
    for name, value in secrets().items():
        monkeypatch.setenv(name, value)
    found, _ = parts.workspace(folder)
    clock = SimulatedClock(datetime.now(UTC))
    seen = []
    with closing(parts.build(found, clock=clock)) as app:
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
    return seen


def settled(cycle: Cycle, server: Server, monkeypatch: pytest.MonkeyPatch, kind: str, where: str) -> Mapping[str, int]:
    """Recover, and check that each part is out once, in order, whole; return what was counted."""
    before, booked = len(server.state()["posts"]), len(cycle.booked())
    seen = recovered(cycle.folder, monkeypatch, server)
    out = server.state()["posts"]
    where = f"killed at {where}, {before} out and {booked} booked then, states {seen}"
    assert len(out) == PARTS[kind], where
    assert [one["reply_to"] for one in out] == [None, *(one["id"] for one in out)][: len(out)], where
    assert [(one["text"], len(one["media"])) for one in out] == WHOLE[: len(out)], where
    assert seen[-1] is Status.published, where
    assert before == booked or Status.needs_human not in seen, where
    assert cycle.booked() == [*range(1, 1 + PARTS[kind])], where
    return {"asked": Status.needs_human in seen, "out_and_not_booked": before > booked}
