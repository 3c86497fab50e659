"""Contact sheets: many cards on one picture, each with its name; one that can't be made says why in its place."""

from collections.abc import Sequence

from PIL import Image

from media import jpeg
from media.drawing.arrange import arrange
from media.drawing.canvas import compose
from media.errors import MediaError
from media.order import Card, Rendered
from media.text.typeset import Style, fit, line

_GROUND, _TILE = (58, 57, 64), (44, 43, 50)
_TEXT, _QUIET = (250, 246, 236), (196, 200, 212)
_WIDEST = 2400  # pixels of the whole sheet
_TILES = 640  # pixels of a tile's width


def contact_sheet(
    cards: Sequence[tuple[str, Card]],
    *,
    size: tuple[int, int] = (1200, 675),
    columns: int = 3,
    max_bytes: int = 5_000_000,
) -> Rendered:
    """Return a JPEG of all `cards`, each made in `size`, shown smaller with its name under it.

    Args:
        cards: name and card, in the order they are shown.
        size: width and height of each card in pixels.
        columns: how many stand side by side.
        max_bytes: the most the sheet may take.

    Raises:
        TooManyBytes: the sheet is too large for `max_bytes`.
    """
    columns = max(1, min(columns, len(cards)))
    gap = 28
    wide = min(_TILES, (_WIDEST - gap) // columns - gap, size[0])
    high = max(1, round(size[1] * wide / size[0]))
    rows = -(-len(cards) // columns)
    step = high + gap + 40
    sheet = Image.new("RGB", (gap + columns * (wide + gap), gap + max(rows, 1) * step), _GROUND)
    for at, (name, card) in enumerate(cards):
        left, top = gap + at % columns * (wide + gap), gap + at // columns * step
        sheet.paste(_tile(card, size, (wide, high)), (left, top))
        if name:
            ink = line(name, Style(language="en", weight="Medium"), 19)
            sheet.paste(_QUIET, (left, top + high + 30 - ink.ascent), ink.mask.crop((0, 0, wide, ink.height)))
    alt = "Cards side by side: " + ", ".join(name for name, _ in cards)
    data = jpeg.encode(sheet, max_bytes)
    return Rendered(data=data, mime=jpeg.MIME, width=sheet.width, height=sheet.height, alt=alt)


def _tile(card: Card, size: tuple[int, int], shown: tuple[int, int]) -> Image.Image:
    """Return the card in `shown` pixels, or why it can't be made."""
    try:
        return compose(arrange(card, size)).resize(shown, Image.Resampling.LANCZOS, reducing_gap=3.0)
    except MediaError as error:
        return _note(str(error), shown)


def _note(text: str, size: tuple[int, int]) -> Image.Image:
    tile = Image.new("RGB", size, _TILE)
    room = (round(size[0] * 0.8), round(size[1] * 0.8))
    style = Style(language="en", weight="Regular")
    try:
        block = fit(text, style, room, largest=26, smallest=11, leading=1.25)
    except MediaError:  # the reason itself is too long for a tile, or can't be set
        block = fit("This card can't be made.", style, room, largest=26, smallest=4, leading=1.25)
    baseline = (size[1] - block.height) // 2 + block.lines[0].ascent
    for ink in block.lines:
        tile.paste(_TEXT, ((size[0] - room[0]) // 2, baseline - ink.ascent), ink.mask)
        baseline += block.leading
    return tile
