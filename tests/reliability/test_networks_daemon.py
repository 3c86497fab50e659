"""The daemon, killed by `kill -9` again and again while posts become due on six networks: each is out exactly once.

Everything runs in a process of its own, as in real life: `solidarity run`, `solidarity serve`, from which Instagram and
Threads fetch the pictures, and each of the networks' stand-ins.
"""

import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from PIL import Image

from scheduler import app as parts
from scheduler.clock import SimulatedClock
from scheduler.operations import deliver, recover
from scheduler.operations.resolve import resolve
from scheduler.status import Status
from scheduler.store import claims, deliveries
from tests.reliability.on_networks import MAY_ASK, NETWORKS, THREADING, tell

DATABASES = ("sqlite",)
KILLS = int(os.environ.get("SOLIDARITY_KILLS", "20"))
POSTS = int(os.environ.get("SOLIDARITY_KILLS_POSTS", "15"))
SLOW = 0.05  # seconds that each request takes to arrive: a kill shall find some on their way
THREAD = ["Second of three", "Third of three"]
HEAD = """
name: Test
timezone: UTC
languages: [en]
late: {{after: 12 hours, then: publish}}
public_url: http://127.0.0.1:{port}
accounts:
"""


def ask(url: str, verb: str, **order: object) -> dict[str, Any]:
    """Ask a stand-in about itself."""
    request = Request(f"{url}/_control/{verb}", data=json.dumps(order).encode())
    with urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@contextmanager
def running(*command: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """Let a program run beside us."""
    with subprocess.Popen([sys.executable, "-m", *command], text=True, **more) as process:
        try:
            yield process
        finally:
            process.kill()


class Campaign:
    """A workspace on six networks, each in a process of its own."""

    def __init__(self, folder: Path, running_too: ExitStack) -> None:
        self.folder = folder
        self.urls: dict[str, str] = {}
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_START") if name in os.environ},
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        accounts = {name: self._seat(name, running_too) for name in NETWORKS}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (folder / "posts").mkdir(parents=True)
        said = "".join(f"  {name}: {json.dumps(account)}\n" for name, account in accounts.items())
        (folder / "config.yaml").write_text(HEAD.format(port=port) + said, "utf-8")
        self._write_posts()
        self.solidarity("queue")
        served = running_too.enter_context(
            running(*self._command("serve", "--port", str(port)), env=self.environment, stderr=subprocess.PIPE)
        )
        assert served.stderr is not None
        assert str(port) in served.stderr.readline()

    def _seat(self, name: str, running_too: ExitStack) -> dict[str, object]:
        server = running_too.enter_context(running(f"scheduler.standins.{name}", stdout=subprocess.PIPE))
        assert server.stdout is not None
        url = self.urls[name] = json.loads(server.stdout.readline())["url"]
        seat = ask(url, "seat", account=name)
        ask(url, "slow", seconds=SLOW)
        self.environment |= {f"{name.upper()}_{key}": value for key, value in seat["secrets"].items()}
        return {
            "platform": name, "lang": "en", "keys": name.upper(), "base_url": seat["base_url"], **seat["options"]
        }  # fmt: skip

    def _write_posts(self) -> None:
        file = io.BytesIO()
        Image.effect_noise((1080, 1080), 60).convert("RGB").save(file, "JPEG", quality=40)
        (self.folder / "posts/card.jpg").write_bytes(file.getvalue())
        now = datetime.now(UTC)
        posts = []
        for number in range(POSTS):
            soon = now + timedelta(minutes=1)  # a third of them become due while the program is killed
            at = soon if number % 3 == 0 else now - timedelta(minutes=number)
            post: dict[str, object] = {"id": f"p{number}", "at": f"{at:%Y-%m-%d %H:%M}", "text": f"Word{number} of it"}
            if number == POSTS - 1:
                post |= {"thread": THREAD, "accounts": THREADING}
            elif number % 5 == 4:
                post |= {"accounts": [name for name in NETWORKS if name != "instagram"]}  # it takes no bare text
            else:
                post |= {"images": [{"file": "card.jpg", "alt": "A candle in the dark"}]}
            posts.append(f"  - {json.dumps(post)}\n")
        head = "title: Act\nphase: ongoing\nhashtags: [Solidarity]\nposts:\n"
        (self.folder / "posts/act.yaml").write_text(head + "".join(posts), "utf-8")

    def _command(self, *words: str) -> list[str]:
        return ["scheduler", "-C", str(self.folder), *words]

    def solidarity(self, *words: str) -> None:
        """Run a command to its end."""
        command = [sys.executable, "-m", *self._command(*words)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=self.environment, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def killed_after(self, seconds: float) -> None:
        """Start the daemon, and kill it so long after it has begun to work."""
        with running(*self._command("run"), env=self.environment, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            while "running:" not in (line := process.stderr.readline()):
                assert line, "the daemon ended by itself"
            time.sleep(seconds)
            assert process.poll() is None, process.stderr.read()
            os.kill(process.pid, signal.SIGKILL)

    def out(self, name: str) -> list[dict[str, Any]]:
        """Return what is out on a network."""
        posts: list[dict[str, Any]] = ask(self.urls[name], "state")["posts"]
        return posts

    def settle(self, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
        """Bring it all to its end on a clock of our own; return how often a person was asked, by network."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        for url in self.urls.values():
            ask(url, "slow", seconds=0)
            ask(url, "uncounted")  # its minutes are real ones, and those below aren't
        workspace, _ = parts.workspace(self.folder)
        clock = SimulatedClock(datetime.now(UTC))
        app = parts.build(workspace, clock=clock)
        asked: Counter[str] = Counter()
        try:
            for _ in range(2_000):
                while recover.step(app) or deliver.step(app):
                    pass
                with app.store.read() as c:
                    puzzling = deliveries.in_status(c, Status.needs_human)
                    moment = claims.next_moment(c, now=clock.now(), ahead=timedelta())
                for one in puzzling:
                    asked[one.platform] += 1
                    assert one.frozen is not None
                    first = one.next_of(one.frozen).text.split()[:3]
                    found = [post for post in self.out(one.platform) if post["text"].split()[:3] == first]
                    resolve(app, one.key, url=_link(one.platform, found[0]) if found else None, who="tester")
                if not puzzling and moment is None:
                    break
                if not puzzling and moment is not None:
                    clock.move_to(max(moment, clock.now() + timedelta(seconds=1)))
            with app.store.read() as c:
                left = [f"{one.key}: {one.status} {one.reason}" for one in deliveries.in_status(c)]
            assert [one for one in left if ": published" not in one] == []
        finally:
            app.close()
        return asked

    def check(self, name: str) -> int:
        """Check that all is out once on a network, and nothing else; return how many posts that is."""
        out = self.out(name)
        texts = Counter(" ".join(post["text"].split()[:3]) for post in out)
        last = POSTS - 1
        bare = {number for number in range(last) if number % 5 == 4} if name == "instagram" else set()
        wanted = {f"Word{number} of it" for number in range(last) if number not in bare}
        if name in THREADING:
            wanted |= {f"Word{last} of it", *THREAD}
            thread = [post for post in out if " ".join(post["text"].split()[:3]) in {f"Word{last} of it", *THREAD}]
            assert [one["reply_to"] for one in thread] == [None, thread[0]["id"], thread[1]["id"]]
        assert texts == dict.fromkeys(wanted, 1), name
        with_pictures = sum(len(post["media"]) for post in out)
        assert with_pictures == sum(number % 5 != 4 for number in range(last))
        return len(out)


def _link(platform: str, post: dict[str, Any]) -> str:
    place = "x.com/i/status" if platform == "x" else "www.facebook.com"
    return f"https://{place}/{post['id']}"


def test_killed_at_random(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is doubled and nothing lost, on any network, however often the daemon is killed."""
    chance = random.Random(f"{KILLS} {POSTS}")
    with ExitStack() as running_too:
        campaign = Campaign(tmp_path / "campaign", running_too)
        for _ in range(KILLS):
            campaign.killed_after(chance.uniform(0.2, 2.2))
        out = {name: len(campaign.out(name)) for name in NETWORKS}
        assert sum(out.values()) > 0, "the daemon comes to nothing between two kills"
        asked = campaign.settle(monkeypatch)
        assert asked.keys() <= MAY_ASK
        for name in NETWORKS:
            kills = KILLS if name == NETWORKS[0] else 0  # the same kills for all
            tell("daemon killed", name, kills=kills, before=out[name], posts=campaign.check(name), asked=asked[name])
    shutil.rmtree(tmp_path / "campaign")
