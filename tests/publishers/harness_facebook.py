"""Facebook in the contract suite."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

from scheduler.model import Account
from scheduler.publishers.facebook import Publisher
from scheduler.standins.facebook import PAGES, Server
from scheduler.standins.facebook_objects import Page
from tests.publishers import harness
from tests.publishers.harness import FAULTS, WORDS, Seen

ENDPOINTS = {
    "upload": "POST /:page/photos",
    "publish": "POST /:page/feed",
    "find": "GET /:page/published_posts",
    "delete": "DELETE /:id",
}
_WORDS = {
    **WORDS,
    "refused": "fb_324",
    "login-dead": "meta_190",
    "limited": "meta_4",
    "limited-until-2030": "meta_retry_after",
    "error-after": "meta_1_after_commit",
}


def secrets_of(page: Page) -> dict[str, str]:
    """Return what speaks for a Page, by the names the publisher gives them."""
    names = {"PAGE_ID": page.id, "PAGE_TOKEN": page.token, "APP_SECRET": page.app_secret}
    return {name: value for name, value in names.items() if value}


class Harness(harness.Harness):
    platform = "facebook"
    faults: ClassVar = frozenset(FAULTS)
    media_faults: ClassVar = frozenset(FAULTS)
    longest = "é" * 63_204 + "😷"
    measured = (("abc", 3), ("日本", 2), ("https://example.com/a", 21), ("😷", 2))

    @contextmanager
    def running(self) -> Iterator[Self]:
        with Server() as self.server:
            yield self
        assert not self.server.errors

    def publisher(self, *, patience: float = 10.0) -> Publisher:
        options = {"timeout": [10, patience]}
        account = Account(
            name="facebook-fr", platform="facebook", language="fr", base_url=self.server.url, options=options
        )
        return Publisher(account, secrets=secrets_of(PAGES[0]), folder=self.folder)

    def public(self) -> list[Seen]:
        return [
            Seen(post["id"], post["text"], tuple((medium["sha256"], medium["alt"]) for medium in post["media"]))
            for post in self.server.state()["posts"]
        ]

    def fail(self, step: str, fault: str) -> None:
        if fault == "unreachable":
            self.server.stop()
        else:
            self.server.fail(ENDPOINTS[step], _WORDS[fault])
