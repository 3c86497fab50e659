"""The contact sheet: every card with its name, and why one can't be made."""

import io

from PIL import Image

from media import theme
from media.card import Card
from media.drawing.arrange import arrange
from media.drawing.canvas import compose
from media.sheet import contact_sheet

CARD = Card(message="We stand with you.", hashtags=("Unite",), brand="Your organisation")


def test_each_theme_is_on_the_sheet() -> None:
    """The sheet is a JPEG whose tiles are the cards made small, in order; its alt text names them."""
    cards = [(name, Card(message="Peace", theme=name)) for name in ("candle", "paper", "poster", "plain")]
    made = contact_sheet(cards, size=(1200, 675), columns=2)
    with Image.open(io.BytesIO(made.data)) as opened:
        sheet = opened.convert("RGB")
    assert (made.mime, made.width, made.height) == ("image/jpeg", *sheet.size)
    assert made.alt.endswith("candle, paper, poster, plain")
    tile = sheet.crop((28, 28, 28 + 640, 28 + 360)).resize((16, 9), Image.Resampling.BOX)
    card = compose(arrange(cards[0][1], (1200, 675))).resize((16, 9), Image.Resampling.BOX)
    for one, other in zip(tile.get_flattened_data(), card.get_flattened_data(), strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 12  # type: ignore[arg-type]


def test_a_theme_that_refuses_says_why_on_its_tile() -> None:
    """A frame without a photo has words on its tile instead of stopping the sheet; the others are unchanged."""
    pairs = [(name, Card(message="Peace", theme=name)) for name in theme.names()]
    with Image.open(io.BytesIO(contact_sheet(pairs, size=(1200, 675), columns=4).data)) as opened:
        sheet = opened.convert("L")
    at = theme.names().index("frame")
    wide = (sheet.width - 28) // 4 - 28
    left, top = 28 + at % 4 * (wide + 28), 28 + at // 4 * (round(wide * 675 / 1200) + 68)
    tile = sheet.crop((left + 4, top + 4, left + wide - 4, top + round(wide * 675 / 1200) - 4))
    shades = tile.histogram()
    assert sum(shades[200:]) > 300  # letters
    assert sum(shades[30:60]) > 0.8 * tile.width * tile.height  # on a quiet ground


def test_no_cards_and_odd_numbers_of_columns_still_give_a_sheet() -> None:
    """Nothing to show is an empty sheet; more columns than cards are no more than the cards."""
    assert contact_sheet([], size=(1200, 675), columns=3).width > 0
    one = contact_sheet([("only", CARD)], size=(1080, 1920), columns=9)
    assert one.width < one.height
