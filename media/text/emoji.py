"""Emoji put together from several code points: flags, keycaps, skin tones, families.

Cards set them as line drawings in the colour of the text, as one sign or not at all.
"""

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uharfbuzz as hb  # type: ignore[import-untyped]

_LETTER = "[\U0001f1e6-\U0001f1ff]"  # of a flag
_BASE = "[\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
_TONES = "(?:\ufe0f|[\U0001f3fb-\U0001f3ff])"
_TAGS = "[\U000e0020-\U000e007f]"  # of the flags of England, Scotland and Wales
_PART = f"(?:{_BASE}{_TONES}*{_TAGS}*)"
# Drawn as pictures even if nothing asks for it (Emoji_Presentation of Unicode 16, those among the older signs).
_OLD = "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈-♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕"  # noqa: RUF001

# One picture as a person sees it. A sign that may be a letter as well is any other character's business.
PATTERN = re.compile(
    f"{_LETTER}{_LETTER}?|[0-9#*]\ufe0f?\u20e3|{_PART}(?:\u200d{_PART})+|{_BASE}{_TONES}+{_TAGS}*|{_BASE}{_TAGS}+|[{_OLD}]"
)
_SINGLE = re.compile(f"{_BASE}(?![\ufe0e\ufe0f])")
_NOBODY = "\U0001f1fd\U0001f1fd"  # the letters XX, a flag that no land has


def marked(part: str) -> str:
    """Return `part`, signs that an emoji font will set, with each asking for that itself."""
    return "".join(
        _SINGLE.sub(lambda sign: sign[0] + "\ufe0f", bit) if not PATTERN.fullmatch(bit) else bit for bit in _bits(part)
    )


def _bits(part: str) -> list[str]:
    found, at = [], 0
    for sequence in PATTERN.finditer(part):
        found += [part[at : sequence.start()], sequence[0]]
        at = sequence.end()
    return [*found, part[at:]]


def _visible(sequence: str, font: "hb.Font") -> list[int]:
    import uharfbuzz as hb  # noqa: PLC0415  # only who sets a text needs it

    buffer = hb.Buffer()
    buffer.add_str(sequence)
    buffer.guess_segment_properties()
    hb.shape(font, buffer)
    pairs = zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
    return [info.codepoint for info, position in pairs if position.x_advance]


@functools.lru_cache(maxsize=1024)
def whole(sequence: str, font: "hb.Font") -> bool:
    """Tell whether `font` draws `sequence` as one sign: not as its parts, nor as an empty box or an unknown flag."""
    glyphs = _visible(sequence, font)
    if len(glyphs) != 1 or not glyphs[0] or re.fullmatch(_LETTER, sequence):
        return False
    return glyphs != _visible(_NOBODY, font)
