"""What goes in and what comes out: a card as it is ordered, and a finished picture. Plain data."""

from dataclasses import dataclass


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


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A finished picture: its bytes, their MIME type, width and height in pixels, and its alt text."""

    data: bytes
    mime: str
    width: int
    height: int
    alt: str
