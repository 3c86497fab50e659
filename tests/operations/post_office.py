"""A world in which somebody is told what needs them: targets that take messages, or don't, and what each has got."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.app import App
from scheduler.model import Notify
from scheduler.notices import Message, Outcome
from scheduler.operations.notify import LITTLE_SPACE, notify
from tests.world import World, post

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
URLS = ("json://canary-one:canary-pass@localhost/a", "slack://canarytoken/b/c")


class Office(World):
    """A World whose workspace tells two targets."""

    def __init__(
        self, folder: Path, *, urls: Sequence[str] = URLS, settings: Notify | None = None, **more: Any
    ) -> None:
        super().__init__(folder, notify=settings or Notify(to="DESK"), **more)
        self.addresses(*urls)
        self.got: dict[str, list[tuple[datetime, str, str]]] = {}
        self.down: set[str] = set()
        self.tried: list[tuple[datetime, str]] = []
        self.room = LITTLE_SPACE

    def addresses(self, *urls: str) -> None:
        """Let the workspace's secret hold these addresses."""
        (self.workspace.folder / "desk").write_text("# who is told\n" + "".join(f"{one}\n" for one in urls))
        (self.workspace.folder / ".env").write_text("DESK_URLS_FILE=desk\n")

    def take(self, messages: Sequence[Message]) -> list[Outcome]:
        """Take messages in the place of Apprise."""
        found = []
        for one in messages:
            self.tried.append((self.clock.now(), one.url))
            if one.url in self.down:
                found.append(Outcome(ok=False, service="Test", detail="no answer in time"))
                continue
            self.got.setdefault(one.url, []).append((self.clock.now(), one.title, one.body))
            found.append(Outcome(ok=True, service="Test"))
        return found

    def tell(
        self, app: App | None = None, *, send: Callable[..., Sequence[Outcome | None]] | None = None, **more: Any
    ) -> list[str]:
        """Look once, as a daemon does every few seconds; return what the first target has got from it."""
        before = len(self.got.get(URLS[0], []))
        notify(app or self.app, send=send or self.take, free=lambda _: self.room, **more)
        return [body for _, _, body in self.got.get(URLS[0], [])[before:]]

    def live(self, length: timedelta, every: timedelta = MINUTE) -> list[tuple[datetime, str]]:
        """Look every so often for a while; return when the first target got what."""
        before, end = len(self.got.get(URLS[0], [])), self.clock.now() + length
        while self.clock.now() < end:
            self.clock.move_to(self.clock.now() + every)
            self.tell()
        return [(at, body) for at, _, body in self.got.get(URLS[0], [])[before:]]

    def fail(self, name: str, fault: str = "refused") -> str:
        """Let a post be due now and not go out; return its key."""
        self.posts = [*getattr(self, "posts", []), post(name, at=self.clock.now(), text=f"Canary words of {name}")]
        self.write(*self.posts)
        self.queue()
        self.network.faults = [fault]
        self.run()
        return f"act/{name}@a"
