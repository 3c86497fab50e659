"""Words into ink: Pango shapes, orders and draws each line; this module fits them to their box."""

import functools
import itertools
import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

import pyvips
from PIL import Image

from media.errors import TextTooLong
from media.text import fonts, measure, pango, script
from media.text.breaking import Piece, Room, choose

_SHORT = 7.5  # a word narrower than this, in parts of the size, looks forgotten on a line of its own
_AIR = 0.1  # the least white between the ink of two lines, in parts of the size


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a text is set: `font` is `sans` or `serif`, `tracking` in parts of the size."""

    language: str
    font: str = "sans"
    weight: str = "Bold"
    tracking: float = 0.0

    @property
    def rtl(self) -> bool:
        """Whether the text runs from right to left."""
        return script.right_to_left(self.language)


@dataclass(frozen=True)
class Ink:
    """One line set in `size` pixels: its mask (mode L), and how far its ink rises over the baseline."""

    mask: Image.Image
    ascent: int
    size: float
    hang: int = 0  # by how many pixels it should begin before its box

    @property
    def width(self) -> int:
        """Width of the ink in pixels."""
        return self.mask.width

    @property
    def height(self) -> int:
        """Height of the ink in pixels."""
        return self.mask.height

    @property
    def descent(self) -> int:
        """How far the ink reaches under the baseline, in pixels (negative if it ends above)."""
        return self.mask.height - self.ascent


@dataclass(frozen=True)
class Block:
    """A message set in lines; `leading` is the distance of their baselines in pixels."""

    lines: tuple[Ink, ...]
    leading: int
    texts: tuple[str, ...]

    @property
    def width(self) -> int:
        """Width of the widest line's ink in pixels."""
        return max(line.width for line in self.lines)

    @property
    def height(self) -> int:
        """Height from the top of the first line's ink to the bottom of the last's, in pixels."""
        return self.lines[0].ascent + self.leading * (len(self.lines) - 1) + self.lines[-1].descent


@functools.lru_cache(maxsize=64)  # of some 50 KB each: a film or a countdown sets the same lines again and again
def _draw(text: str, style: Style, size: float) -> tuple[bytes, int, int, int, int]:
    """Return the mask's bytes, its width and height, and the ink's distance from the line's start and top."""
    chain = _chain(text, style)
    pango.start(chain)
    mark = "\u200f" if style.rtl else "\u200e"  # the paragraph's direction, whatever its first letter
    words = escape(mark + script.level(script.isolate_tags(fonts.presented(text, chain))))
    tracking = f' letter_spacing="{round(style.tracking * size * 1024)}"' if style.tracking else ""
    image = pyvips.Image.text(
        f'<span lang="{escape(style.language or "und", {chr(34): ""})}"{tracking}>{words}</span>',
        font=f"{chain.families} {style.weight} {size:g}",
        dpi=72,
        wrap="none",
    )
    width, height = image.width, image.height
    # A region's pixels are at hand; writing the image out would start a pool of threads for them.
    data = bytes(pyvips.Region.new(image).fetch(0, 0, width, height))
    return data, width, height, image.xoffset, image.yoffset


def _chain(text: str, style: Style) -> fonts.Chain:
    return fonts.chain(text, style.language, serif=style.font == "serif")


def line(text: str, style: Style, size: float) -> Ink:
    """Set `text` as one line, `size` in pixels."""
    try:
        data, width, height, left, top = _draw(text, style, size)
    except pyvips.Error:  # nothing to draw: joiners or marks alone
        return Ink(Image.new("L", (1, 1)), 0, size)
    baseline = math.ceil(fonts.ascent(text, _chain(text, style)) * size - 0.01)  # Pango rounds up
    # The hook of a J begins before the line does: let it hang, so that its stem stands under the others.
    hang = round(0.09 * size) - left if left < -0.03 * size and not style.rtl else 0
    return Ink(Image.frombytes("L", (width, height), data), baseline - top, size, hang)


def line_to_fit(text: str, style: Style, width: int, sizes: tuple[float, float], what: str) -> Ink:
    """Set `text` as one line no wider than `width`, in a size between the two of `sizes`, all in pixels.

    Raises:
        TextTooLong: it is wider at the smallest size; `what` names it in the message.
    """
    smallest, largest = sizes
    size = largest
    ink = line(text, style, size)
    while ink.width > width and size > smallest:
        # Letters stand on whole pixels, so a line doesn't shrink quite as its size does: a step more may be needed.
        size = max(min(size * width / ink.width * 0.995, size * 0.98), smallest)
        ink = line(text, style, size)
    if ink.width > width:
        raise TextTooLong(f"the {what} “{text}” is too long for one line at a size people can read: shorten it")
    return ink


def _measured(text: str, style: Style) -> tuple[list[Piece], float, float]:
    """Return the pieces of `text`, and the highest and deepest ink among them, in parts of the size."""
    found: list[Piece] = []
    high, deep = 0.5, 0.0
    for row in text.split("\n"):
        parts = script.pieces(row)
        for at, (part, spaced) in enumerate(parts):
            size = _extent(part, style)
            ends = at == len(parts) - 1
            free = not spaced and not ends and script.may_end(part, parts[at + 1][0])
            # A long word on a line of its own looks meant; a short one looks forgotten.
            found.append(Piece(part, size.width, spaced, ends, size.width < _SHORT, free))
            high, deep = max(high, size.high), max(deep, size.deep)
    return found, high, deep


def _extent(text: str, style: Style) -> measure.Extent:
    return measure.extent(text, style.language, measure.WEIGHTS[style.weight], serif=style.font == "serif")


def _set(texts: list[str], style: Style, size: float, leading: float) -> Block:
    lines = tuple(line(text, style, size) for text in script.carried(texts, style.language))
    pairs = itertools.pairwise(lines)
    needed = max((above.descent + below.ascent + _AIR * size for above, below in pairs), default=0.0)
    return Block(lines, round(max(leading * size, needed)), tuple(texts))


def fit(text: str, style: Style, box: tuple[int, int], *, largest: float, smallest: float, leading: float) -> Block:
    """Set tidy `text` in lines, as large as `box` (width and height in pixels) and good breaks allow.

    Raises:
        TextTooLong: it doesn't fit at the smallest size.
    """
    found, high, deep = _measured(text, style)
    room = Room(box[0], box[1], high, deep, max(leading, high + deep + _AIR), _extent(" ", style).width)
    chosen = choose(found, room, smallest, largest)
    if chosen:
        size, texts = chosen
        block = _set(texts, style, size, leading)
        # Widths were added up from words; the real line may differ by a hair.
        over = max(block.width / box[0], block.height / box[1])
        if over > 1 and size / over > smallest * 0.97:
            block = _set(texts, style, size / over * 0.995, leading)
        if over <= 1 or size / over > smallest * 0.97:
            return block
    raise TextTooLong(
        f"the message “{text[:40]}…” doesn't fit on the card at a size people can read: "
        f"it has {len(text)} characters, 120 in short words are a good limit"
    )
