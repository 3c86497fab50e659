"""A world whose accounts are on the strict stand-ins of real networks, through the real publishers over HTTP.

`killing` ends the program at its k-th point: a statement or commit of the state, a request about to leave, or one
whose answer has come and that nobody has read yet, and both ends of writing a file for good.
"""

import atexit
import io
import json
import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image
from sqlalchemy import event

from scheduler import publishers, standins
from scheduler.app import App
from scheduler.clock import Clock
from scheduler.model import Account, Picture, Place, Text, Workspace
from scheduler.operations.pause import resume
from scheduler.operations.resolve import resolve
from scheduler.publishers.base import Publisher
from scheduler.publishers.http_wire import Session
from scheduler.standins import instagram, x
from scheduler.standins.lender import Lender
from scheduler.standins.loopback import LoopbackServer
from scheduler.status import Status
from scheduler.store import controls, deliveries
from tests.world import World

NETWORKS = sorted(publishers.names() & standins.names())
MAY_ASK = frozenset({"x", "facebook"})
"""The networks that can't prove what didn't go out: a person may have to look."""

THREADING = sorted(name for name in NETWORKS if publishers.load(name).limits.threads)
"""Those on which a post may have several parts."""

_WAITING = (Status.queued, Status.claimed, Status.staged, Status.sending, Status.unknown, Status.needs_human)


def tell(suite: str, platform: str, **figures: int) -> None:
    """Add what a test has counted to the file that SOLIDARITY_FIGURES names, where it does."""
    if name := os.environ.get("SOLIDARITY_FIGURES"):
        line = json.dumps({"suite": suite, "platform": platform, **figures}) + "\n"
        with Path(name).open("a", encoding="utf-8") as file:  # one write: several processes do it
            file.write(line)


@cache
def _rendered() -> Path:
    """Return a folder with what this process has made of pictures so far."""
    kept = Path(tempfile.mkdtemp(prefix="rendered-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    return kept


@cache
def picture_file() -> bytes:
    """Return a picture that every network takes."""
    file = io.BytesIO()
    Image.effect_noise((1080, 1080), 60).convert("RGB").save(file, "JPEG", quality=40)
    return file.getvalue()


class Killed(BaseException):
    """The process ended: nothing may catch this."""


class OnNetworks(World):
    """A world with an account on each platform, named after it; `moving` clocks are shared by the servers."""

    def __init__(self, folder: Path, *platforms: str, renewable: tuple[str, ...] = (), **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.patience = 10.0
        self.may_ask: set[str] = set()  # deliveries of which a person may be asked on any network
        self.running = ExitStack()
        self.servers: dict[str, LoopbackServer] = {}
        super().__init__(folder, accounts=(), **settings)
        self.shelf = self.running.enter_context(Lender(now=self._seconds))
        for name in platforms:
            server = standins.load(name)(now=self._seconds)
            self.servers[name] = self.running.enter_context(server)
            seat = server.seat(name)
            self.secrets[name] = _renewable(server, name) if name in renewable else seat.secrets
            chosen = {**seat.options, **({"login": name} if name == "instagram" and name in renewable else {})}
            account = Account(name=name, platform=name, language="en", base_url=seat.base_url, options=chosen)
            self.workspace.accounts[name] = account  # type: ignore[index]
        self.app.adopt(self.workspace)

    @property
    def secrets(self) -> dict[str, Mapping[str, str]]:
        found: dict[str, Mapping[str, str]] = self.__dict__.setdefault("_kept", {})
        return found

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    def daemon(self, worker: str) -> App:
        """Return an App whose publishers talk to the servers."""
        app = super().daemon(worker)
        app.factory = self._publisher
        return app

    def _publisher(self, account: Account, workspace: Workspace, clock: Clock) -> Publisher:
        options = {**account.options, "timeout": [10, self.patience]}
        patient = Account(**{**vars(account), "options": options})
        kind = publishers.load(account.platform)
        secrets = self.secrets[account.name]
        return kind(patient, secrets=secrets, folder=workspace.var, clock=clock, shelf=self.shelf)

    def weather(self, patience: float) -> None:
        """Let every publisher wait for answers no longer than this, in seconds."""
        self.patience = patience
        self.app.adopt(self.workspace)

    def picture(self, name: str = "card.jpg") -> Picture:
        """Return a picture that every network takes; what is made of it once serves every world of this process."""
        (self.workspace.folder / name).write_bytes(picture_file())
        shutil.copytree(_rendered(), self.workspace.var / "rendered", dirs_exist_ok=True)
        return Picture(file=name, alt=Text({"": "A candle in the dark"}), place=Place(file="posts/act.yaml"))

    def _photo(self) -> str:
        uploads = self.workspace.var / "uploads"
        uploads.mkdir(exist_ok=True)
        (uploads / "0.jpg").write_bytes(picture_file())
        return "0.jpg"

    def out(self, platform: str) -> Counter[str]:
        """Return how often each text is out on a network."""
        return Counter(post["text"] for post in self.servers[platform].state()["posts"])

    def settle(self) -> int:
        """Let days pass with clear skies, until what was due is settled; return how often a person was asked.

        They mend what is blocked, and tell the truth where they are asked.
        """
        asked = 0
        for number in range(160):
            self.let(timedelta(minutes=5) if number < 40 else timedelta(hours=1))
            with self.store.read() as c:
                blocked = [one for one in controls.all_pauses(c) if one.kind == "blocked"]
                late = [one for one in deliveries.in_status(c, *_WAITING) if one.due_at <= self.clock.now()]
            if not blocked and not late:
                break
            for one in blocked:
                resume(self.app, scope=one.scope, name=one.name, who="x")
            for delivery in late:
                if delivery.status is Status.needs_human:
                    asked += 1
                    self._tell(delivery.key)
        return asked

    def _tell(self, key: str) -> None:
        one = self[key]
        assert one.platform in MAY_ASK or key in self.may_ask, f"{key}: {one.reason}"
        assert one.frozen is not None
        wanted = one.next_of(one.frozen).text.split()[0]
        found = [post for post in self.servers[one.platform].state()["posts"] if post["text"].split()[0] == wanted]
        resolve(self.app, key, url=_link(one.platform, found[0]) if found else None, who="tester")

    def close(self) -> None:
        """Close the state and the servers; nothing went wrong in them."""
        for file in (self.workspace.var / "rendered").glob("*"):
            if not (_rendered() / file.name).exists():
                shutil.copyfile(file, _rendered() / file.name)
        super().close()
        self.running.close()
        assert [error for server in self.servers.values() for error in server.errors] == []


def _renewable(server: LoopbackServer, account: str) -> Mapping[str, str]:
    """Return the secrets of a login that the program can renew, where a network has another kind too."""
    if isinstance(server, x.Server):
        return server.oauth2(next(user for user in server.users.values() if user.username == account))
    assert isinstance(server, instagram.Server)
    user = next(one for one in server.users.values() if isinstance(one, instagram.Account) and one.login == account)
    return {"USER_ID": user.id, "ACCESS_TOKEN": user.token}


def _link(platform: str, post: Mapping[str, Any]) -> str:
    if platform == "x":
        return f"https://x.com/i/status/{post['id']}"
    return f"https://www.facebook.com/{post['id']}"


@contextmanager
def killing(world: OnNetworks, at: int) -> Iterator[Callable[[], int]]:
    """Raise Killed at the `at`-th point; yield what says how many points have been passed."""
    passed = 0
    here = threading.current_thread()

    def point(*_: object) -> None:
        nonlocal passed
        if threading.current_thread() is here:  # the servers have their own
            passed += 1
            if passed == at:
                raise Killed

    def around(act: Callable[..., Any]) -> Callable[..., Any]:
        def acts(*args: Any, **kwargs: Any) -> Any:
            point()
            result = act(*args, **kwargs)
            point()
            return result

        return acts

    event.listen(world.store.engine, "before_cursor_execute", point)
    event.listen(world.store.engine, "commit", point)
    try:
        with (
            patch.object(Session, "request", around(Session.request)),
            patch.object(os, "fsync", around(os.fsync)),
            patch.object(os, "replace", around(os.replace)),
        ):
            yield lambda: passed
    finally:
        event.remove(world.store.engine, "before_cursor_execute", point)
        event.remove(world.store.engine, "commit", point)
