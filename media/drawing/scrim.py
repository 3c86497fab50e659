"""Whether words can be read on the pixels they lie on, and the veil a photo gets where they couldn't.

Measured is the worst of the ground around each line, not its mean: the veil takes what that needs, and no more.
"""

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from PIL import Image, ImageChops

from media.colour import READABLE, Colour, contrast, luminance, mix
from media.drawing.layout import Box
from media.drawing.place import Spot
from media.errors import LowContrast

_SURE = 0.3  # asked for beyond the standard: the JPEG moves every pixel a little
_PERCENT = 0.5  # of the pixels on either end that don't count: single specks
_STRIDE = 3  # every third pixel of every third row is looked at; odd, to meet both fields of a fine pattern
_STEPS = 24

Grounds = tuple[Colour, Colour]


def extremes(image: Image.Image, spot: Spot) -> Grounds:
    """Return the darkest and the lightest ground around a line, channel by channel."""
    grown, (width, height) = spot.box.grown(round(0.12 * spot.ink.size)), image.size
    box = Box(max(grown.left, 0), max(grown.top, 0), min(grown.right, width), min(grown.bottom, height))
    sampled = (-(-box.width // _STRIDE), -(-box.height // _STRIDE))
    counts = image.resize(sampled, Image.Resampling.NEAREST, box=box).histogram()
    few = sampled[0] * sampled[1] * _PERCENT / 100
    low, high = zip(*(_ends(counts[at * 256 : at * 256 + 256], few) for at in range(3)), strict=True)
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _ends(counts: list[int], few: float) -> tuple[int, int]:
    """Return the values with at most `few` counts below the one and above the other."""
    sums = list(accumulate(counts))
    high = bisect_left(sums, sums[-1] - few)
    return min(bisect_right(sums, few), high), high


def require(image: Image.Image, spots: Sequence[Spot], theme: str) -> None:
    """Make sure that each line can be read on `image`, its ground.

    Raises:
        LowContrast: one can't; the message names it.
    """
    for spot in spots:
        ratio = min(contrast(spot.colour, ground) for ground in extremes(image, spot))
        if ratio < READABLE:
            raise LowContrast(
                f"theme {theme}: the {spot.what} has a contrast of {ratio:.1f} on what lies under it, "
                f"{READABLE} is the least: choose a lighter or a darker colour"
            )


def strength(image: Image.Image, spots: Sequence[Spot], fill: Colour) -> float:
    """Return how much of `fill` (0 to 1) the photo needs under the words."""
    grounds: dict[Colour, list[Colour]] = {}
    for spot in spots:
        grounds.setdefault(spot.colour, []).extend(extremes(image, spot))
    ends = {ink: (min(found, key=luminance), max(found, key=luminance)) for ink, found in grounds.items()}
    needs = [(ink, ground) for ink, found in ends.items() for ground in found]
    least, most = 0, _STEPS
    while least < most:
        share = (least + most) // 2
        if all(contrast(ink, mix(ground, fill, share / _STEPS)) >= READABLE + _SURE for ink, ground in needs):
            most = share
        else:
            least = share + 1
    return least / _STEPS


@dataclass(frozen=True, kw_only=True)
class Veil:
    """A colour laid over a photo under words, fading to nothing around them.

    Attributes:
        words: where it is whole; at an edge of the picture it goes on to that edge.
        fades: over how many pixels it fades, across and down.
        fill: its colour.
        share: how much of it, 0 to 1.
    """

    words: Box
    fades: tuple[int, int]
    fill: Colour
    share: float

    def lay(self, image: Image.Image) -> None:
        """Paint the veil into `image`."""
        (width, height), words, (across, down) = image.size, self.words, self.fades
        dark = [round(value + (channel - value) * self.share) for channel in self.fill for value in range(256)]
        areas = [Box(words.left - across, words.top - down, words.right + across, words.bottom + down)]
        if words.left <= 0 and words.right >= width:
            areas = [Box(0, words.top - down, width, words.top), Box(0, words.bottom, width, words.bottom + down)]
            image.paste(image.crop(words).point(dark), (words.left, words.top))
        for area in areas:
            strip = Box(max(area.left, 0), max(area.top, 0), min(area.right, width), min(area.bottom, height))
            if strip.width > 0 and strip.height > 0:
                part = image.crop(strip)
                mask = _mask((strip.width, strip.height), _within(strip, words), self.fades)
                image.paste(Image.composite(part.point(dark), part, mask), (strip.left, strip.top))


def _within(strip: Box, words: Box) -> Box:
    """Return where `words` lie, counted from the strip's corner."""
    left, top = strip.left, strip.top
    return Box(words.left - left, words.top - top, words.right - left, words.bottom - top)


def _mask(size: tuple[int, int], words: Box, fades: tuple[int, int]) -> Image.Image:
    """Return how much of the veil each pixel of a strip gets (mode L): all of it where the words are."""
    column = Image.frombytes("L", (1, size[1]), _ramp(size[1], words.top, words.bottom, fades[1]))
    across = _ramp(size[0], words.left, words.right, fades[0])
    if min(across) == 255:
        return column.resize(size, Image.Resampling.NEAREST)
    row = Image.frombytes("L", (size[0], 1), across)
    return ImageChops.multiply(*(part.resize(size, Image.Resampling.NEAREST) for part in (column, row)))


def _ramp(length: int, start: int, end: int, fade: int) -> bytes:
    """Return 255 between `start` and `end`, and less beyond, without a corner."""
    before, after = max(start, 0), max(length - end, 0)
    fall = _fall(fade)
    rise = fall[:before][::-1].rjust(before, b"\0")
    return rise + b"\xff" * (length - before - after) + fall[:after].ljust(after, b"\0")


@functools.lru_cache(maxsize=16)
def _fall(fade: int) -> bytes:
    """Return the values from a little under 255 to 0 over `fade` pixels."""
    shares = (1 - distance / fade for distance in range(1, fade + 1))
    return bytes(round(255 * share * share * (3 - 2 * share)) for share in shares)
