"""A link as a QR code: dark on light, with its quiet zone, each module a whole number of pixels."""

import functools

from PIL import Image

from media.colour import Colour
from media.errors import LinkTooLong

_DARK: Colour = (18, 18, 28)
_QUIET = 4  # modules of white around it: ISO/IEC 18004
_LEAST = 3  # pixels a module: networks compress pictures again, and phones see them small
_USUAL, _MOST = 0.2, 0.34  # its side, in parts of the card's unit


@functools.lru_cache(maxsize=64)
def _modules(link: str) -> tuple[int, bytes]:
    """Return how many modules a side has, quiet zone included, and one byte for each: 0 dark, 255 light."""
    import segno  # noqa: PLC0415  # only a card with a link needs it

    try:
        code = segno.make_qr(link, error="m", boost_error=False)
    except segno.DataOverflowError as error:
        raise LinkTooLong from error
    rows = [bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(border=_QUIET)]
    return len(rows), b"".join(rows)


def side(link: str, unit: int) -> int:
    """Return how many pixels wide and high the code of `link` is on a card of `unit`.

    Raises:
        LinkTooLong: its modules would be too small to be read.
    """
    count = _modules(link)[0]
    pixels = max(_LEAST, int(_USUAL * unit / count))
    if pixels * count > _MOST * unit:
        raise LinkTooLong(
            f"the link has {len(link)} characters, too many for a QR code on a card of this size: "
            "use a shorter link, or a larger card"
        )
    return pixels * count


def draw(link: str, side: int) -> Image.Image:
    """Return the code of `link` as a picture of `side` pixels, as `side()` gave them (mode RGB)."""
    count, modules = _modules(link)
    light = Image.frombytes("L", (count, count), modules).resize((side, side), Image.Resampling.NEAREST)
    sheet = Image.new("RGB", (side, side), _DARK)
    sheet.paste((255, 255, 255), mask=light)
    return sheet
