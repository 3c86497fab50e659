"""What the proof sheet is given: one `Shown` a delivery, plain data from the store and the composed post."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ShownMedium:
    """A picture or video of a delivery. `path` is absolute; width and height are pixels."""

    path: Path
    alt: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class ShownPart:
    """A part of a thread after the first. `length` as the network counts it."""

    text: str
    length: int


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One delivery as the page shows it. Times are aware UTC."""

    key: str  # ACTION/POST[/OCCURRENCE]@ACCOUNT
    action: str
    action_title: str
    post: str
    account: str
    platform: str
    language: str
    status: str  # a value of status.Status
    due_at: datetime
    published_at: datetime | None
    reason: str  # in words; "" when published
    text: str
    length: int  # as the network counts it
    limit: int
    media: tuple[ShownMedium, ...]
    thread: tuple[ShownPart, ...] = ()
    warning: str = ""  # what readers are warned of before they see it
    link: str = ""  # of a link card
    link_title: str = ""
    phase: str = ""
    source: str = ""  # e.g. posts/syria-not-safe.yaml:12

    @property
    def at(self) -> datetime:
        """The moment the page files it under: when it went out, else when it was due."""
        return self.published_at or self.due_at
