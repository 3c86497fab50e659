"""The words of a collage, in the theme's look: the same sizes as on a card, in a panel among the photos."""

from dataclasses import dataclass

from PIL import Image

from media.colour import Colour
from media.drawing import art, pictures
from media.drawing.layout import Box, safe_area, unit_of
from media.errors import NoMessage
from media.order import Card
from media.text import fonts, script
from media.text.typeset import Ink, Style, fit, line, line_to_fit
from media.theme import Theme

_PAD = 0.055  # around the words, in parts of the unit
_SMALLEST = 0.026  # of any text, in parts of the unit
_CROWDED = 0.76  # a row of hashtags and brand that would shrink below this part becomes two


@dataclass(frozen=True, kw_only=True)
class _Foot:
    tags: Ink | None
    brand: Ink | None
    logo: Image.Image | None
    stacked: bool
    height: int


def paint(image: Image.Image, panel: Box, card: Card, theme: Theme) -> None:
    """Paint the panel with the card's label, message, hashtags, brand and logo.

    Raises:
        NoMessage: the message is empty.
        MissingGlyphs: no font at hand can set a character.
        TextTooLong: a text doesn't fit.
    """
    _Panel(image, panel, card, theme).paint()


class _Panel:
    """One panel being painted. Places are for left-to-right and mirrored within the panel where they must be."""

    def __init__(self, image: Image.Image, panel: Box, card: Card, theme: Theme) -> None:
        self.image, self.box, self.card, self.theme = image, panel, card, theme
        self.unit = unit_of(image.size)
        pad = round(_PAD * self.unit)
        safe = safe_area(image.size)  # on a story no word lies under the app's controls
        top, bottom = max(pad, safe.top - panel.top), min(panel.height - pad, safe.bottom - panel.top)
        self.room = Box(pad, top, panel.width - pad, bottom)
        self.sheet = art.field((panel.width, panel.height), theme.background.top, theme.background.bottom)
        self.sheet = art.grain(self.sheet, theme.background.grain)
        self.rtl = script.right_to_left(card.language)

    def paint(self) -> None:
        """Set and paint everything."""
        card = self.card
        message = script.tidy(card.message, card.language)
        if not message:
            raise NoMessage
        fonts.require("".join([message, card.label, *card.hashtags, card.brand]))
        foot = self._foot()
        bottom = self._paint_foot(foot)
        top = self._label()
        look = self.theme.message
        box = self.room._replace(top=top, bottom=bottom)
        style = Style(language=card.language, font=look.font, weight=look.weight)
        largest, smallest = min(look.wide, 0.12) * self.unit, 1.3 * _SMALLEST * self.unit
        room = (box.width, max(box.height, 1))
        block = fit(message, style, room, largest=largest, smallest=smallest, leading=look.leading)
        baseline = box.top + round((box.height - block.height) * 0.45) + block.lines[0].ascent
        for ink in block.lines:
            self._write(ink, box.left - ink.hang, baseline, look.colour)
            baseline += block.leading
        self.image.paste(self.sheet, (self.box.left, self.box.top))

    def _write(self, ink: Ink, start: int, baseline: int, colour: Colour) -> None:
        box = self._place(Box(start, baseline - ink.ascent, start + ink.width, baseline + ink.descent))
        self.sheet.paste(colour, (box.left, box.top), ink.mask)

    def _place(self, box: Box) -> Box:
        return box.mirrored(self.box.width) if self.rtl else box

    def _label(self) -> int:
        """Write the label at the top; return where the message may begin."""
        card, look, room = self.card, self.theme.label, self.room
        text = script.tidy(card.label, card.language).replace("\n", " ")
        if not text:
            return room.top
        text = script.upper(text, card.language) if look.upper else text
        style = Style(language=card.language)
        size = look.size * self.unit
        pad = 0 if look.shape == "plain" else round(0.72 * size)
        ink = line_to_fit(text, style, room.width - 2 * pad, (_SMALLEST * self.unit, size), "label")
        high = round((1.2 if look.shape == "plain" else 1.8) * size)
        plate = self._place(Box(room.left, room.top, room.left + ink.width + 2 * pad, room.top + high))
        if look.shape == "block" and look.fill:
            self.sheet.paste(look.fill, plate)
        elif look.shape == "pill":
            outline = art.rounded((plate.width, plate.height), plate.height // 2, max(2, round(0.0034 * self.unit)))
            self.sheet.paste(look.colour, (plate.left, plate.top), outline)
        rise = 0.357 * ink.size if card.label.isascii() else (ink.ascent - ink.descent) / 2
        self._write(ink, room.left + pad, round(room.top + high / 2 + rise), look.colour)
        return room.top + high + round(0.03 * self.unit)

    def _foot(self) -> _Foot:
        """Set hashtags and brand: on one row if they fit at their full size, else over each other."""
        card, look, width = self.card, self.theme.foot, self.room.width
        tags = " ".join(f"#{tag.lstrip('#')}" for tag in card.hashtags)
        brand = script.tidy(card.brand, card.language).replace("\n", " ")
        bold, medium = Style(language=card.language), Style(language=card.language, weight="Medium")
        tag, small = look.hashtag_size * self.unit, look.brand_size * self.unit
        logo = None
        if card.logo is not None:
            side = round(look.logo_size * self.unit)
            logo = pictures.logo(card.logo, (side * 2, side))
        beside = logo.width + round(0.02 * self.unit) if logo else 0
        both = bool(tags and (brand or logo))
        wide = sum(line(*text).width for text in ((tags, bold, tag), (brand, medium, small)) if text[0])
        share = min((width - beside - round(small)) / max(wide, 1), 1.0) if both else 1.0
        stacked = share < _CROWDED
        if not stacked:
            tag, small = tag * share, small * share
        least = _SMALLEST * self.unit
        last = max(small * 1.3 if brand else 0, logo.height if logo else 0)
        return _Foot(
            tags=line_to_fit(tags, bold, width, (least, tag), "hashtag line") if tags else None,
            brand=line_to_fit(brand, medium, width - beside, (least, small), "brand") if brand else None,
            logo=logo,
            stacked=stacked,
            height=round(last + 1.5 * tag if stacked else max(last, 1.3 * tag if tags else 0)),
        )

    def _paint_foot(self, foot: _Foot) -> int:
        """Paint the foot at the bottom; return where the message must end."""
        look, room = self.theme.foot, self.room
        if not foot.height:
            return room.bottom
        bottom, edge = room.bottom, room.bottom - foot.height - round(0.03 * self.unit)
        if look.band:
            bottom = min(self.box.height - round(0.04 * self.unit), self.room.bottom + round(0.015 * self.unit))
            edge = bottom - foot.height - round(0.03 * self.unit)
            self.sheet.paste(look.band, (0, edge, self.box.width, self.box.height))
            edge -= round(0.03 * self.unit)
        baseline = bottom - round(0.014 * self.unit)
        if foot.tags:
            self._write(foot.tags, room.left, baseline, look.hashtag)
        above = baseline - round(1.5 * look.hashtag_size * self.unit) if foot.stacked else baseline
        start = room.left
        beside = foot.logo.width + round(0.02 * self.unit) if foot.logo else 0
        if foot.tags and not foot.stacked:
            start = room.right - (foot.brand.width if foot.brand else 0) - beside
        if foot.logo:
            middle = above - round(0.012 * self.unit)
            top = min(middle - foot.logo.height // 2, bottom - foot.logo.height)
            at = self._place(Box(start, top, start + foot.logo.width, top + foot.logo.height))
            self.sheet.paste(foot.logo, (at.left, at.top), foot.logo)
        if foot.brand:
            self._write(foot.brand, start + beside, above, look.brand)
        return edge
