"""Solidarity cards: what a card says, its alt text, and the picture made of it.

Importing this is cheap: Pillow, Pango and the fonts are loaded when the first card is made.
"""

from media import words
from media.order import Card, Rendered

__all__ = ["MIME", "MOST_ALT", "Card", "Rendered", "alt", "check", "render"]

MIME = "image/jpeg"
MOST_ALT = 1000  # X allows 1,000 characters, Instagram 1,000, Mastodon 1,500, Bluesky 2,000 (September 2025)


def alt(card: Card) -> str:
    """Return what the card says for those who can't see it, in its language: 1 to 1,000 characters."""
    message, tags, brand, photo = words.lead(card.language)
    parts = [message.format(" ".join(card.message.split()))]
    parts += [card.label] if card.label else []
    parts += [tags.format(" ".join(f"#{tag.lstrip('#')}" for tag in card.hashtags))] if card.hashtags else []
    parts += [brand.format(card.brand)] if card.brand else []
    parts += [photo] if card.photo and photo else []
    parts += [f"QR: {card.link}"] if card.link else []
    text = words.sentences(parts, card.language)
    if len(text) > MOST_ALT:
        text = text[: MOST_ALT - 1].rstrip() + "…"
    return text or card.theme or "card"


def check(card: Card, *, size: tuple[int, int] = (1200, 675)) -> None:
    """Make sure that `card` can be made, without making it (some 10 to 25 ms).

    Raises:
        MediaError: as `render` does, and as quickly as a photo can be opened.
    """
    from media.drawing import arrange  # noqa: PLC0415  # Pillow, Pango and the fonts, only for who needs them

    arrange.arrange(card, size)


def render(card: Card, *, size: tuple[int, int] = (1200, 675), max_bytes: int = 5_000_000) -> Rendered:
    """Make the picture: a JPEG of `size` (width and height in pixels), the same bytes for the same card.

    Raises:
        UnknownTheme: there is no theme of that name.
        NoMessage: the message is empty.
        MissingGlyphs: no font at hand can set a character.
        TextTooLong: message, label, hashtags or brand don't fit at a size people can read.
        BadPicture: logo or photo can't be used.
        TooManyBytes: it can't be made as small as `max_bytes`.
    """
    from media import jpeg  # noqa: PLC0415
    from media.drawing import arrange, canvas  # noqa: PLC0415

    data = jpeg.encode(canvas.compose(arrange.arrange(card, size)), max_bytes)
    return Rendered(data=data, mime=MIME, width=size[0], height=size[1], alt=alt(card))
