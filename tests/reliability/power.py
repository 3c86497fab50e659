"""A command on a disk that loses its power, and the program that is started on what is left."""

import copy
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from scheduler import app as parts
from scheduler.app import App
from scheduler.clock import SimulatedClock
from scheduler.daemon import run_once
from scheduler.operations import queue
from scheduler.standins.faults import Answer
from scheduler.standins.loopback import Request
from scheduler.standins.x import USERS, Server
from tests.reliability import tape
from tests.reliability.disk import Choice, Disk, by_chance, everything, nothing

LOOK_EVERY = 1 if int(os.environ.get("SOLIDARITY_POWER_IMAGES", "50")) > 50 else 4
THREAD, HOME = "act/hello@x", "act/home@home"
TEXTS = ["We stand with you.", "We stay with you."]
WHY = "we check a report"
CONFIG = """
name: Test
timezone: UTC
languages: [en]
late: {{after: 2 hours, then: publish}}
accounts:
  x: {{platform: x, lang: en, keys: X, base_url: "{url}"}}
  home: {{platform: outbox, lang: en}}
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
    thread: [We stay with you.]
    accounts: [x]
  - id: home
    at: {at:%Y-%m-%d %H:%M}
    text: We are here.
    images: [{{file: picture.png, alt: A picture}}]
    accounts: [home]
"""
UNSYNCED = {
    "the state": "import scheduler.store; scheduler.store.open_store.__kwdefaults__['durable'] = False",
    "files": "import os; os.fsync = lambda number: None",
}
"""What leaves a promise out, by the words that do it before the program starts."""

_PERHAPS = {"sending", "unknown", "published"}


class Remembering(Server):
    """X that remembers what was out after each of its answers."""

    def begin(self) -> None:
        """Remember from here."""
        self.answered = [self._memory()]

    def _memory(self) -> dict[str, object]:
        return copy.deepcopy({"posts": self.posts, "pictures": self.pictures})

    def answer(self, request: Request) -> Answer:
        """Answer, and remember."""
        answer = super().answer(request)
        if hasattr(self, "answered"):
            self.answered.append(self._memory())
        return answer

    def go_back(self, answers: int) -> None:
        """Be as after so many answers."""
        vars(self).update(copy.deepcopy(self.answered[answers]))
        self._calls.clear()


@dataclass(kw_only=True)
class Cut:
    """One moment at which the power fails."""

    image: Path  # what the disk holds
    point: int  # the changes that were made by then
    sent: list[str]  # the requests that had left
    over: bool  # the command has come to its end
    booked: int  # receipts that were committed
    lived: bool  # to be started on


def environment() -> dict[str, str]:
    """Return what the program gets to know."""
    secrets = {f"X_{name}": value for name, value in USERS[0].secrets.items()}
    return {"PATH": os.environ["PATH"], **secrets, "PYTHONDONTWRITEBYTECODE": "1"}


def files(folder: Path, url: str) -> None:
    """Write what people write: a thread for X and a post for the outbox, due a minute ago."""
    (folder / "posts").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG.format(url=url), "utf-8")
    at = datetime.now(UTC) - timedelta(minutes=1)
    (folder / "posts/act.yaml").write_text(POSTS.format(at=at), "utf-8")
    Image.effect_noise((64, 36), 60).convert("RGB").save(folder / "posts/picture.png")


def opened(folder: Path, *, back: timedelta = timedelta()) -> App:
    """Open the state, on a clock that stands still."""
    workspace, _ = parts.workspace(folder)
    return parts.build(workspace, clock=SimulatedClock(datetime.now(UTC) - back))


def queued(folder: Path) -> None:
    """Queue, an hour ago: nothing is looked for because it came late."""
    with closing(opened(folder, back=timedelta(hours=1))) as app:
        queue.apply(app, app.load_posts())


def published(folder: Path) -> None:
    """Have everything out."""
    queued(folder)
    with closing(opened(folder)) as app:
        run_once(app)


SCENES: Mapping[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "publish": (queued, ("run", "--once")),
    "queue": (lambda _folder: None, ("queue",)),
    "pause": (queued, ("pause", "--why", WHY)),
    "withdraw": (published, ("withdraw", THREAD)),
}
"""Commands, each with what was done before."""


class Powered:
    """One command whose machine loses its power, again and again."""

    def __init__(self, folder: Path, scene: str, server: Remembering, *, unsynced: str = "") -> None:
        self.scene, self.server, self.folder = scene, server, folder
        self.points = self.images = 0
        self.chance = random.Random(f"{scene} {unsynced}")
        prepare, words = SCENES[scene]
        workspace = folder / "workspace"
        files(workspace, server.url)
        prepare(workspace)
        server.begin()
        self.disk = Disk(workspace)
        command = tape.solidarity(workspace, *words)
        if unsynced:
            plant = f"{UNSYNCED[unsynced]}; from scheduler.cli import main; main()"
            command = [sys.executable, "-c", plant, *command[3:]]
        self.calls = tape.record(command, folder / "tape", env=environment())

    def cuts(self, images: int) -> Iterator[Cut]:
        """Cut the power at every change, with two looks at each; `images` more, and at both ends, are to be lived on.

        The network is put back to that moment each time.
        """
        player = tape.Player(copy.deepcopy(self.disk))
        self.points = sum(map(player.play, self.calls))
        chosen = [0, self.points, *self.chance.choices(range(self.points + 1), k=images - 2)]
        for point, (sent, answered, booked) in enumerate(self._moments()):
            lived = [self.chance.choice([nothing, by_chance(self.chance)]) for _ in range(chosen.count(point))]
            looks = [everything, nothing] if point in {0, self.points} or point % LOOK_EVERY == 0 else []
            for number, choice in enumerate([*looks, *lived]):
                self.server.go_back(self.chance.randint(answered, len(sent)))
                image = self._image(choice)
                over = point == self.points
                yield Cut(image=image, point=point, sent=sent, over=over, booked=booked, lived=number >= len(looks))
                shutil.rmtree(image)

    def _moments(self) -> Iterator[tuple[list[str], int, int]]:
        """Yield at each change what was sent, how much of it was answered, and how many receipts are there for good."""
        player = tape.Player(self.disk)
        booked = self._booked()
        yield [], 0, booked
        for call in self.calls:
            if player.play(call):
                if call.name in {"fsync", "fdatasync"}:
                    booked = self._booked()
                yield [*player.sent], player.answered, booked

    def _booked(self) -> int:
        image = self._image(nothing)
        found = rows(image, "SELECT id FROM receipts")
        shutil.rmtree(image)
        return len(found)

    def _image(self, choice: Choice) -> Path:
        self.images += 1
        image = self.folder / f"image-{self.images}"
        self.disk.lay_out(image, choice, leave_out=tape.IGNORED)
        return image


def rows(folder: Path, question: str) -> list[tuple[object, ...]]:
    """Ask the file of a state, where there is one with tables."""
    file = folder / "var/state.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            return []
        return connection.execute(question).fetchall()
