"""A short film of a card: it shows itself whole, then its lines fade in one after the other, and it stands."""

import math
from collections.abc import Iterator
from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image

from media.card import alt
from media.card import render as still
from media.drawing import canvas
from media.drawing.arrange import Arranged, arrange
from media.film.encode import CLOCK, Writer, within_bounds
from media.film.picture import frame_of
from media.film.verify import verify
from media.order import Card, Rendered

MIME = "video/mp4"
SHORTEST, LONGEST = 6.0, 15.0  # seconds
_RATE = 30
_WORDS_A_SECOND = 2.5  # 150 a minute: a slow reader, or a second language
_SQUARE_SCRIPT = 0x2E80  # from here on a character of Chinese or the like says as much as half a word
_WHOLE = 0.7  # seconds for which the whole card stands first: networks take the first picture for the thumbnail
_AWAY = 0.7  # seconds in which it fades to its ground, once
_FADE = 0.7  # seconds a part takes to come: nothing flashes
_REVEALED = 0.48  # of the film, at most, things change; the rest of the time the whole card stands
_CRF = 18  # letters and dark grounds show every flaw


def render(
    card: Card, *, size: tuple[int, int] = (1080, 1080), seconds: float | None = None, max_bytes: int = 10_000_000
) -> Rendered:
    """Make a film of the card: MP4, H.264, 30 pictures a second, without a sound track.

    It is silent on purpose: people read it in a feed, and no network's rules we have read (2026-11) ask for sound.
    The whole card is there first, for a thumbnail, and fades away; lines of the message come one after the other, then
    hashtags and brand; the whole card stands for more than half of the time. Nothing moves or flashes (WCAG 2.3.1).

    Args:
        card: what it says.
        size: width and height in pixels; odd ones gain a pixel, as video has even sides.
        seconds: its length, 6 to 15 (the nearer end is taken); without it as long as people need to read it.
        max_bytes: how large it may be.

    Raises:
        MediaError: as `media.card.render` does.
    """
    size = _even(size)
    length = min(max(seconds if seconds is not None else reading(card), SHORTEST), LONGEST)
    pictures = round(length * _RATE)
    parts = _parts(arrange(card, size))

    def write(bounded: bool) -> bytes:  # noqa: FBT001
        writer = Writer(
            size,
            rate=Fraction(_RATE),
            seconds=length,
            max_bytes=max_bytes,
            sound=False,
            bounded=bounded,
            crf=_CRF,
            preset="medium",
        )
        for number, frame in enumerate(_frames(parts, length, pictures)):
            writer.picture(frame, number * CLOCK // _RATE)
        return writer.finish()

    data = within_bounds(write)
    verify(data)
    return Rendered(data=data, mime=MIME, width=size[0], height=size[1], alt=alt(card))


def poster(card: Card, *, size: tuple[int, int] = (1080, 1080), max_bytes: int = 5_000_000) -> Rendered:
    """Return the still that stands for the film until it plays: the whole card. Raises as `media.card.render`."""
    return still(card, size=_even(size), max_bytes=max_bytes)


def reading(card: Card) -> float:
    """Return how many seconds people need for the card, 6 to 15."""
    square = sum(ord(letter) >= _SQUARE_SCRIPT for letter in card.message)
    words = max(len(card.message.split()), (len(card.message) - square) / 6) + square / 2 + len(card.hashtags)
    needed = words / _WORDS_A_SECOND / (1 - _REVEALED / 2) + 2
    return min(max(math.ceil(needed * 2) / 2, SHORTEST), LONGEST)


def _even(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def _parts(arranged: Arranged) -> list[Image.Image]:
    """Return the card as it grows: without words of the message, with one line, two …, and at last with its foot."""
    lines = len(arranged.message.texts)
    grown = [canvas.compose(arranged, lines=count, foot=False) for count in range(lines + 1)]
    whole = canvas.compose(arranged)
    return [*grown, whole] if whole.tobytes() != grown[-1].tobytes() else grown


def _frames(parts: list[Image.Image], length: float, pictures: int) -> Iterator[VideoFrame]:
    """Yield every picture of the film; those that don't differ from the one before are the same frame."""
    reformatter = VideoReformatter()
    steps = len(parts) - 1
    between = min(1.2, (length * _REVEALED - _AWAY - _FADE) / max(steps - 1, 1))
    fade = min(_FADE, between)  # one after the other
    whole = shown = frame_of(parts[-1], reformatter)
    settled = 0
    for number in range(pictures):
        now = number / _RATE - _WHOLE
        if now <= 0:
            yield whole
            continue
        if now < _AWAY:
            yield frame_of(Image.blend(parts[-1], parts[0], _eased(now / _AWAY)), reformatter)
            continue
        now -= _AWAY
        part = min(max(math.floor(now / between), 0), steps - 1)
        share = min((now - part * between) / fade, 1.0)
        if share < 1:
            shown = frame_of(Image.blend(parts[part], parts[part + 1], _eased(share)), reformatter)
        elif settled <= part:
            shown, settled = frame_of(parts[part + 1], reformatter), part + 1
        yield shown


def _eased(share: float) -> float:
    """Return 0 to 1 for 0 to 1, without a corner at either end."""
    return share * share * (3 - 2 * share)
