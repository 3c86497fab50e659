"""X in the contract suite."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

from scheduler.model import Account
from scheduler.publishers.x import Publisher
from scheduler.standins.x import USERS, Server
from tests.publishers import harness
from tests.publishers.harness import FAULTS, WORDS, Seen

_ENDPOINTS = {
    "upload": "POST /2/media/upload",
    "publish": "POST /2/tweets",
    "find": "GET /2/users/:id/tweets",
    "delete": "DELETE /2/tweets/:id",
}


class Harness(harness.Harness):
    platform = "x"
    faults: ClassVar = frozenset(FAULTS)
    media_faults: ClassVar = frozenset(FAULTS)
    longest = "é" * 278 + "😷"
    measured = (("abc", 3), ("日本", 4), ("https://example.com/a/very/long/path", 23), ("👨‍👩‍👧‍👦", 2))

    @contextmanager
    def running(self) -> Iterator[Self]:
        with Server() as self.server:
            yield self
        assert not self.server.errors

    def publisher(self, *, patience: float = 10.0) -> Publisher:
        options = {"timeout": [10, patience]}
        account = Account(name="x-fr", platform="x", language="fr", base_url=self.server.url, options=options)
        return Publisher(account, secrets=USERS[0].secrets, folder=self.folder)

    def public(self) -> list[Seen]:
        return [
            Seen(post["id"], post["text"], tuple((medium["sha256"], medium["alt"]) for medium in post["media"]))
            for post in self.server.state()["posts"]
        ]

    def fail(self, step: str, fault: str) -> None:
        if fault == "unreachable":
            self.server.stop()
        else:
            self.server.fail(_ENDPOINTS[step], WORDS[fault])
