"""What the contract suite needs to know of a network: how to reach it, make it fail, and see what is public.

A network joins by a file `harness_<platform>.py` beside this one, with a class `Harness`.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import ClassVar

from PIL import Image

from scheduler.model import Content, Medium, Outgoing
from scheduler.publishers import names
from scheduler.publishers.base import Publisher


@dataclass(frozen=True)
class Seen:
    """A post as the public sees it; pictures by the hash of their bytes, with their alt text."""

    id: str
    text: str
    pictures: tuple[tuple[str, str], ...] = ()


class Harness(ABC):
    """One network in the contract suite."""

    platform: ClassVar[str]
    faults: ClassVar[frozenset[str]] = frozenset()
    """Of FAULTS below, those that this network can show on the visible call."""
    media_faults: ClassVar[frozenset[str]] = frozenset()
    """The same for an upload."""
    longest: ClassVar[str]
    """A text exactly as long as the network takes; one letter more is too long."""
    measured: ClassVar[tuple[tuple[str, int], ...]]
    """Texts and their lengths as the network counts them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def running(self) -> Iterator["Harness"]:
        """Have the network there while the test runs."""
        yield self

    @abstractmethod
    def publisher(self, *, patience: float = 10.0) -> Publisher:
        """Return a new publisher; `patience` is its time-out in seconds."""

    @abstractmethod
    def public(self) -> list[Seen]:
        """Return what the public sees, oldest first."""

    def fail(self, step: str, fault: str) -> None:
        """Make the next `upload`, `publish`, `find` or `delete` fail in the way of one of FAULTS."""
        raise NotImplementedError

    def content(self, text: str) -> Content:
        """Return what a delivery would say before anything is rendered, with no more than the network asks for."""
        return Content(text=text, language="fr")

    def out(self, text: str, *media: Medium, key: str = "a/b@c") -> Outgoing:
        """Return a delivery ready to go."""
        token = hashlib.sha256(f"{key} {text}".encode()).hexdigest()
        account = f"{self.platform}-fr"
        now = datetime.now(UTC)
        return Outgoing(key=key, account=account, language="fr", text=text, token=token, due_at=now, media=media)

    def picture(self, name: str = "card.png", alt: str = "Une bougie & <un> fil barbelé") -> Medium:
        """Return a small picture in a file of its own."""
        path = self.folder / name
        Image.new("RGB", (120, 68), f"#{hashlib.sha256(name.encode()).hexdigest()[:6]}").save(path)
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        mime = "image/png"
        return Medium(path=path, mime=mime, width=120, height=68, size=len(data), sha256=digest, alt=alt)


FAULTS = {
    "refused": "the network refuses this content for good",
    "login-dead": "the keys no longer work",
    "limited": "too many requests, no word about when to come back",
    "limited-until-2030": "too many requests until 2030-01-01T00:00:00Z",
    "unreachable": "nobody answers the door",
    "timeout-before": "no answer, and the post is not out",
    "timeout-after": "no answer, and the post is out",
    "reset-after": "the connection is cut, and the post is out",
    "error-after": "an internal error, and the post is out",
    "cut-after": "half an answer, and the post is out",
    "foreign": "somebody else answers in the network's place",
}
"""What can go wrong, in words that fit every network."""

WORDS = {
    "refused": "400",
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
"""The same as the servers call them; a network has names of its own for some."""


def harnesses() -> dict[str, type[Harness]]:
    """Return the harness of every network there is."""
    return {name: import_module(f"tests.publishers.harness_{name}").Harness for name in sorted(names())}
