"""2, 4 and 8 daemons on one state, as on two machines: stopped for longer than a lease, killed, the server restarted.

Each is a process of its own (`solidarity run`). On PostgreSQL the database's server is restarted every few seconds,
by turns in order and as by a crash. What counts is what the outbox and a strict stand-in for Mastodon hold.
"""

import json
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scheduler import app as parts
from scheduler.app import App
from scheduler.clock import SimulatedClock
from scheduler.operations import deliver, queue, recover
from scheduler.standins.faults import Answer
from scheduler.standins.loopback import Request
from scheduler.standins.mastodon import Server
from scheduler.status import Status
from scheduler.store import StateAwayError, claims, deliveries, open_store
from tests import databases
from tests.acceptance.command import environment
from tests.acceptance.stem import Started, Stem
from tests.reliability.on_networks import tell

POSTS = int(os.environ.get("SOLIDARITY_DAEMONS_POSTS", "1000"))
SHARES = {2: 0.2, 4: 0.3, 8: 0.5}  # of the posts, by the number of daemons
ONLY = os.environ.get("SOLIDARITY_DAEMONS", "2,4,8")
LEASE = float(os.environ.get("SOLIDARITY_DAEMONS_LEASE", "4"))  # seconds
LONGER = 1.4  # leases that one stands still
MOST = float(os.environ.get("SOLIDARITY_DAEMONS_SECONDS", "45"))  # for all of it, before the clock is moved on
RESTART = tuple(map(float, os.environ.get("SOLIDARITY_DAEMONS_RESTART", "3-3").split("-")))
"""Seconds between two restarts of the database's server: at least, and at most."""

OUTBOXES = [f"o{number}" for number in range(1, 9)]
TOOTS = [f"m{number}" for number in range(1, 5)]
IN_A_FILE = 5_000  # posts: a file has a megabyte at most
SLOW = 0.03  # seconds that a visible call takes at most: two at once shall be seen


@dataclass(frozen=True)
class Call:
    """A visible call as the server saw it."""

    account: str
    text: str
    begun: float
    ended: float


class Watching(Server):
    """A Mastodon that takes its time and writes down when each visible call began and ended."""

    def __init__(self) -> None:
        self.ahead = 0.0  # seconds that its clock is ahead of the machine's
        super().__init__(now=lambda: time.time() + self.ahead)
        self.calls: list[Call] = []

    def answer(self, request: Request) -> Answer:
        """Answer, slowly where something becomes visible."""
        if request.endpoint != "POST /api/v1/statuses":
            return super().answer(request)
        begun = time.monotonic()
        time.sleep(random.uniform(0, SLOW))
        answer = super().answer(request)
        account = request.headers["Authorization"].rpartition("-")[2]
        text = json.loads(request.body)["status"]
        self.calls.append(Call(account, text, begun, time.monotonic()))
        return answer


@dataclass
class Herd:
    """The daemons that run, and what happens to them."""

    folder: Path
    home: Path
    stem: Stem
    env: dict[str, str]
    chance: random.Random
    running: dict[int, Started] = field(default_factory=dict)
    asleep: dict[int, float] = field(default_factory=dict)  # until when
    dead: dict[int, float] = field(default_factory=dict)  # since when
    missed: set[int] = field(default_factory=set)  # the dead whose leases are left
    taken_over: list[float] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        """Start one more, on one of two machines."""
        machine = f"machine-{self.chance.randrange(2)}"
        first = ["tests.reliability.short_lease:begin", machine, LEASE]
        daemon = self.stem.start(["-C", str(self.folder), "run"], env=self.env, cwd=self.home, first=first)
        self.running[daemon.pid] = daemon

    def harm(self) -> None:
        """Stop one for longer than its lease, or kill one and start another in its place."""
        for pid in [one for one in self.running if _has_ended(one)]:
            self._end(pid)  # the database didn't answer as it started: what runs it starts it again
            self.start()
        awake = [pid for pid in self.running if pid not in self.asleep]
        if len(awake) <= len(self.running) // 2:
            return
        pid = self.chance.choice(awake)
        if self.chance.random() < 0.5:
            os.kill(pid, signal.SIGSTOP)
            self.asleep[pid] = time.monotonic() + LONGER * LEASE
            self.counted["stopped"] += 1
        else:
            self._end(pid)
            self.dead[pid] = time.monotonic()
            self.counted["killed"] += 1
            self.start()

    def wake(self) -> None:
        """Let those go on that stood still for long enough."""
        for pid, until in list(self.asleep.items()):
            if until < time.monotonic():
                os.kill(pid, signal.SIGCONT)
                del self.asleep[pid]

    def _end(self, pid: int) -> None:
        daemon = self.running.pop(pid)
        self.asleep.pop(pid, None)
        assert daemon.end(signal.SIGKILL) == -signal.SIGKILL or "the database doesn't answer" in daemon.said, (
            daemon.said
        )
        assert "Traceback" not in daemon.said, daemon.said
        assert "unexpected fault" not in daemon.said, daemon.said

    def note(self, owners: set[str]) -> None:
        """Note whose leases are left, and how long it took until those of a dead one were taken over."""
        held = {int(owner.split("/")[1]) for owner in owners}
        self.missed |= held & self.dead.keys()
        for pid in self.missed - held:
            self.taken_over.append(time.monotonic() - self.dead.pop(pid))
            self.missed.remove(pid)

    def end(self) -> None:
        """End all."""
        for pid in list(self.running):
            self._end(pid)


def _has_ended(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "Z"


class Field:
    """A campaign on many accounts, due all at once, and what is out of it."""

    def __init__(self, folder: Path, server: Watching, number: int) -> None:
        self.folder, self.server = folder, server
        (folder / "posts").mkdir(parents=True)
        seats = {name: server.seat(name) for name in TOOTS}
        self.env = {
            f"{name.upper()}_{key}": value for name, seat in seats.items() for key, value in seat.secrets.items()
        }
        lines = [f"  {name}: {{platform: outbox}}" for name in OUTBOXES]
        lines += [f"  {name}: {{platform: mastodon, keys: {name.upper()}, base_url: '{server.url}'}}" for name in TOOTS]
        head = ["name: Test", "timezone: UTC", "languages: [en]", "late: {after: 12 hours, then: publish}"]
        head.append(f"database: {databases.state(folder)}")
        (folder / "config.yaml").write_text("\n".join([*head, "accounts:", *lines]) + "\n", "utf-8")
        self.wanted = self._write(number)

    def _write(self, number: int) -> dict[str, list[str]]:
        """Write the posts; return each account's texts in the order of their times."""
        wanted: dict[str, list[str]] = defaultdict(list)
        accounts, start = [*OUTBOXES, *TOOTS], datetime.now(UTC) - timedelta(hours=6)
        files: dict[str, list[str]] = defaultdict(lambda: ["title: Act", "phase: ongoing", "posts:"])
        for one in range(number):
            account, at = accounts[one % len(accounts)], start + timedelta(seconds=one // len(accounts))
            text = f"Word{one} of it"
            wanted[account].append(text)
            line = f"  - {{id: p{one}, at: {at:%Y-%m-%d %H:%M:%S}, text: {text}, accounts: [{account}]}}"
            files[f"act{one // IN_A_FILE}"].append(line)
        for name, lines in files.items():
            (self.folder / f"posts/{name}.yaml").write_text("\n".join(lines) + "\n", "utf-8")
        return wanted

    def queue(self, number: int) -> None:
        """Put it all into the queue. Of very many the files go bad then: nobody reads them again at each start."""
        with self.app() as app:
            assert len(queue.apply(app, app.load_posts()).add) == number
        for file in (self.folder / "posts").glob("*.yaml") if number > 1000 else ():
            file.write_text("posts: [", "utf-8")

    def app(self, **more: Any) -> closing[App]:
        """Return an App on the campaign, which is closed in the end."""
        workspace, _ = parts.workspace(self.folder)
        return closing(parts.build(workspace, **more))

    def out(self) -> dict[str, list[str]]:
        """Return what is out, by account, in the order in which it appeared."""
        found: dict[str, list[str]] = defaultdict(list)
        texts = (self.folder / "var/outbox").glob("*/[0-9]*/text.txt")
        for text in sorted(texts, key=lambda one: one.stat().st_mtime_ns):
            found[text.parts[-3]].append(text.read_text("utf-8"))
        for post in self.server.posts:
            found[post.owner.username].append(post.text)
        return found


@pytest.fixture
def stem(tmp_path: Path) -> Iterator[Stem]:
    """Return what daemons are forked from."""
    (tmp_path / "home").mkdir()
    more = [
        "scheduler.publishers.mastodon",
        "tests.reliability.short_lease",
        "psycopg",
        "sqlalchemy.dialects.postgresql",
    ]
    stem = Stem(tmp_path, {**os.environ, "HOME": str(tmp_path / "home")}, *more)
    yield stem
    stem.close()


@pytest.mark.parametrize("number", [int(one) for one in ONLY.split(",")])
def test_many_daemons(tmp_path: Path, stem: Stem, monkeypatch: pytest.MonkeyPatch, number: int, database: str) -> None:
    """0 lost, 0 doubled, each account's posts in their order, never two visible calls of one account at once."""
    total = round(POSTS * SHARES[number]) if "," in ONLY else POSTS
    with Watching() as server:
        campaign = Field(tmp_path / "campaign", server, total)
        for name, value in campaign.env.items():
            monkeypatch.setenv(name, value)
        campaign.queue(total)
        herd = Herd(
            folder=campaign.folder,
            home=tmp_path / "home",
            stem=stem,
            env=environment(tmp_path / "home", {**campaign.env, "PYTHONDONTWRITEBYTECODE": "1"}),
            chance=random.Random(f"{number} {POSTS}"),
        )
        begun = time.monotonic()
        _under_fire(campaign, herd, number, restarts=database == "postgresql")
        seconds = time.monotonic() - begun
        before = sum(map(len, campaign.out().values()))
        _settle(campaign)
        exempt = _exempt(campaign)
        _check(campaign, exempt)
        assert server.errors == []
    assert before > total / 25, f"{number} daemons came to nothing: {before} of {total}"
    over = {"took_over_after_at_most": round(max(herd.taken_over, default=0.0), 1)}
    figures = {"posts": total, "before": before, "seconds": round(seconds), "looked_up_or_put_off": len(exempt)}
    tell(f"{number} daemons", database, **figures, **herd.counted, **over)


def _under_fire(campaign: Field, herd: Herd, number: int, *, restarts: bool) -> None:
    """Let them work, and do them harm, until all is out or the time is over."""
    for _ in range(number):
        herd.start()
    begun = time.monotonic()
    end = begun + (MOST * SHARES[number] if "," in ONLY else MOST)
    next_restart, next_harm, left, done = begun + herd.chance.uniform(*RESTART), 0.0, 1, 0
    with closing(open_store(databases.state(campaign.folder), campaign.folder)) as store:
        # On a slow machine they need a while to begin at all.
        while left and (time.monotonic() < end or (done < left / 20 and time.monotonic() < begun + 3 * MOST)):
            time.sleep(0.1)
            herd.wake()
            if restarts and time.monotonic() > next_restart:
                databases.server().restart(signal.SIGINT if herd.counted["restarts"] % 2 else signal.SIGQUIT)
                next_restart = time.monotonic() + herd.chance.uniform(*RESTART)
                herd.counted["restarts"] += 1
            if time.monotonic() > next_harm:
                herd.harm()
                next_harm = time.monotonic() + herd.chance.uniform(0.5, 2.5)
            with suppress(StateAwayError), store.read() as c:
                herd.note({str(one.lease_owner) for one in deliveries.leased(c)})
                counts = deliveries.counts(c)
                done = counts.get("published", 0)
                left = sum(counts.values()) - done
    herd.end()


def _settle(campaign: Field) -> None:
    """Bring what is left to its end, on a clock of our own: nobody has to be asked."""
    clock = SimulatedClock(datetime.now(UTC))
    campaign.server.counts = False  # its minutes are real ones, and those below aren't
    with campaign.app(clock=clock) as app:
        for _ in range(2000):
            while deliver.step(app) or recover.step(app):
                pass
            with app.store.read() as c:
                moment = claims.next_moment(c, now=clock.now(), ahead=timedelta())
                assert deliveries.in_status(c, Status.needs_human, Status.failed, Status.missed) == []
            if moment is None:
                return
            clock.move_to(max(moment, clock.now() + timedelta(seconds=1)))
            campaign.server.ahead = (clock.now() - datetime.now(UTC)).total_seconds()


def _exempt(campaign: Field) -> set[str]:
    """Return the texts that were looked up or put off on their way: others of their account may go meanwhile."""
    with campaign.app() as app, app.store.read() as c:
        found = set()
        for one in deliveries.in_status(c):
            steps = deliveries.history(c, one.id)
            if any(event == "unknown" or "put off" in detail for _, event, detail in steps):
                found.add(one.content.text)
            assert one.status is Status.published, f"{one.key}: {one.status} {one.reason} {steps}"
    return found


def _check(campaign: Field, exempt: set[str]) -> None:
    out = campaign.out()
    for account, wanted in campaign.wanted.items():
        assert Counter(out[account]) == dict.fromkeys(wanted, 1), account
        straight = [text for text in out[account] if text not in exempt]
        assert straight == [text for text in wanted if text not in exempt], f"{account}: out of order"
    by_account: dict[str, list[Call]] = defaultdict(list)
    for call in campaign.server.calls:
        if call.text not in exempt:
            by_account[call.account].append(call)
    for account, calls in by_account.items():
        calls.sort(key=lambda call: call.begun)
        both = [(one, two) for one, two in pairwise(calls) if two.begun < one.ended]
        assert both == [], f"{account}: two visible calls at once"
