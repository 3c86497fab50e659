"""`solidarity run` under load, ended by `kill -9` again and again: each post is out exactly once, as the state says.

Posts become due all the time on four outboxes, a Mastodon and an X, whose strict stand-ins are processes of their own.
Now and then a second daemon comes up before the first one is killed. What counts in the end is what the outbox and the
stand-ins hold, and what `status --json` says.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler import app as parts
from scheduler.clock import SimulatedClock
from scheduler.operations import deliver, recover
from scheduler.operations.resolve import resolve
from scheduler.status import Status
from scheduler.store import claims, deliveries
from tests import databases
from tests.acceptance.command import Campaign, ahead, wait_for
from tests.acceptance.stem import Started, Stem
from tests.reliability.on_networks import tell
from tests.reliability.test_networks_daemon import ask, running

_WANTED = (os.environ.get("SOLIDARITY_DAEMON_KILLS"), os.environ.get("SOLIDARITY_DAEMON_POSTS"))
KILLS = {"sqlite": int(_WANTED[0] or "100"), "postgresql": int(_WANTED[0] or "6")}
POSTS = {"sqlite": int(_WANTED[1] or "240"), "postgresql": int(_WANTED[1] or "60")}  # deliveries to the outboxes
OUTBOXES = ("o1", "o2", "o3", "o4")
NETWORKS = ("mastodon", "x")
SHOWN = 25  # posts on each of the networks, whose limits are for an account of one campaign
SLOW = 0.02  # seconds that each request to them takes to arrive: a kill shall find some on their way
HEAD = """\
name: Test
timezone: UTC
languages: [en]
late: {after: 12 hours, then: publish}
"""


class Besieged:
    """A campaign on six accounts, and the daemon on it, as often as it is started."""

    def __init__(self, campaign: Campaign, stem: Stem, rest: ExitStack) -> None:
        self.campaign, self._stem = campaign, stem
        self.kills, self.posts = KILLS[databases.chosen()], POSTS[databases.chosen()]
        self.urls: dict[str, str] = {}
        campaign.env = {"PYTHONDONTWRITEBYTECODE": "1"}
        lines = [f"database: {databases.state(campaign.folder)}\naccounts:\n"]
        lines += [f"  {name}: {{platform: outbox}}\n" for name in OUTBOXES]
        for name in NETWORKS:
            server = rest.enter_context(running(f"scheduler.standins.{name}", stdout=-1))
            assert server.stdout is not None
            url = self.urls[name] = json.loads(server.stdout.readline())["url"]
            seat = ask(url, "seat", account=name)
            ask(url, "slow", seconds=SLOW)
            campaign.env |= {f"{name.upper()}_{key}": value for key, value in seat["secrets"].items()}
            account = {"platform": name, "keys": name.upper(), "base_url": seat["base_url"], **seat["options"]}
            lines.append(f"  {name}: {json.dumps(account)}\n")
        campaign.config(HEAD + "".join(lines))
        self._write()
        campaign("queue")

    def _write(self) -> None:
        """Let posts become due all along, and a few be late already: as long as the kills are likely to take."""
        span = max(30.0, 0.6 * self.kills)
        outbox = [f"o{1 + number % len(OUTBOXES)}" for number in range(self.posts)]
        for name, accounts in (("few", [", ".join(NETWORKS)] * SHOWN), ("many", outbox)):
            step = span / len(accounts)
            self.campaign.write(
                *(
                    f"id: {name}{number}, at: {ahead(seconds=number * step - 5)}, text: Word{number} of {name}, "
                    f"accounts: [{where}]"
                    for number, where in enumerate(accounts)
                ),
                action=name,
            )

    def start(self, *, ready: bool = True) -> Started:
        """Start the daemon; return once it is `ready`, or at once."""
        campaign = self.campaign
        environment = {**os.environ, **campaign.env, "HOME": str(campaign.home)}
        daemon = self._stem.start(["-C", str(campaign.folder), "run"], env=environment, cwd=campaign.home)
        if ready:
            wait_for(lambda: "running:" in daemon.said, seconds=60)
        return daemon

    def killed_at_random(self, chance: random.Random) -> None:
        """Start the daemon and kill it: now and then while it starts, and now and then with another beside it."""
        daemons = [self.start(ready=chance.random() < 0.9)]
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 0.3))
            daemons.append(self.start())
        time.sleep(chance.uniform(0, 0.6))
        for daemon in daemons:
            assert daemon.end(signal.SIGKILL) == -signal.SIGKILL, daemon.said
            assert "Traceback" not in daemon.said
            assert "unexpected" not in daemon.said, daemon.said

    def out(self) -> Counter[str]:
        """Return how often each text is out, by account."""
        found: Counter[str] = Counter()
        for text in (self.campaign.folder / "var/outbox").glob("*/[0-9]*/text.txt"):
            found[f"{text.parts[-3]}: {text.read_text('utf-8')}"] += 1
        for name, url in self.urls.items():
            found.update(f"{name}: {post['text']}" for post in ask(url, "state")["posts"])
        return found

    def settle(self, monkeypatch: pytest.MonkeyPatch) -> int:
        """Bring it all to its end on a clock of our own; return how often a person was asked, who tells the truth."""
        for name, value in self.campaign.env.items():
            monkeypatch.setenv(name, value)
        for url in self.urls.values():
            ask(url, "slow", seconds=0)
            ask(url, "uncounted")  # five minutes of our clock are none of the server's
        workspace, _ = parts.workspace(self.campaign.folder)
        clock = SimulatedClock(datetime.now(UTC))
        app, asked = parts.build(workspace, clock=clock), 0
        try:
            for _ in range(10 * (self.posts + SHOWN)):
                while recover.step(app) or deliver.step(app):
                    pass
                with app.store.read() as c:
                    puzzling = deliveries.in_status(c, Status.needs_human)
                    moment = claims.next_moment(c, now=clock.now(), ahead=timedelta())
                for one in puzzling:
                    assert one.platform == "x", one.reason
                    assert one.frozen is not None
                    there = [post for post in ask(self.urls["x"], "state")["posts"] if post["text"] == one.frozen.text]
                    found = f"https://x.com/i/status/{there[0]['id']}" if there else None
                    resolve(app, one.key, url=found, who="tester")
                asked += len(puzzling)
                if moment is None and not puzzling:
                    break
                if moment is not None:
                    clock.move_to(max(moment, clock.now() + timedelta(seconds=1)))
        finally:
            app.close()
        return asked

    def check(self) -> None:
        """Check that each is out once, and that the state says of each that it is."""
        out = self.out()
        wanted = {f"o{1 + number % len(OUTBOXES)}: Word{number} of many" for number in range(self.posts)}
        wanted |= {f"{name}: Word{number} of few" for number in range(SHOWN) for name in NETWORKS}
        assert out == dict.fromkeys(wanted, 1)
        told: list[dict[str, Any]] = self.campaign("status", "--json").json["deliveries"]
        assert [one for one in told if one["status"] != "published"] == []
        ids = {(one["account"], one["remote_id"]) for one in told}
        assert len(ids) == len(told) == len(wanted)
        there = {(path.parts[-2], path.name) for path in (self.campaign.folder / "var/outbox").glob("*/[0-9]*")}
        there |= {(name, str(post["id"])) for name, url in self.urls.items() for post in ask(url, "state")["posts"]}
        assert ids == there


@pytest.fixture
def besieged(tmp_path: Path) -> Iterator[Besieged]:
    """Give the campaign, with its stand-ins running."""
    home = tmp_path / "home"
    home.mkdir()
    with ExitStack() as rest:
        more = ("scheduler.publishers.mastodon", "psycopg", "sqlalchemy.dialects.postgresql")
        stem = Stem(tmp_path, {**os.environ, "HOME": str(home)}, *more)
        rest.callback(stem.close)
        yield Besieged(Campaign(tmp_path / "campaign", home, stem), stem, rest)


def test_killed_again_and_again(besieged: Besieged, monkeypatch: pytest.MonkeyPatch, database: str):
    """0 lost, 0 doubled, whatever the daemons were doing when they were killed."""
    kills = besieged.kills
    chance = random.Random(f"{kills} {besieged.posts}")
    for _ in range(kills):
        besieged.killed_at_random(chance)
    before = besieged.out()
    assert max(before.values()) == 1
    assert before.total() > kills, "the daemon comes to nothing between two kills"
    asked = besieged.settle(monkeypatch)
    besieged.check()
    tell("daemon killed", database, kills=kills, before=before.total(), posts=besieged.out().total(), asked=asked)
