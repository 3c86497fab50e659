"""Threads in the contract suite."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

from scheduler.model import Account, Outgoing, Staged
from scheduler.publishers import threads
from scheduler.publishers.base import Shelf
from scheduler.standins.graph import User
from scheduler.standins.lender import Lender
from scheduler.standins.threads import USERS, Server
from tests.publishers import harness
from tests.publishers.harness import FAULTS, Seen
from tests.publishers.harness_instagram import order

ENDPOINTS = {
    "upload": "POST /me/threads",
    "publish": "POST /me/threads_publish",
    "find": "GET /:id",
    "delete": "DELETE /:id",
}


class Publisher(threads.Publisher):
    """One that goes on by itself, as the program does whenever its time has come."""

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        staged = super().stage(out, begun)
        return staged if staged.again_at is None else self.stage(out, staged)


def secrets_of(user: User) -> dict[str, str]:
    """Return what speaks for a user, by the names the publisher gives them."""
    return {"ACCESS_TOKEN": user.token}


class Harness(harness.Harness):
    platform = "threads"
    faults: ClassVar = frozenset(FAULTS)
    media_faults: ClassVar = frozenset(FAULTS)
    longest = "é" * 496 + "😷"
    measured = (
        ("abc", 3),
        ("日本", 2),
        ("https://example.com/a", 21),
        ("😷", 4),
        ("👨‍👩‍👧‍👦", 25),
        ("🇫🇷", 8),
        ("❤️", 6),
        ("1️⃣", 7),
    )

    @contextmanager
    def running(self) -> Iterator[Self]:
        with Server() as self.server, Lender(now=self.server.now) as self.shelf:
            yield self
        assert not self.server.errors

    server: Server
    shelf: Shelf

    def publisher(self, *, patience: float = 10.0) -> Publisher:
        options = {"timeout": [10, patience]}
        account = Account(
            name="threads-fr", platform="threads", language="fr", base_url=self.server.url, options=options
        )
        return Publisher(account, secrets=secrets_of(USERS[0]), folder=self.folder, shelf=self.shelf)

    def public(self) -> list[Seen]:
        return [
            Seen(post["id"], post["text"], tuple((medium["sha256"], medium["alt"]) for medium in post["media"]))
            for post in self.server.state()["posts"]
        ]

    def fail(self, step: str, fault: str) -> None:
        order(self.server, ENDPOINTS, step, fault)
