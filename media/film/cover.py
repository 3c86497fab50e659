"""What is covered in a film's pictures: constant bytes written over brightness and colour, before anything is encoded.

A place that a person chose is filled twice: in the decoded picture, before it is scaled, so that nothing of it is mixed
into what lies beside it; and in the finished one, to the pixel. A face's mask has a margin and is drawn once.
"""

import functools
import math
from collections.abc import Sequence

from av.video.frame import VideoFrame

from media.errors import NotAVideo
from media.faces import mask
from media.order import Region

Yuv = tuple[int, int, int]


def _yuv(colour: tuple[int, int, int]) -> Yuv:
    """Return a colour as BT.709 of limited range (ITU-R BT.709-6, 3.4)."""
    red, green, blue = (part / 255 for part in colour)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + 219 * light),
        round(128 + 224 * (blue - light) / 1.8556),
        round(128 + 224 * (red - light) / 1.5748),
    )


_INK, _RIM = _yuv(mask.INK), _yuv(mask.RIM)


def hide(frame: VideoFrame, found: Sequence[Region], exact: Sequence[Region]) -> None:
    """Cover found faces and chosen places of an upright picture (yuv420p), as `media.faces.cover` does in a photo."""
    if not found and not exact:
        return
    frame.make_writable()  # the decoder may still need its own
    boxes = mask.in_order([mask.padded(region, frame.width, frame.height) for region in found])
    places = [mask.outwards(region, frame.width, frame.height) for region in exact]
    for number in range(3):
        plane = _Plane(frame, number)
        for box in (*boxes, *places):
            plane.draw(mask.Shape(*box, 0), _INK[number])
        for box in boxes:
            for shape, colour in zip(mask.shapes(box), (_RIM, _INK), strict=True):
                plane.draw(shape, colour[number])
        for place in places:
            plane.draw(mask.Shape(*place, 0), _INK[number])


class _Plane:
    """The brightness of a picture, or one of its two colours, which have a byte for four pixels."""

    def __init__(self, frame: VideoFrame, number: int) -> None:
        plane = frame.planes[number]
        self._part = 2 if number else 1
        self._bytes = memoryview(plane).cast("B")
        self._step, self._width, self._height = plane.line_size, plane.width, plane.height

    def draw(self, shape: mask.Shape, value: int) -> None:
        """Fill a shape, row by row, with one value; its edges go outwards to whole bytes."""
        left, top, right, bottom = shape.left // self._part, shape.top // self._part, 0, 0
        right, bottom = -(-shape.right // self._part), -(-shape.bottom // self._part)
        insets = _insets(-(-shape.radius // self._part))
        colour = bytes([value]) * self._width
        for row in range(max(top, 0), min(bottom, self._height)):
            corner = min(row - top, bottom - 1 - row)
            inset = insets[corner] if corner < len(insets) else 0
            start, end = max(left + inset, 0), min(right - inset, self._width)
            if start < end:
                at = row * self._step
                self._bytes[at + start : at + end] = colour[: end - start]


@functools.lru_cache(maxsize=64)
def _insets(radius: int) -> tuple[int, ...]:
    """Return how far a round corner stands back in each of its rows, from the outermost inwards."""
    return tuple(math.floor(radius - math.sqrt(radius**2 - (radius - row - 0.5) ** 2)) for row in range(radius))


def fill(frame: VideoFrame, places: Sequence[Region]) -> None:
    """Make places of a decoded picture, of any form our decoders give, one colour. Places are as the pixels lie.

    Raises:
        NotAVideo: the picture's bytes are laid out in a way we don't know.
    """
    if not places:
        return
    parts = frame.format.components
    if len(parts) != len(frame.planes) or any(part.bits > 8 and "le" not in frame.format.name for part in parts):
        raise NotAVideo("the film's pictures are coded in a form in which nothing can be covered: save it as an MP4")
    frame.make_writable()
    boxes = [mask.outwards(place, frame.width, frame.height) for place in places]
    for number, (part, plane) in enumerate(zip(parts, frame.planes, strict=True)):
        size = 2 if part.bits > 8 else 1
        value = (1 << part.bits - 1 if number else (1 << part.bits) // 9).to_bytes(size, "little")
        data = memoryview(plane).cast("B")
        across, down = -(-frame.width // plane.width), -(-frame.height // plane.height)
        for left, top, right, bottom in boxes:
            start, end = max(left // across, 0), min(-(-right // across), plane.width)
            piece = value * max(end - start, 0)
            for row in range(max(top // down, 0), min(-(-bottom // down), plane.height)):
                at = row * plane.line_size + start * size
                data[at : at + len(piece)] = piece
