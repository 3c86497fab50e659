"""How wide and tall words are, asked of HarfBuzz: a hundredth of the time that drawing them takes.

Lines are broken by these figures; Pango, with the same HarfBuzz inside, then draws the lines.
"""

import functools
from typing import NamedTuple

import uharfbuzz as hb  # type: ignore[import-untyped]

from media.text import fonts

WEIGHTS = {"Regular": 400, "Medium": 500, "Semi-Bold": 600, "Bold": 700}


class Extent(NamedTuple):
    """A word's advance, and how far its ink reaches over and under the baseline, in parts of the font size."""

    width: float
    high: float
    deep: float


@functools.lru_cache(maxsize=16384)
def extent(text: str, language: str, weight: int, *, serif: bool = False) -> Extent:
    """Return the extent of `text`, one word or a part of it, in `weight` (400 to 700)."""
    width, high, deep = 0.0, 0.0, 0.0
    for face, part in fonts.runs(text, fonts.chain(text, language, serif=serif)):
        font = fonts.scaled(face, weight)
        buffer = hb.Buffer()
        buffer.add_str(part)
        buffer.guess_segment_properties()
        buffer.language = language or "und"
        hb.shape(font, buffer)
        em = font.face.upem
        for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            width += place.x_advance / em
            ink = font.get_glyph_extents(glyph.codepoint)
            if ink is not None and ink.height:
                top = place.y_offset + ink.y_bearing
                high, deep = max(high, top / em), max(deep, -(top + ink.height) / em)
    return Extent(width, high, deep)
