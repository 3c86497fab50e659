"""What goes in and what comes out: a card as it is ordered, and a finished picture or film. Plain data."""

from dataclasses import dataclass
from typing import NamedTuple


class Region(NamedTuple):
    """A part of a picture: its edges in parts (0 to 1) of the upright picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything a card says and shows.

    Attributes:
        message: the words; a line break in it is kept.
        language: BCP 47; it decides direction, spacing and the shapes of letters.
        theme: a name from `media.theme.names()`.
        label: the phase line in words, e.g. "Final push · 3 days left".
        days_left: the figure of a countdown; other themes don't show it.
        hashtags: without "#".
        brand: who speaks.
        logo: a picture's bytes, shown small beside the brand.
        photo: a picture's bytes, the background.
        faces: where faces are in the photo; they are neither cropped nor written on. None: they are looked for.
        link: an address shown as a QR code; none is shown where it is empty.
    """

    message: str
    language: str = "en"
    theme: str = "candle"
    label: str = ""
    days_left: int | None = None
    hashtags: tuple[str, ...] = ()
    brand: str = ""
    logo: bytes | None = None
    photo: bytes | None = None
    faces: tuple[Region, ...] | None = None
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A finished picture: its bytes, their MIME type, width and height in pixels, and its alt text."""

    data: bytes
    mime: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A photo or film made anew, safe to hand on.

    Attributes:
        data: its bytes, without metadata.
        mime: `image/jpeg` or `video/mp4`.
        width: in pixels.
        height: in pixels.
        faces: the faces that were seen (in a film: one place for each person followed, all the way the face moved).
        removed: what the file held beside its pixels and sound, in plain English words, e.g. "GPS position".
        seconds: how long a film is; 0 for a photo.
        poster: a film's still, a JPEG; empty for a photo.
    """

    data: bytes
    mime: str
    width: int
    height: int
    faces: tuple[Region, ...] = ()
    removed: tuple[str, ...] = ()
    seconds: float = 0.0
    poster: bytes = b""
