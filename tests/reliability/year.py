"""A year of a campaign in half a minute: the daemon's own jobs at their hours, people, faults, and what it takes."""

import gc
import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from scheduler import plan
from scheduler.app import App
from scheduler.daemon.process import Daemon
from scheduler.errors import UserError
from scheduler.model import Account, Lateness, Notify, Outgoing, Receipt, Then
from scheduler.notices import Outcome
from scheduler.operations import deliver
from scheduler.operations.done import done
from scheduler.operations.notify import notify
from scheduler.operations.pause import pause, resume
from scheduler.operations.retry import retry
from scheduler.operations.take_back import take_back
from scheduler.status import Status
from scheduler.store import claims, controls, deliveries, is_sqlite, open_store
from scheduler.store.records import to_micros
from scheduler.store.tables import metadata
from scheduler.submission import Placing
from scheduler.testing import FAULTS
from tests.world import NOON, World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ACCOUNTS = ("a", "b", "c")
POSTS = int(os.environ.get("SOLIDARITY_YEAR_POSTS", "1"))
"""How many there are on a day of each week, on each of the three accounts."""
TURN = DAY / min(POSTS, 24)
"""How long the daemon's jobs wait between two rounds."""
_MONTH = """title: Month {number}
phase: ongoing
posts:
{posts}  - id: voices
    from: submissions
    every: {{days: [tue], time: "17:00", from: {first}, until: {last}}}
    accounts: [a, b]
    text: "With you: {{message}}"
  - id: card
    every: {{days: [fri], time: "12:00", from: {first}, until: {last}}}
    accounts: [c]
    text: Not forgotten, in month {number}{edited}
    card: true
"""
_POST = """  - id: word{number}
    every: {{days: [mon], time: "{hour:02}:{minute:02}", from: {first}, until: {last}}}
    text: Word {number} of month {month}{edited}
"""


_CLAIMS = """SELECT COALESCE(MAX(claims), 0) FROM (SELECT SUM(CASE WHEN event = 'claimed' THEN 1 ELSE 0 END) AS claims
    FROM events GROUP BY delivery_id HAVING MAX(at) < :old) AS stories"""


class Killed(BaseException):
    """The process ends here, as by `kill -9`."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the daemon takes of the machine at the end of a month."""

    rss: int
    handles: int
    threads: int
    state: int
    log: int
    files: int
    rendered: int
    rows: dict[str, int]
    claims: int  # the most that a delivery's history tells of, where its last step is older than a hundred days


class Year(World):
    """A campaign that goes on for a year, with a new file each month, and everybody who has to do with it."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, accounts=ACCOUNTS, late=Lateness(after=2 * DAY, then=Then.publish))
        names = {name: Account(name=name, platform="outbox", language="en") for name in ACCOUNTS}
        self.workspace = replace(self.workspace, accounts=names, notify=Notify(to="PRESS"))
        (folder / ".env").write_text("PRESS_URLS=json://127.0.0.1:1/one json://127.0.0.1:1/two\n", "utf-8")
        (folder / "posts").mkdir()
        self.chance, self.told, self.kills, self.restarts = random.Random(seed), 0, 0, 0
        self.kill_next, self.wanted = False, set[str]()  # what the files of the year have asked for
        self._real, self._seen = self.network.post, set[Path]()
        self.network.post = self._post  # type: ignore[method-assign]
        self.app = self.daemon("reader")
        self.month(0)
        self.boot()

    # ── the daemon ──

    def boot(self) -> None:
        """Start the daemon, on a state that it opens anew."""
        self.restarts += 1
        self.store.close()
        self.store = open_store(self.workspace.database, self.workspace.folder, durable=False)
        self.app = self.daemon(f"daemon-{self.restarts}")
        running = Daemon(self.app)
        tidying = running._tidy
        jobs: list[Callable[[], object]] = [job for job, _, _ in running._jobs if job != tidying]
        self.jobs = [*jobs, running._renew, running._put_away, self._tell, tidying]
        self._recover, self._wake = running._recover, running._wake
        running._crew.ring = lambda: self._lane(self.app)  # type: ignore[method-assign]
        for job in jobs[:2]:
            job()

    def _lane(self, app: App) -> None:
        while deliver.step(app):
            pass

    def _tell(self) -> None:
        def send(messages: Any) -> list[Outcome | None]:
            self.told += len(messages)
            return [Outcome(ok=self.chance.random() < 0.9, detail="it is away") for _ in messages]

        notify(self.app, send=send, free=lambda _: 10**12)

    def _post(self, out: Outgoing) -> Receipt:
        if self.kill_next:
            self.kill_next = False
            if self.chance.random() < 0.5:
                self._real(out)
            raise Killed
        return self._real(out)

    def work(self) -> None:
        """Do what is due now; one that is killed on the way is started again."""
        try:
            self._recover()
            self._wake()
        except Killed:
            self.kills += 1
            self.boot()

    def turn(self, end: datetime) -> None:
        """Let time pass until `end`, awake whenever something is due; then let every job have its turn."""
        while True:
            self.work()
            with self.app.store.read() as c:
                moment = claims.next_moment(c, now=self.clock.now(), ahead=self.workspace.stage_ahead)
            if moment is None or moment > end:
                break
            self.clock.move_to(max(moment, self.clock.now() + timedelta(milliseconds=10)))
        self.clock.move_to(end)
        for job in self.jobs:
            job()
        self._age()

    def _age(self) -> None:
        """Let new files bear the time of this world."""
        now = self.clock.now().timestamp()
        for file in (self.workspace.var / "rendered").glob("*"):
            if file not in self._seen:
                self._seen.add(file)
                os.utime(file, (now, now))

    # ── people ──

    def month(self, number: int, edited: str = "") -> None:
        """Write a month's file, and put away that of three months ago."""
        first = NOON.date() + timedelta(days=30 * number)
        dates = {"first": first, "last": first + timedelta(days=29), "edited": edited}
        posts = "".join(
            _POST.format(number=one, month=number, hour=6 + one % 12, minute=one // 12 % 60, **dates)
            for one in range(POSTS)
        )
        file = self.workspace.folder / f"posts/month{number:02}.yaml"
        file.write_text(_MONTH.format(number=number, posts=posts, **dates), "utf-8")
        (self.workspace.folder / f"posts/month{number - 3:02}.yaml").unlink(missing_ok=True)
        loaded = self.app.load_posts()
        assert not loaded.broken, loaded.problems
        self.actions = {action.key: action for action in loaded.actions}
        self.wanted |= {one.key for one in plan.deliveries(loaded.actions, self.workspace)}

    def weather(self) -> None:
        """Let the network fail now and then, for a while or at random, and the process end."""
        chance = self.chance.random()
        if chance < 0.06:
            self.network.faults = ["later"] * self.chance.randrange(5, 40)
        elif chance < 0.4:
            self.network.faults = self.chance.choices([one for one in FAULTS if one != "ok"], k=2)
        if self.chance.random() < 0.03:
            self.network.stage_faults = ["crash-before"]
        self.kill_next = self.chance.random() < 0.2
        if self.chance.random() < 0.02:
            self.boot()

    def week(self) -> None:
        """Let people see to what waits for them."""
        with self.store.read() as c:
            held, tasks = controls.all_pauses(c), controls.open_tasks(c)
        for one in held:
            resume(self.app, scope=one.scope, name=one.name, who="ada")
        for task in tasks:
            done(self.app, task.id, who="ada")
        with self.store.read() as c:
            stuck = deliveries.in_status(c, Status.failed, Status.held, Status.missed)
        for delivery in stuck:
            with suppress(UserError):  # of what was taken back, or waits for moderators
                retry(self.app, delivery.key, who="ada")

    def volunteer(self, number: int) -> None:
        """Let somebody hand a photo in, moderators say yes, and somebody else take theirs back."""
        one = self.submit(action=f"month{number:02}", networks=["outbox"], placing=Placing.pool)
        if self.chance.random() < 0.3:
            take_back(self.app, one.ref, who="them")

    def hold(self) -> None:
        """Let somebody pause everything, until people come to it."""
        pause(self.app, scope="all", name="", why="we check a report", who="ada")

    # ── what it takes ──

    def taken(self) -> Taken:
        """Return it."""
        gc.collect()
        var = self.workspace.var
        pages = Path("/proc/self/statm").read_text("ascii").split()
        old = self.clock.now() - timedelta(days=100)
        with self.store.read() as c:
            rows = {
                name: int(c.execute(select(func.count()).select_from(table)).scalar_one())
                for name, table in metadata.tables.items()
            }
            claims = int(c.execute(text(_CLAIMS), {"old": to_micros(old)}).scalar_one())
        return Taken(
            rss=int(pages[1]) * os.sysconf("SC_PAGE_SIZE"),
            handles=sum(1 for _ in Path("/proc/self/fd").iterdir()),
            threads=threading.active_count(),
            state=_size(var / "state.db"),
            log=_size(var / "state.db-wal"),
            files=sum(1 for file in var.rglob("*") if file.is_file()),
            rendered=sum(1 for _ in (var / "rendered").glob("*")),
            rows=rows,
            claims=claims,
        )

    def rolled_up(self) -> int:
        """Return how many histories were condensed."""
        with self.store.read() as c:
            return int(c.execute(text("SELECT COUNT(*) FROM events WHERE event = 'rolled-up'")).scalar_one())

    def free_pages(self) -> float:
        """Return which share of the state's file is empty."""
        if not is_sqlite(self.store.engine):
            return 0.0
        with self.store.read() as c:
            pages, free = (
                int(c.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in ("page_count", "freelist_count")
            )
        return free / pages


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
