"""What the tests of Instagram and Threads share: each network in turn, on a clock that the test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.clock import SimulatedClock
from scheduler.model import Account, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import instagram, threads
from scheduler.publishers.base import Absent, Shelf
from scheduler.publishers.container_wire import Containers
from scheduler.standins import instagram as instagram_server
from scheduler.standins import threads as threads_server
from scheduler.standins.containers import Containers as Server
from scheduler.standins.graph import User
from scheduler.standins.lender import Lender
from tests.publishers import harness_instagram, harness_threads
from tests.publishers.harness import Harness

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
NETWORKS = ("instagram", "threads")
_KINDS: dict[str, tuple[type[Containers], type[Server], type[Harness]]] = {
    "instagram": (instagram.Publisher, instagram_server.Server, harness_instagram.Harness),
    "threads": (threads.Publisher, threads_server.Server, harness_threads.Harness),
}
ENDPOINTS = {"instagram": harness_instagram.ENDPOINTS, "threads": harness_threads.ENDPOINTS}
LISTS = {"instagram": "GET /:user/media", "threads": "GET /me/threads"}
QUOTAS = {"instagram": "GET /:user/content_publishing_limit", "threads": "GET /me/threads_publishing_limit"}


@dataclass
class Scene:
    """One network, its server, and what publishes there."""

    name: str
    server: Server
    shelf: Shelf
    folder: Path
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(NOON))

    @property
    def users(self) -> list[User]:
        """The accounts of the network, in their order."""
        return [*(instagram_server.USERS if self.name == "instagram" else threads_server.USERS)]

    def make(self, patience: float = 10.0, *, user: User | None = None, url: str = "", **options: Any) -> Containers:
        """Return a new publisher; `patience` is its time-out in seconds."""
        account = Account(
            name=f"{self.name}-fr",
            platform=self.name,
            language="fr",
            keys="META_FR",
            base_url=url or self.server.url,
            options={"timeout": [10 if patience >= 1 else 1, patience], **options},
        )
        secrets = harness_instagram.secrets_of if self.name == "instagram" else harness_threads.secrets_of
        given = secrets(user or self.users[0])
        return _KINDS[self.name][0](account, secrets=given, folder=self.folder, clock=self.clock, shelf=self.shelf)

    def picture(self, name: str = "card.jpg", alt: str = "Une bougie", size: tuple[int, int] = (400, 500)) -> Medium:
        """Return a picture that both take."""
        return harness_instagram.jpeg(self._harness, name, alt, size)

    def out(self, text: str = "Libérez-les https://example.org/a", *media: Medium, **more: Any) -> Outgoing:
        """Return a delivery that is due now; Instagram's has a picture."""
        media = media or ((self.picture(),) if self.name == "instagram" else ())
        made = Harness.out(self._harness, text, *media)
        return replace(made, due_at=self.clock.now(), **more)

    @property
    def _harness(self) -> Harness:
        return _KINDS[self.name][2](self.folder)

    def endpoint(self, step: str) -> str:
        """Return where a step asks: upload, publish, find, delete, list, quota."""
        return {**ENDPOINTS[self.name], "list": LISTS[self.name], "quota": QUOTAS[self.name]}[step]

    def staged(self, out: Outgoing, publisher: Containers | None = None) -> Staged:
        """Stage as the program does: step by step, each when its time has come."""
        publisher, staged = publisher or self.make(), None
        while staged is None or staged.again_at is not None:
            if staged is not None and staged.again_at is not None:
                self.clock.move_to(max(self.clock.now(), staged.again_at))
            staged = publisher.stage(out, staged)
        return staged

    def found(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | Absent | None:
        """Look as the program does, as often as the network allows."""
        publisher = self.make()
        for look in publisher.looks:
            self.clock.move_to(max(self.clock.now(), since + look))
            found = publisher.find(out, staged, since)
            if found is not None:
                return found
        return None

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.move_to(self.clock.now() + timedelta(**time))


@contextmanager
def scene(name: str, folder: Path) -> Iterator[Scene]:
    """Have a network there."""
    clock = SimulatedClock(NOON)

    def now() -> float:
        return clock.now().timestamp()

    with _KINDS[name][1](users=_users(name), now=now) as server, Lender(now=now) as shelf:
        yield Scene(name, server, shelf, folder, clock)
    assert not server.errors


def _users(name: str) -> list[User]:
    return [*(instagram_server.USERS if name == "instagram" else threads_server.USERS)]
