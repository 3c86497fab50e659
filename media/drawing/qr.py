"""A link as a QR code: dark on light, with its quiet zone, each module a whole number of pixels."""

import functools

from PIL import Image

from media.colour import Colour
from media.errors import LinkTooLong

_DARK: Colour = (18, 18, 28)
_QUIET = 4  # modules of white around it: ISO/IEC 18004
_LEAST = 3  # pixels a module: networks compress pictures again
_HALVED, _THIRDS = 4, 5  # pixels a module that can still be read where a feed shows half, or a third, of the size
_USUAL, _LARGE, _MOST = 0.2, 0.295, 0.34  # its side, in parts of the card's unit


@functools.lru_cache(maxsize=64)
def _modules(link: str) -> tuple[int, bytes]:
    """Return how many modules a side has, quiet zone included, and one byte for each: 0 dark, 255 light."""
    # Few and large modules are read from a small picture where many small ones aren't; nothing on a screen is torn.
    import segno  # noqa: PLC0415  # only a card with a link needs it

    try:
        code = segno.make_qr(link, error="l")
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
    usual, large, most = (int(share * unit / count) for share in (_USUAL, _LARGE, _MOST))
    pixels = max(_LEAST, usual, min(_THIRDS, large), min(_HALVED, most))
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
