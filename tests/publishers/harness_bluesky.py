"""Bluesky in the contract suite."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

from scheduler.model import Account
from scheduler.publishers.bluesky import Publisher
from scheduler.standins.bluesky import Server
from tests.publishers import harness
from tests.publishers.harness import FAULTS, WORDS, Seen

XRPC = "/xrpc/com.atproto"
_ENDPOINTS = {
    "upload": f"POST {XRPC}.repo.uploadBlob",
    "publish": f"POST {XRPC}.repo.putRecord",
    "find": f"GET {XRPC}.repo.getRecord",
    "delete": f"POST {XRPC}.repo.deleteRecord",
}
_WORDS = {**WORDS, "error-after": "500_own_after_commit"}


class Harness(harness.Harness):
    platform = "bluesky"
    faults: ClassVar = frozenset(FAULTS)
    media_faults: ClassVar = frozenset(FAULTS)
    longest = "👨‍👩‍👧‍👦" * 105 + "é" * 180 + "a" * 15  # 300 characters as people see them, and 3,000 bytes
    measured = (
        ("abc", 3),
        ("日本", 2),
        ("https://example.com/a/very/long/path", 36),
        ("e\u0301" * 10, 10),
        ("👨‍👩‍👧‍👦" * 2, 5),
    )

    @contextmanager
    def running(self) -> Iterator[Self]:
        with Server() as self.server:
            yield self
        assert not self.server.errors

    def publisher(self, *, patience: float = 10.0) -> Publisher:
        seat = self.server.seat("bluesky-fr")
        options = {"timeout": [10, patience], **seat.options}
        account = Account(name="bluesky-fr", platform="bluesky", language="fr", base_url=seat.base_url, options=options)
        return Publisher(account, secrets=seat.secrets, folder=self.folder)

    def public(self) -> list[Seen]:
        return [
            Seen(post["id"], post["text"], tuple((medium["sha256"], medium["alt"]) for medium in post["media"]))
            for post in self.server.state()["posts"]
        ]

    def fail(self, step: str, fault: str) -> None:
        if fault == "unreachable":
            self.server.stop()
        else:
            self.server.fail(_ENDPOINTS[step], _WORDS[fault])
