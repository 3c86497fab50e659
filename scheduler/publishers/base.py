"""What every network must be able to do. One file a network beside this one, each with a class `Publisher`.

The daemon calls `stage` ahead of time, `publish` exactly once at the due second, and `find` when the outcome
of `publish` isn't known. Nothing here retries: trying again is the store's decision, never a publisher's.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

from scheduler.clock import Clock, SystemClock
from scheduler.errors import UserError
from scheduler.model import Account, Content, Finding, Medium, Outgoing, Receipt, Staged

IN_FLIGHT = timedelta(minutes=2)
"""How long a network may still be working on a call that we gave up: until then nothing is proven to be absent."""

PROMPT = timedelta(seconds=60)
"""How long after `publish` began its visible call may leave: a worker's lease, and what was judged, end after that."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """What a network takes of films (MP4 with H.264 and AAC)."""

    bytes: int
    seconds: float
    width: int  # pixels, at most
    height: int


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
    ratio: tuple[float, float] | None = None  # width by height of the narrowest and the widest picture; None: any
    film: Film | None = None  # None: it takes none
    threads: bool = False  # several posts, each an answer to the one before
    link_card: bool = False  # shows a card for a link only where it is handed one (Content.link and .title)
    warning: bool = False  # has a field for the words of a warning; elsewhere they stand first in the text
    by_url: bool = False  # fetches pictures and films from an address (Shelf)


class Absent:
    """Proof that the post did not go out."""


class Deleted:
    """Proof that the post is no longer there."""


@dataclass(frozen=True)
class NeedsHand:
    """The network can't take the post down by itself: `what` tells a person what to do."""

    what: str


class Ask(Protocol):
    """A person at a terminal."""

    def __call__(self, question: str, *, hidden: bool = False) -> str:
        """Return their answer; `hidden`: it isn't shown while they type."""
        ...


class Shelf(Protocol):
    """Lends files out at addresses that nobody can guess, to networks that fetch what they publish."""

    def url(self, medium: Medium, *, until: datetime) -> str:
        """Return the address at which the network finds the file, until then at most.

        Raises:
            AccountBlocked: the workspace has no way to lend it: no public_url, no storage.
        """
        ...


class Publisher(ABC):
    """One account on one network. Not safe for threads: one instance per account and thread."""

    platform: ClassVar[str]
    limits: ClassVar[Limits]
    secrets: ClassVar[tuple[str, ...]] = ()  # e.g. API_KEY: read from <keys>_API_KEY or <keys>_API_KEY_FILE
    optional_secrets: ClassVar[tuple[str, ...]] = ()  # likewise, where they are there
    other_secrets: ClassVar[tuple[str, ...]] = ()  # whole, they stand in for `secrets`
    looks: ClassVar[tuple[timedelta, ...]] = ()  # when to look, counted from the visible call
    options: ClassVar[frozenset[str]] = frozenset()  # keys of its account in config.yaml beyond those of every account
    live: ClassVar[bool] = True  # publishes where the public sees it
    reads_late: ClassVar[bool] = False  # reads its files in the visible call, not while it is prepared

    def __init__(
        self,
        account: Account,
        *,
        secrets: Mapping[str, str],
        folder: Path,
        clock: Clock | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        """Hold what is needed to speak for the account. Constructing opens no connection.

        Args:
            account: whose settings have been checked by their form.
            secrets: by the names of `self.secrets`; empty where only pure methods are called.
            folder: the workspace's var/ folder.
            clock: where the time comes from; the machine's where None.
            shelf: where files are lent out; None where only pure methods are called, or the network fetches nothing.
        """
        self.account = account
        self._secrets = secrets
        self._folder = folder
        self._clock: Clock = clock or SystemClock()
        self._shelf = shelf

    # ── pure: used by `check` and `preview`, and again before sending ──

    @abstractmethod
    def measure(self, text: str) -> int:
        """Return the length of `text` as the network counts it."""

    def text_limit(self) -> int:
        """Return how long a text this account takes, in the network's own units."""
        return self.limits.text

    @abstractmethod
    def problems(self, content: Content) -> list[Finding]:
        """Return what the network would refuse (errors) or what is unwise there (warnings): of the first part."""

    def findings(self, content: Content) -> list[Finding]:
        """Return the problems of a content with all its parts."""
        found = self.problems(replace(content, thread=()) if content.thread else content)
        for number, text in enumerate(content.thread, 2):
            part = Content(text=text, language=content.language, warning=content.warning)
            found += [replace(one, message=f"part {number}: {one.message}") for one in self.problems(part)]
        return found

    def price(self, content: Content) -> Decimal:  # noqa: ARG002
        """Return what publishing it costs, in US dollars, as far as the network says."""
        return Decimal(0)

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
    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Prepare everything that stays invisible (upload media, note a baseline). Repeatable.

        What takes time, or several steps whose ids must not be lost, is returned as it stands with `again_at`: it
        is stored, and comes back as `begun` then (at once, where `again_at` is not in the future).

        Raises only PublishError; none of them may be OutcomeUnknown: nothing visible happens here.
        """

    def stage_expired(self, staged: Staged, now: datetime) -> bool:  # noqa: ARG002
        """Tell whether what was staged has to be staged again."""
        return False

    @abstractmethod
    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Make the one visible call. Raises only PublishError.

        `out` is one part of a thread, an answer to the last of `out.before`; most threads have one part.
        """

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

    def renew(self) -> datetime | None:
        """Renew what lets us in where it is time; return when to ask again, None where nothing runs out.

        Raises only PublishError: AccountBlocked says how a person gets new ones.
        """
        return None

    def ends_at(self) -> datetime | None:
        """Return when the login ends unless `renew` succeeds first; None where that isn't known, or is hours away."""
        return None

    def log_in(self, ask: Ask) -> dict[str, str]:  # noqa: ARG002
        """Lead a person through getting the secrets, over a terminal; return them by their names.

        Raises:
            PublishError: the network didn't give them.
            UserError: there is no such way; the message says where people get them.
        """
        names = ", ".join(f"{self.account.keys}_{name}" for name in self.secrets)
        msg = (
            f"{self.account.name}: get {names} from the network's own pages and put them into .env"
            if names
            else (f"{self.account.name} needs no secrets")
        )
        raise UserError(msg)


# ── what the settings of every account over HTTP may be ─────────────────────────────────────────────────


def checked_url(account: Account, default: str) -> str:
    """Return the account's base_url, or the network's own, without a slash at the end.

    Raises:
        UserError: it is no plain address, or one that isn't https outside this machine.
    """
    url = account.base_url or default
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise UserError(f"{account.name}: base_url {url} is not the plain address of a server")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise UserError(f"{account.name}: base_url {url} must begin with https://")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_waits(account: Account) -> tuple[float, ...]:
    """Return the account's `timeout`: seconds to connect and to read; empty where it has none.

    Raises:
        UserError: it is neither a number nor two.
    """
    option = account.options.get("timeout", ())
    waits = [option] if isinstance(option, int | float) else option
    if isinstance(waits, list | tuple) and len(waits) <= 2:
        seconds = [wait for wait in waits if isinstance(wait, int | float) and 0 < wait <= 300]
        if len(seconds) == len(waits):
            return tuple(map(float, seconds * 2 if len(seconds) == 1 else seconds))
    raise UserError(f"{account.name}: timeout is seconds to connect and to read, e.g. [5, 30]")
