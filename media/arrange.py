"""A card's texts, sized to their boxes: everything that can go wrong with words goes wrong here, before a pixel."""

import math
from dataclasses import dataclass

from media import fonts, photo, script, words
from media.errors import NoMessage
from media.layout import Layout, lay_out
from media.order import Card
from media.theme import Theme, load
from media.typeset import Block, Ink, Style, fit, line, line_to_fit


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """A card whose texts are set: what `canvas.compose` paints."""

    card: Card
    theme: Theme
    layout: Layout
    rtl: bool
    message: Block
    label: Ink | None
    tags: Ink | None
    brand: Ink | None
    stacked: bool  # the brand stands over the hashtags, at the start
    figure: Ink | None
    caption: Ink | None


def arrange(card: Card, size: tuple[int, int]) -> Arranged:
    """Set the texts of `card` for a picture of `size` pixels. Raises as `media.card.render` does."""
    theme = load(card.theme)
    message = script.tidy(card.message, card.language)
    if not message:
        raise NoMessage
    fonts.require("".join([message, card.label, *card.hashtags, card.brand]))
    for data, what in ((card.photo, "photo"), (card.logo, "logo")):
        if data is not None:
            photo.require(data, what)
    count = card.days_left if card.days_left and card.days_left > 0 else None
    layout = lay_out(theme, size, photo=card.photo is not None, figure=count is not None)
    figure, caption = _figure(count, card, layout)
    tags, brand, stacked = _foot(card, theme, layout)
    if layout.scrim:
        layout = layout.over_foot(stacked=stacked and bool(tags and (brand or card.logo)))
    return Arranged(
        card=card,
        theme=theme,
        layout=layout,
        rtl=script.right_to_left(card.language),
        message=_message(message, card, theme, layout),
        label=_label(card, theme, layout),
        tags=tags,
        brand=brand,
        stacked=stacked,
        figure=figure,
        caption=caption,
    )


def _message(text: str, card: Card, theme: Theme, layout: Layout) -> Block:
    look = theme.message
    largest = (look.wide if layout.wide else look.tall) * layout.unit
    if card.photo is not None:
        largest = min(largest, 0.11 * layout.unit)  # the photo speaks too
    return fit(
        text,
        Style(language=card.language, font=look.font, weight=look.weight),
        (layout.message.width, layout.message.height),
        largest=largest,
        smallest=layout.smallest * 1.5,
        leading=look.leading,
    )


def _label(card: Card, theme: Theme, layout: Layout) -> Ink | None:
    text = script.tidy(card.label, card.language).replace("\n", " ")
    if not text:
        return None
    capitals = script.upper(text, card.language) if theme.label.upper else text
    style = Style(language=card.language, tracking=0.05 if capitals != text else 0.0)
    room = layout.label.width - round(2 * layout.small)  # a pill has ends
    return line_to_fit(capitals, style, room, (layout.smallest, layout.small), "label")


def _foot(card: Card, theme: Theme, layout: Layout) -> tuple[Ink | None, Ink | None, bool]:
    """Set the hashtags and the brand; tell whether they stand over each other.

    On one row they share its width, each giving up the same part. Over a photo a stack becomes a row where both fit.
    """
    tags = " ".join(f"#{tag.lstrip('#')}" for tag in card.hashtags)
    brand = script.tidy(card.brand, card.language).replace("\n", " ")
    bold, medium = Style(language=card.language), Style(language=card.language, weight="Medium")
    room = layout.foot.width - (layout.logo * 2 if card.logo else 0)
    tag_room, brand_room = layout.foot.width, room
    stacked = theme.foot.arrangement == "stack"
    if tags and brand and (layout.scrim or not stacked):
        shared = room - round(layout.small)
        wide, other = line(tags, bold, layout.tag).width, line(brand, medium, layout.small).width
        if wide + other <= shared or not stacked:
            stacked = False
            least = math.ceil(other * layout.smallest / layout.small) + 2
            brand_room = min(max(round(other * min(1.0, shared / (wide + other))), least), shared * 6 // 10)
            tag_room = shared - min(brand_room, other)
    return (
        line_to_fit(tags, bold, tag_room, (layout.smallest, layout.tag), "hashtag line") if tags else None,
        line_to_fit(brand, medium, brand_room, (layout.smallest, layout.small), "brand") if brand else None,
        stacked,
    )


def _figure(count: int | None, card: Card, layout: Layout) -> tuple[Ink | None, Ink | None]:
    """Set the days that are left as large as the art's box allows, and the words under them."""
    if count is None or layout.art is None:
        return None, None
    box, style = layout.art, Style(language=card.language)
    text = words.days(count, card.language)
    caption = line(text, style, layout.small * 1.1) if text else None
    height = min(box.height - 2.4 * layout.small, 0.46 * layout.unit)
    digits = words.figure(count, card.language)
    probe = line(digits, style, layout.unit / 2)
    size = layout.unit / 2 * min(height / probe.height, box.width * 0.94 / probe.width)
    return line(digits, style, size), caption
