"""What every network must be able to do. One file a network beside this one, each with a class `Publisher`.

The daemon calls `stage` ahead of time, `publish` exactly once at the due second, and `find` when the outcome
of `publish` isn't known. Nothing here retries: trying again is the store's decision, never a publisher's.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from scheduler.errors import UserError
from scheduler.model import Account, Content, Finding, Outgoing, Receipt, Staged


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a network takes. `source` names where the figures come from, with its date."""

    text: int
    images: int
    image_bytes: int
    image_types: frozenset[str]  # MIME types
    alt: int  # characters of alt text
    card: tuple[int, int]  # pixels, width and height of a card made for it
    source: str


class Absent:
    """Proof that the post did not go out."""


class Deleted:
    """Proof that the post is no longer there."""


@dataclass(frozen=True)
class NeedsHand:
    """The network can't take the post down by itself: `what` tells a person what to do."""

    what: str


class Publisher(ABC):
    """One account on one network. Not safe for threads: one instance per account and thread."""

    platform: ClassVar[str]
    limits: ClassVar[Limits]
    secrets: ClassVar[tuple[str, ...]] = ()  # e.g. API_KEY: read from <keys>_API_KEY or <keys>_API_KEY_FILE
    looks: ClassVar[tuple[timedelta, ...]] = ()  # when to look, counted from the visible call
    options: ClassVar[frozenset[str]] = frozenset()  # keys of its account in config.yaml beyond those of every account
    live: ClassVar[bool] = True  # publishes where the public sees it

    def __init__(self, account: Account, *, secrets: Mapping[str, str], folder: Path) -> None:
        """`secrets`: by the names of `self.secrets`; empty where only pure methods are called.

        `folder`: the workspace's var/ folder. Constructing opens no connection.
        """
        self.account = account
        self._secrets = secrets
        self._folder = folder

    # ── pure: used by `check` and `preview`, and again before sending ──

    @abstractmethod
    def measure(self, text: str) -> int:
        """Return the length of `text` as the network counts it."""

    def text_limit(self) -> int:
        """Return how long a text this account takes, in the network's own units."""
        return self.limits.text

    @abstractmethod
    def problems(self, content: Content) -> list[Finding]:
        """Return what the network would refuse (errors) or what is unwise there (warnings)."""

    @classmethod
    def remote_id(cls, url: str) -> tuple[str, str]:
        """Return the network's id of the post behind a link that a person copied, and the post's own plain link.

        Raises:
            UserError: the link is none to a post.
        """
        parts = urlsplit(url)
        name = parts.path.rstrip("/").rpartition("/")[2]
        if parts.scheme not in {"http", "https", "file"} or not name:
            msg = f"{url}: this is no link to a post: copy the post's own link from the network"
            raise UserError(msg)
        return name, url

    # ── over the wire ──

    @abstractmethod
    def stage(self, out: Outgoing) -> Staged:
        """Prepare everything that stays invisible (upload media, note a baseline). Repeatable.

        Raises only PublishError; none of them may be OutcomeUnknown: nothing visible happens here.
        """

    def stage_expired(self, staged: Staged, now: datetime) -> bool:  # noqa: ARG002
        """Tell whether what was staged has to be staged again."""
        return False

    @abstractmethod
    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Make the one visible call. Raises only PublishError."""

    @abstractmethod
    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | Absent | None:
        """Look, read-only, whether the post went out after `since`; None means it can't be told.

        Raises only PublishError, which counts as "can't be told, look again".
        """

    @abstractmethod
    def delete(self, receipt: Receipt) -> Deleted | NeedsHand:
        """Take a published post down. A post that is already gone counts as deleted."""

    @abstractmethod
    def verify(self) -> str:
        """Check that the credentials work; return what they stand for (e.g. `@name`)."""
