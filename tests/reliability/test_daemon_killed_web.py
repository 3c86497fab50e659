"""`solidarity serve`, ended by `kill -9` while people hand in photos, decide on them and take them back by HTTP.

Whoever got no answer sends the same form again, as browsers do. What was answered for holds, once: the photo with its
receipt is there, the approved one approved, and of what was taken back nothing is left.
"""

import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from scheduler import app as parts
from scheduler import rendering
from scheduler.clock import SimulatedClock
from scheduler.operations import audit, tidy
from scheduler.store import staff, submissions
from scheduler.submission import May, Role, Stage
from tests.acceptance.command import environment, wait_for
from tests.acceptance.stem import Started, Stem
from tests.reliability.on_networks import tell
from tests.web.server import workspace
from tests.web.site import spoiled
from tests.web.volunteers.way import Volunteer

DATABASES = ("sqlite",)
KILLS = int(os.environ.get("SOLIDARITY_SERVE_KILLS", "15"))
PEOPLE = 3
PATIENCE = 60.0  # seconds after which somebody gives up
ROLES = frozenset({May.look, May.moderate})


class Stubborn(httpx.Client):
    """A browser whose owner sends a form again until there is an answer."""

    def request(self, method: str, url: Any, **kwargs: Any) -> httpx.Response:
        """Ask; where nobody answers, ask again."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return super().request(method, url, **kwargs)
            except httpx.TransportError:
                assert time.monotonic() < end, "the pages didn't come back"
                time.sleep(0.02)


class Desk:
    """The pages, however often they are started, and what their people were told."""

    def __init__(self, folder: Path, stem: Stem) -> None:
        self.folder, self._stem = workspace(folder), stem
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.handed: dict[str, str] = {}  # the code on the receipt, by message
        self.approved: set[str] = set()  # messages, as of those
        self.taken_back: set[str] = set()
        self.wrong: list[BaseException] = []
        self.over = threading.Event()
        self._numbers = iter(range(1, 10**9))
        self.token = self._moderator()

    def _moderator(self) -> str:
        app = self.app()
        now = app.clock.now()
        with app.store.write() as c:
            number = staff.add_user(c, "Ana", Role.moderator, now=now)
            token = staff.add_token(c, number, label="x", scopes=ROLES, until=now + timedelta(days=1), now=now)
        app.close()
        return token

    def app(self, **given: Any) -> parts.App:
        """Return the parts of the program on this workspace."""
        found, _ = parts.workspace(self.folder)
        return parts.build(found, **given)

    def client(self, **headers: str) -> Stubborn:
        """Return a browser on the pages."""
        said = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", **headers}
        return Stubborn(base_url=self.origin, headers=said, follow_redirects=False, timeout=PATIENCE)

    def start(self) -> Started:
        """Start serving."""
        arguments = ["-C", str(self.folder), "serve", "--port", str(self.port)]
        return self._stem.start(arguments, env=environment(self.folder), cwd=self.folder)

    def hand_in(self) -> None:
        """Hand in one photo after the other, each with words of its own."""
        while not self.over.is_set():
            number = next(self._numbers)
            message = f"Word{number} from one of us"
            volunteer = Volunteer(self)  # type: ignore[arg-type]
            volunteer.upload(spoiled((320, 240), seed=number))
            while (volunteer.status, volunteer.here) == (200, "/add/wait") and not self.over.is_set():
                time.sleep(0.05)
                volunteer.open("/add/wait")
            assert volunteer.status == 200, (volunteer.status, volunteer.here, volunteer.page.text)
            if not self.over.is_set():
                self.handed[message] = volunteer.through(message=message)
            volunteer.browser.close()

    def decide(self) -> None:
        """Say yes to what waits, one after the other."""
        with self.client(Authorization=f"Bearer {self.token}") as browser:
            while not self.over.is_set():
                for one in browser.get("/api/v1/submissions").json():
                    word = {"seen": one["content_hash"], "placing": "next"}
                    said = browser.post(f"/api/v1/submissions/{one['ref']}/approve", json=word)
                    found = browser.get(f"/api/v1/submissions/{one['ref']}")
                    assert found.status_code == 200, found.text
                    if said.status_code == 200:
                        assert found.json()["stage"] in {"approved", "withdrawn"}, found.text
                        self.approved.add(one["message"])
                time.sleep(0.05)

    def take_back(self) -> None:
        """Take back every third photo that has its receipt."""
        while not self.over.is_set():
            for message, code in list(self.handed.items())[::3]:
                if message not in self.taken_back and not self.over.is_set():
                    other = Volunteer(self)  # type: ignore[arg-type]
                    other.open("/back").send(code=code)
                    other.send()
                    assert "It is taken back" in other.page.text, other.page.text
                    self.taken_back.add(message)
                    other.browser.close()
            time.sleep(0.05)

    def at_work(self, what: Callable[[], None]) -> threading.Thread:
        """Let somebody do something all along."""

        def work() -> None:
            try:
                what()
            except BaseException as error:
                self.wrong.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def check(self) -> Counter[Stage]:
        """Check that what people were told is so; return how many submissions there are of each stage."""
        app = self.app()
        try:
            with app.store.read() as c:
                found = {one.message: one for one in submissions.in_stage(c, *Stage) if one.stage is not Stage.draft}
                every = Counter(one.stage for one in submissions.in_stage(c, *Stage))
            assert audit.verify(app).ok
            assert set(self.handed) - set(found) <= self.taken_back  # their words are gone with them
            for message in set(self.handed) - self.taken_back:
                one = found[message]
                assert one.stage in {Stage.pending, Stage.approved}
                assert rendering.digest(f"var/uploads/{one.file}", app.workspace) == one.sha256
            for message in self.approved - self.taken_back:
                assert found[message].stage is Stage.approved
            assert every[Stage.withdrawn] == len(self.taken_back)
            assert every.total() - every[Stage.draft] == len(self.handed), "a form that was sent twice counts once"
            self._leaves_nothing(app)
        finally:
            app.close()
        return every

    def _leaves_nothing(self, app: parts.App) -> None:
        """Check that nothing lies in var/uploads, once drafts have run out, but what is still wanted."""
        late = parts.build(app.workspace, clock=SimulatedClock(app.clock.now() + timedelta(days=1)))
        tidy.tidy(late)
        with late.store.read() as c:
            wanted = list(submissions.in_stage(c, Stage.pending, Stage.approved))
        late.close()
        names = {name for one in wanted for name in (one.file, one.preview) if name}
        there = {path.name for path in (self.folder / "var/uploads").iterdir()}
        assert names <= there
        assert {name for name in there if name not in names} <= {"lost+found"}, there - names


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give the pages, not yet served."""
    with ExitStack() as rest:
        stem = Stem(tmp_path, environment(tmp_path), "scheduler.web.serving", "scheduler.web.all_routes")
        rest.callback(stem.close)
        yield Desk(tmp_path / "w", stem)


def _listens(desk: Desk, serving: Started) -> bool:
    return desk.origin in serving.said


def test_killed_while_people_use_it(desk: Desk):
    """0 lost, 0 doubled: neither photos, nor yeses, nor wishes to take one back."""
    chance = random.Random(KILLS)
    people = [desk.at_work(desk.hand_in) for _ in range(PEOPLE)]
    people += [desk.at_work(desk.decide), desk.at_work(desk.take_back)]
    for _ in range(KILLS):
        serving = desk.start()
        wait_for(partial(_listens, desk, serving), seconds=60)
        time.sleep(chance.uniform(0.1, 2.0))
        assert serving.end(signal.SIGKILL) == -signal.SIGKILL, serving.said
        assert "Traceback" not in serving.said
        assert desk.wrong == []
    serving = desk.start()
    wait_for(lambda: desk.wrong or (desk.handed and desk.approved and desk.taken_back), seconds=60)
    desk.over.set()
    for one in people:
        one.join(PATIENCE)
    assert desk.wrong == []
    assert serving.end(signal.SIGTERM) == 0, serving.said
    stages = desk.check()
    tell("serve killed", "pages", kills=KILLS, **{str(stage).replace("-", "_"): n for stage, n in stages.items()})
