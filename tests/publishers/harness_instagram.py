"""Instagram in the contract suite."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar, Self

from PIL import Image

from scheduler.model import Account, Content, FileContent, Medium, Outgoing, Staged
from scheduler.publishers import instagram
from scheduler.publishers.base import Shelf
from scheduler.standins.containers import Containers
from scheduler.standins.instagram import USERS, Server
from scheduler.standins.lender import Lender
from tests.publishers import harness
from tests.publishers.harness import FAULTS, Seen

ENDPOINTS = {
    "upload": "POST /:user/media",
    "publish": "POST /:user/media_publish",
    "find": "GET /:id",
    "delete": "DELETE /:id",
}
WORDS = {
    "refused": "meta_100",
    "login-dead": "meta_190",
    "limited": "meta_17",
    "limited-until-2030": "meta_retry_after",
    "timeout-before": "timeout_before_commit",
    "timeout-after": "timeout_after_commit",
    "reset-after": "reset_after_commit",
    "error-after": "meta_1_after_commit",
    "cut-after": "cut_reply",
    "foreign": "html",
}

OF_THE_CALL = {**WORDS, "refused": "2207010", "limited": "2207042", "limited-until-2030": "2207042_until_2030"}
"""Of the visible call: what is believed at once. Other refusals may accompany success, and are looked up."""


def order(server: Containers, endpoints: Mapping[str, str], step: str, fault: str) -> None:
    """Let a request fail."""
    if fault == "unreachable":
        server.stop()
        return
    server.fail(endpoints[step], (OF_THE_CALL if step == "publish" else WORDS)[fault])
    if (step, fault) == ("publish", "login-dead"):
        server.fail(endpoints["find"], WORDS[fault])  # a token is dead for every request


class Publisher(instagram.Publisher):
    """One that goes on by itself, as the program does whenever its time has come."""

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        staged = super().stage(out, begun)
        return staged if staged.again_at is None else self.stage(out, staged)


def secrets_of(user: object) -> dict[str, str]:
    """Return what speaks for a user, by the names the publisher gives them."""
    names = {"USER_ID": "id", "ACCESS_TOKEN": "token", "APP_SECRET": "app_secret"}
    return {name: getattr(user, field) for name, field in names.items() if getattr(user, field)}


def jpeg(harness: harness.Harness, name: str, alt: str, size: tuple[int, int] = (400, 500)) -> Medium:
    """Return a small JPEG in a file of its own, of a ratio that Instagram takes."""
    path = harness.folder / f"{name.rpartition('.')[0] or name}.jpg"
    Image.new("RGB", size, f"#{hashlib.sha256(name.encode()).hexdigest()[:6]}").save(path)
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Medium(path=path, mime="image/jpeg", width=size[0], height=size[1], size=len(data), sha256=digest, alt=alt)


class Harness(harness.Harness):
    platform = "instagram"
    faults: ClassVar = frozenset(FAULTS)
    media_faults: ClassVar = frozenset(FAULTS)
    longest = "é" * 2199 + "😷"
    measured = (("abc", 3), ("日本", 2), ("https://example.com/a", 21), ("😷", 1))

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
            name="instagram-fr",
            platform="instagram",
            language="fr",
            keys="IG_FR",
            base_url=self.server.url,
            options=options,
        )
        return Publisher(account, secrets=secrets_of(USERS[0]), folder=self.folder, shelf=self.shelf)

    def content(self, text: str) -> Content:
        return Content(text=text, language="fr", images=(FileContent(file="card.jpg", alt="x"),))

    def out(self, text: str, *media: Medium, key: str = "a/b@c") -> Outgoing:
        return super().out(text, *(media or [self.picture()]), key=key)

    def picture(self, name: str = "card.png", alt: str = "Une bougie & <un> fil barbelé") -> Medium:
        return jpeg(self, name, alt)

    def public(self) -> list[Seen]:
        return [
            Seen(post["id"], post["text"], tuple((medium["sha256"], medium["alt"]) for medium in post["media"]))
            for post in self.server.state()["posts"]
        ]

    def fail(self, step: str, fault: str) -> None:
        order(self.server, ENDPOINTS, step, fault)
