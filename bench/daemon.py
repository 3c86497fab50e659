"""Our side of a measurement: the real daemon, in a process of its own, on a network that only notes when it is called.

`run` fills a workspace's queue, starts the daemon and returns when each visible call began.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import text

from scheduler import app as parts
from scheduler.clock import Clock
from scheduler.model import Account, Content, Finding, Lateness, Outgoing, Planned, Receipt, Staged, Then, Workspace
from scheduler.publishers.base import Absent, Deleted, Limits, Publisher
from scheduler.status import Status
from scheduler.store import Store, open_store
from scheduler.store.records import planned_values, to_micros

FAR = datetime(2090, 1, 1, tzinfo=UTC)
_AHEAD = 900.0  # seconds in which all are prepared, on any machine
_called: list[float] = []


class Noting(Publisher):
    """Publishes nothing; with an address it makes one HTTP call."""

    platform = "noting"
    limits: ClassVar[Limits] = Limits(
        text=280, images=4, image_bytes=1, image_types=frozenset(), alt=1, card=(1200, 675), source="our own"
    )
    address = ""
    _session: Any = None

    def measure(self, text: str) -> int:
        """Return the number of characters."""
        return len(text)

    def problems(self, content: Content) -> list[Finding]:
        """Return nothing."""
        del content
        return []

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Prepare nothing but what makes the call: networks' own publishers load theirs ahead too."""
        del out, begun
        self._client()
        return Staged()

    def _client(self) -> Any:
        if self.address and self._session is None:
            from requests import Session  # noqa: PLC0415

            self._session = Session()
        return self._session

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Note the moment, and make the call where there is one to make."""
        del staged
        _called.append(time.time())
        if self.address:
            self._client().post(self.address, json={"text": out.text}, timeout=30).json()
        return Receipt(remote_id=out.token, url=f"https://example.org/{out.token}", published_at=self._clock.now())

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | Absent | None:
        """Tell nothing."""
        del out, staged, since
        return None

    def delete(self, receipt: Receipt) -> Deleted:
        """Delete nothing."""
        del receipt
        return Deleted()

    def verify(self) -> str:
        """Return the account's name."""
        return self.account.name


def workspace(folder: Path, accounts: int, *, platform: str = "outbox", more: str = "") -> None:
    """Make a workspace. Its one file of posts can't be read, so that what is queued stays as it is."""
    listed = "\n".join(f"  a{number}: {{platform: {platform}, lang: en}}" for number in range(accounts))
    head = f"name: Bench\ntimezone: UTC\nlanguages: [en]\n{more}accounts:\n"
    (folder / "posts").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(head + listed + "\n", "utf-8")
    (folder / "posts/act.yaml").write_text("title: [\n", "utf-8")


def fill(store: Store, moments: list[tuple[int, datetime]], *, accounts: int, first: int = 0) -> int:
    """Queue deliveries, in one transaction; `moments`: how many are due when."""
    late = Lateness(after=timedelta(days=1), then=Then.publish)
    content = Content(text="We stand with you. #Solidarity", language="en")
    with store.write() as c:
        for many, due_at in moments:
            planned = Planned(
                key="", action="act", post="", account="", platform="noting", due_at=due_at, content=content, late=late
            )
            row = {**planned_values(planned), "status": str(Status.queued), "hold": "", "reason": ""}
            own = {
                "key": "'act/p' || n || '@a' || (n % :accounts)",
                "post": "'p' || n",
                "account": "'a' || (n % :accounts)",
            }
            own["content_hash"] = "printf('%064d', n)"
            values = ", ".join(own.get(name, f":{name}") for name in row)
            statement = f"""WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers
                WHERE n + 1 < :first + :many) INSERT INTO deliveries ({", ".join(row)}) SELECT {values} FROM numbers"""
            given = {name: value for name, value in row.items() if name not in own}
            if many:
                c.execute(text(statement), {**given, "first": first, "many": many, "accounts": accounts})
            first += many
    return first


def run(folder: Path, number: int, *, accounts: int, after: float | None, waiting: int = 0, address: str = "") -> Any:
    """Return what the daemon did with so many: `called`, when each visible call began, and `due`, when they were.

    `after`: how many seconds after the daemon's start they are due (before it where negative); None: in one second,
    once all are prepared.
    """
    told: dict[str, object] = {"folder": str(folder), "number": number, "accounts": accounts, "after": after}
    told |= {"waiting": waiting, "address": address}
    command = [sys.executable, "-m", "bench.daemon", json.dumps(told)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)


def _child(told: Any) -> None:
    folder = Path(told["folder"])
    workspace(folder, told["accounts"], more="stage_ahead: 20 minutes\n")
    Noting.address = told["address"]
    store = open_store("sqlite:///var/state.db", folder)
    if told["waiting"]:
        fill(store, [(told["waiting"], FAR)], accounts=told["accounts"])
    after = _AHEAD if told["after"] is None else told["after"]
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1 + after)
    fill(store, [(told["number"], due)], accounts=told["accounts"], first=told["waiting"])
    store.checkpoint()
    store.close()
    due = _work(folder, told["number"], due, at_once=told["after"] is None)
    print(json.dumps({"called": sorted(_called), "due": due.timestamp(), "memory": _peak()}))


def _peak() -> float:
    from bench.figures import memory  # noqa: PLC0415

    return memory()


def _work(folder: Path, wanted: int, due: datetime, *, at_once: bool) -> datetime:
    """Run the daemon until all that is due is out, or nothing happens any more; return when it was due."""
    from scheduler.daemon import Daemon  # noqa: PLC0415

    def noting(account: Account, ready: Workspace, clock: Clock) -> Publisher:
        del ready
        return Noting(account, secrets={}, folder=folder, clock=clock)

    ready, _ = parts.workspace(folder)
    app = parts.build(ready, factory=noting)
    moment = [due]

    def watch() -> None:
        if at_once:
            moment[0] = _all_at_once(app, wanted, due)
        end = max(time.time(), moment[0].timestamp()) + 30
        while time.time() < end and len(_called) < wanted:
            seen = len(_called)
            time.sleep(0.2)
            end = max(end, time.time() + 10) if len(_called) > seen else end
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
    Daemon(app).run()
    return moment[0]


def _all_at_once(app: parts.App, wanted: int, due: datetime) -> datetime:
    """Wait until all are prepared; then give them one second soon, however long that took; return it."""
    staged, count = {"status": str(Status.staged)}, text("SELECT COUNT(*) FROM deliveries WHERE status = :status")
    prepared = 0
    while prepared < wanted and datetime.now(UTC) < due - timedelta(seconds=5):
        time.sleep(0.5)
        with app.store.read() as c:
            prepared = c.execute(count, staged).scalar_one()
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    with app.store.write() as c:
        c.execute(
            text("UPDATE deliveries SET due_at = :due WHERE status = :status"), {"due": to_micros(soon), **staged}
        )
    return soon


if __name__ == "__main__":
    _child(json.loads(sys.argv[1]))
