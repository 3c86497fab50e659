"""What is to go out: planned, frozen to the byte, handed over, and the network's word for it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from scheduler.model.written import Lateness, Place

WARNING_SIGN = "⚠"
"""Stands before the words of a warning, at the top of the text, on networks that have no field for them."""


@dataclass(frozen=True, kw_only=True)
class CardContent:
    """Everything a card says, in words; `media` turns it into a picture."""

    message: str
    language: str
    theme: str
    label: str = ""  # the phase line, e.g. "Final push · 3 days left"
    days_left: int | None = None
    hashtags: tuple[str, ...] = ()
    brand: str = ""
    logo: str | None = None
    photo: str | None = None
    photo_sha256: str = ""
    link: str = ""  # shown as a QR code
    alt: str = ""  # what is to be seen in the photo, where somebody has said it


@dataclass(frozen=True, kw_only=True)
class FileContent:
    """A picture or video by file, with its alt text in the account's language."""

    file: str  # relative to the workspace
    alt: str
    sha256: str = ""  # of its bytes: an approval of the post is one of the picture too


@dataclass(frozen=True, kw_only=True)
class Content:
    """What one delivery says and shows, before anything is rendered. Plain data: it is stored as JSON."""

    text: str
    language: str
    card: CardContent | None = None
    images: tuple[FileContent, ...] = ()
    video: FileContent | None = None
    thread: tuple[str, ...] = ()  # the parts after the first, each an answer to the one before
    warning: str = ""  # what readers are warned of before they see it, where the network has a field for that
    link: str = ""  # shown as a link card, where the network doesn't make one by itself
    title: str = ""  # of that card

    @property
    def parts(self) -> tuple[str, ...]:
        """The texts that go out one after the other."""
        return self.text, *self.thread

    @property
    def has_media(self) -> bool:
        """Whether it shows anything."""
        return bool(self.card or self.images or self.video)

    @property
    def whole(self) -> str:
        """All that readers are told, for people who look it over: the warning, and the text with all its parts."""
        warned = f"{WARNING_SIGN} {self.warning}" if self.warning else ""
        said = () if self.text.startswith(warned) else (warned,)
        return "\n\n".join((*said, *self.parts))


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One post, at one time, on one account: what the plan wants the queue to hold."""

    key: str  # ACTION/POST[/OCCURRENCE]@ACCOUNT
    action: str
    post: str
    account: str
    platform: str
    due_at: datetime
    content: Content
    late: Lateness
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    needs_release: bool = False
    needs_approval: bool = False
    place: Place | None = None
    submission_id: int | None = None  # of the submission that it shows
    consent_id: int | None = None  # that it goes by


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A picture or video ready to be uploaded: a file of `size` bytes under the workspace."""

    path: Path = field(compare=False)  # on the machine that rendered it
    mime: str
    width: int
    height: int
    size: int
    sha256: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A delivery frozen for its network: what is handed over, to the byte."""

    key: str
    account: str
    language: str
    text: str
    token: str  # idempotency key, the same for every attempt at this delivery
    due_at: datetime
    media: tuple[Medium, ...] = ()
    action: str = ""
    warning: str = ""
    link: str = ""
    title: str = ""
    rest: tuple[str, ...] = ()  # the texts of the parts after this one
    part: int = 1  # which part of a thread this is
    before: tuple["Receipt", ...] = ()  # of the parts that are out already, in their order

    def following(self, receipt: "Receipt") -> "Outgoing":
        """Return the next part of the thread, once this one is out: an answer to it, without pictures."""
        return replace(
            self,
            text=self.rest[0],
            rest=self.rest[1:],
            part=self.part + 1,
            before=(*self.before, receipt),
            token=hashlib.sha256(f"{self.token} {self.part + 1}".encode()).hexdigest()[:32],
            media=(),
            link="",
            title="",
        )


@dataclass(frozen=True)
class Staged:
    """What the network gave us ahead of the visible call (media ids, a baseline): plain JSON values.

    With `again_at` it isn't ready yet: it is stored as it is, and `stage` gets it back then to go on.
    """

    ids: Mapping[str, object] = field(default_factory=dict)
    again_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The network's word that a post is out. `ids`: what else it takes to answer it or to take it down."""

    remote_id: str
    url: str | None
    published_at: datetime
    ids: Mapping[str, str] = field(default_factory=dict)
