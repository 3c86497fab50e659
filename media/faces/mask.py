"""What is put over a face or a place: a box with round corners and a thin rim, or exactly the box that was asked for.

Nothing of the picture inside a box is left, and nothing outside depends on what was inside: first every box is filled,
then rims and corners are drawn over constant colours and what lies around.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from media.order import Region

INK = (18, 18, 28)
RIM = (250, 246, 236)
Box = tuple[int, int, int, int]
# What is covered beyond a found region, in parts of its size: ears, hair, chin. The detector's box is brow to chin.
_BESIDE, _ABOVE, _BELOW = 0.2, 0.35, 0.15
_ROUND, _THIN = 0.2, 0.022  # of a mask's shorter side
_NOISE = 1e-6  # pixels: 7 % of 100 are 7.000000000000001


class Shape(NamedTuple):
    """A box with round corners, in pixels; it may reach over the picture's edges."""

    left: int
    top: int
    right: int
    bottom: int
    radius: int


def with_margin(region: Region) -> Region:
    """Return a found face's region with the margin for ears, hair and chin, within the picture."""
    left, top, right, bottom = _wider(region)
    return Region(max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0))


def padded(region: Region, width: int, height: int) -> Box:
    """Return the box in pixels that `cover` fills for a found face, margin included; it may reach over the edges."""
    return outwards(_wider(region), width, height)


def outwards(region: Region, width: int, height: int) -> Box:
    """Return a region as the box of whole pixels that holds it."""
    left, top = math.floor(region.left * width + _NOISE), math.floor(region.top * height + _NOISE)
    return left, top, math.ceil(region.right * width - _NOISE), math.ceil(region.bottom * height - _NOISE)


def _wider(region: Region) -> Region:
    wide, high = region.right - region.left, region.bottom - region.top
    return Region(
        region.left - _BESIDE * wide,
        region.top - _ABOVE * high,
        region.right + _BESIDE * wide,
        region.bottom + _BELOW * high,
    )


def shapes(box: Box) -> tuple[Shape, Shape]:
    """Return the rim's shape and the ink's for a padded box, whose corners lie inside both."""
    left, top, right, bottom = box
    shorter = min(right - left, bottom - top)
    radius = math.ceil(_ROUND * shorter)
    out = math.ceil(radius * (1 - math.sqrt(0.5))) + 1
    rim = out + max(round(_THIN * shorter), 2)
    return (
        Shape(left - rim, top - rim, right + rim, bottom + rim, radius + rim - out),
        Shape(left - out, top - out, right + out, bottom + out, radius),
    )


def in_order(boxes: Sequence[Box]) -> list[Box]:
    """Return boxes in the order in which they are drawn: who stands lower stands in front."""
    return sorted(boxes, key=lambda box: (box[3], box[2], box[1], box[0]))


def cover(image: Image.Image, regions: Sequence[Region], exact: Sequence[Region] = ()) -> Image.Image:
    """Return a new RGB picture in which faces and places are covered, so that nothing of them is left in the pixels.

    Args:
        image: the picture.
        regions: found faces; each gets a margin for hair, ears and chin, round corners outside of it, and a thin RIM,
            by which people in front of each other can still be counted.
        exact: places that a person chose; each is INK to its edges, rounded outwards to whole pixels, and no more.
    """
    covered = Image.new("RGB", image.size)
    covered.paste(image.convert("RGB"))
    boxes = in_order([padded(region, *image.size) for region in regions])
    places = [outwards(region, *image.size) for region in exact]
    for box in (*boxes, *places):
        covered.paste(INK, box)
    for box in boxes:
        for shape, colour in zip(shapes(box), (RIM, INK), strict=True):
            _draw(covered, shape, colour)
    for place in places:
        covered.paste(INK, place)
    return covered


def _draw(sheet: Image.Image, shape: Shape, colour: tuple[int, int, int]) -> None:
    left, top, right, bottom, radius = shape
    sheet.paste(colour, (left + radius, top, right - radius, bottom))
    sheet.paste(colour, (left, top + radius, right, bottom - radius))
    quarter = _quarter(radius)
    mirrored = quarter.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for corner, down in (
        (quarter, top),
        (quarter.transpose(Image.Transpose.FLIP_TOP_BOTTOM), bottom - radius),
    ):
        sheet.paste(colour, (left, down, left + radius, down + radius), corner)
    for corner, down in (
        (mirrored, top),
        (mirrored.transpose(Image.Transpose.FLIP_TOP_BOTTOM), bottom - radius),
    ):
        sheet.paste(colour, (right - radius, down, right, down + radius), corner)


@functools.lru_cache(maxsize=32)
def _quarter(radius: int) -> Image.Image:
    """Return a smooth quarter of a disc, the picture's top left corner left out; shared, so don't paint on it."""
    times = 4
    large = Image.new("L", (times * radius, times * radius))
    ImageDraw.Draw(large).ellipse((0, 0, 2 * times * radius - 1, 2 * times * radius - 1), fill=255)
    return large.reduce(times)
