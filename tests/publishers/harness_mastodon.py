"""Mastodon in the contract suite."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from scheduler.model import Account
from scheduler.publishers.mastodon import Publisher
from scheduler.standins.mastodon import USERS, Server
from tests.publishers import harness
from tests.publishers.harness import FAULTS, Seen

POST, LIST = "POST /api/v1/statuses", "GET /api/v1/accounts/:id/statuses"
UPLOAD, DELETE = "POST /api/v2/media", "DELETE /api/v1/statuses/:id"
_ENDPOINTS = {"upload": UPLOAD, "publish": POST, "find": LIST, "delete": DELETE}
_WORDS = {
    "refused": "422",
    "login-dead": "401",
    "limited": "429",
    "limited-until-2030": "429_reset",
    "timeout-before": "timeout_before_commit",
    "timeout-after": "timeout_after_commit",
    "reset-after": "reset_after_commit",
    "error-after": "500_after_commit",
    "cut-after": "cut_reply",
    "foreign": "html",
}


class Harness(harness.Harness):
    platform = "mastodon"
    faults: ClassVar = frozenset(FAULTS)
    media_faults: ClassVar = frozenset(FAULTS)
    longest = "https://example.com/" + "a" * 50 + " @ami@mastodon.example " + "é" * 470 + "👨\u200d👩\u200d👧"
    measured = (
        ("abc", 3),
        ("日本", 2),
        ("e\u0301", 1),
        ("👨\u200d👩\u200d👧", 1),
        ("https://example.com/a/very/long/path", 23),
        ("voir @ami@mastodon.example", 9),
    )

    @contextmanager
    def running(self, **options: Any) -> Iterator[Self]:
        with Server(**options) as self.server:
            yield self
        assert not self.server.errors

    def publisher(self, *, patience: float = 10.0, **more: Any) -> Publisher:
        options = {"timeout": [10 if patience >= 1 else 1, patience], **more.pop("options", {})}
        base_url = more.pop("base_url", None) or self.server.url
        account = Account(name="mastodon-fr", platform="mastodon", language="fr", base_url=base_url, options=options)
        secrets = more.pop("secrets", {"ACCESS_TOKEN": USERS[0].token})
        return Publisher(account, secrets=secrets, folder=self.folder, **more)

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
