"""What a stand-in for Facebook keeps: Pages and the people behind them, photos, films and posts."""

import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import av
from PIL import Image

from scheduler.standins.graph import Refused, User, error

PHOTO_BYTES = 4_000_000
FILM_BYTES = 1_000_000_000
FILM_SECONDS = 1200


@dataclass(frozen=True, kw_only=True)
class Page(User):
    """A Page and the token that speaks for it."""

    tasks: tuple[str, ...] = ("ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE")


@dataclass(frozen=True, kw_only=True)
class Person(User):
    """Somebody with access to Pages."""

    pages: tuple[Page, ...] = ()


@dataclass
class Photo:
    """A picture; without a `story` nobody sees it."""

    id: str
    owner: str
    data: bytes
    alt: str
    at: float
    story: str = ""
    held: str = ""  # the post that will show it

    def plain(self) -> dict[str, str]:
        """Return it as the tests want it."""
        return {"sha256": hashlib.sha256(self.data).hexdigest(), "alt": self.alt}

    def shown(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        facts = {"id": self.id, "alt_text_custom": self.alt, "created_time": moment(self.at)}
        return {**facts, "page_story_id": self.story} if self.story else facts


@dataclass
class Film:
    """A video; it can be published once it has been processed."""

    id: str
    owner: str
    data: bytes
    description: str
    at: float
    ready_at: float
    broken: bool = False
    published: bool = False

    def status(self, now: float) -> str:
        """Return how far its processing is."""
        done = "error" if self.broken else "ready"
        return done if now >= self.ready_at else "processing"

    def shown(self, now: float) -> dict[str, Any]:
        """Return it as the API shows it."""
        facts = {"id": self.id, "description": self.description, "created_time": moment(self.at)}
        return {**facts, "published": self.published, "status": {"video_status": self.status(now)}}


@dataclass
class Post:
    """A post; nobody sees it before it is published."""

    id: str
    owner: str
    user: str
    message: str
    at: float
    link: str = ""
    photos: list[Photo] = field(default_factory=list)
    film: Film | None = None
    published: bool = True

    def plain(self) -> dict[str, Any]:
        """Return it as the tests want it: what the public would see, and when."""
        media = [photo.plain() for photo in self.photos]
        if self.film:
            media = [{"sha256": hashlib.sha256(self.film.data).hexdigest(), "alt": ""}]
        name = self.film.id if self.film else self.id
        facts = {"id": name, "user": self.user, "text": self.message, "at": self.at, "media": media}
        return {**facts, "link": self.link, "reply_to": None}

    def shown(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        facts = {"id": self.id, "created_time": moment(self.at), "is_published": self.published}
        more = {"permalink_url": f"https://www.facebook.com/{self.id}"}
        return {**facts, **more, **({"message": self.message} if self.message else {})}


def moment(at: float) -> str:
    """Return a moment in Facebook's writing: whole seconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return sum(2 if ord(letter) > 0xFFFF else 1 for letter in text)


def check_photo(data: bytes) -> None:
    """Open a picture, as whoever shows it must.

    Raises:
        Refused: it is too large, or none.
    """
    if len(data) > PHOTO_BYTES:
        message = "Your photos couldn't be uploaded. Photos should be smaller than 4 MB"
        raise Refused(error(400, 100, message, 1366046))
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "BMP", "TIFF")) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        raise Refused(error(400, 324, "Missing or invalid image file", 2069019)) from None


def check_film(data: bytes) -> bool:
    """Open a film; tell whether it can be processed.

    Raises:
        Refused: it is too large, or too long.
    """
    if len(data) > FILM_BYTES:
        raise Refused(error(413, 352, "The video file you selected is too large"))
    try:
        with av.open(io.BytesIO(data), "r", format="mp4") as container:
            kinds = {stream.codec_context.name for stream in container.streams.video}
            seconds = float(container.duration or 0) / av.time_base
    except (av.FFmpegError, OSError, ValueError):
        return False
    if seconds > FILM_SECONDS:
        raise Refused(error(400, 352, "The video is too long"))
    return kinds == {"h264"}
