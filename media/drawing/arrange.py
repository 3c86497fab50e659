"""A card's texts, sized to their boxes and put in their places.

Everything that can go wrong with words, or with a photo's faces, goes wrong here, before a pixel is painted.
"""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from media import words
from media.drawing import crop, layout_photo, pictures, qr
from media.drawing.layout import Box, Contents, Layout, around, lay_out, unit_of
from media.drawing.place import Places, Texts, place
from media.errors import NeedsPhoto, NoMessage, TextTooLong
from media.order import Card, Region
from media.text import fonts, script
from media.text.typeset import Block, Ink, Style, fit, line, line_to_fit
from media.theme import Theme, load

_BARS = 7  # a countdown has a week of them
_CROWDED = 0.72  # a foot's row whose texts would shrink below this part is stacked instead


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """A card whose texts are set and placed: what `canvas.compose` paints. `part` is what is shown of the photo."""

    card: Card
    theme: Theme
    layout: Layout
    rtl: bool
    texts: Texts
    places: Places
    part: Region | None = None

    @property
    def message(self) -> Block:
        """The message in its lines."""
        return self.texts.message


def arrange(card: Card, size: tuple[int, int]) -> Arranged:
    """Set and place the texts of `card` for a picture of `size` pixels. Raises as `media.card.render` does."""
    theme = load(card.theme)
    message = script.tidy(card.message, card.language)
    if not message:
        raise NoMessage
    fonts.require("".join([message, card.label, *card.hashtags, card.brand]))
    unit = unit_of(size)
    if card.photo is None and theme.photo.needed:
        raise NeedsPhoto(f"the theme “{theme.name}” is made around a photo: give it one, or choose another theme")
    count = card.days_left if card.days_left and card.days_left > 0 else None
    has = Contents(
        label=bool(card.label.strip()),
        stacked=theme.foot.arrangement == "stack",
        figure=count is not None,
        week=count is not None and count <= _BARS,
        qr=qr.side(card.link, unit) if card.link else 0,
    )
    setting = _Setting(card, theme, message, size, count)
    return setting.on_ground(has) if card.photo is None else setting.with_photo(has, card.photo)


class _Setting:
    """The texts of one card being tried in one layout after the other."""

    def __init__(self, card: Card, theme: Theme, message: str, size: tuple[int, int], count: int | None) -> None:
        self.card, self.theme, self.text, self.size, self.count = card, theme, message, size, count
        self.rtl = script.right_to_left(card.language)
        self.refused: TextTooLong | None = None

    def on_ground(self, has: Contents) -> Arranged:
        """Return the card without a photo."""
        for layout, least in _each(has, lambda variant: lay_out(self.theme, self.size, variant)):
            if made := self._tried(layout, least):
                return made
        raise self.refused or TextTooLong

    def with_photo(self, has: Contents, data: bytes) -> Arranged:
        """Return the card with its photo, every face whole and free of words."""
        photo, faces = pictures.size_of(data), pictures.faces_of(self.card)
        group = crop.is_wide_group(photo, faces)
        made: list[Arranged] = []
        for layout, least in self._layouts(has, photo, group=group):
            if layout.photo and (one := self._tried(layout, least)):
                made.append(one)
                if shown := _shown(one, photo, faces, heads=True):
                    return shown
        for one in made:  # no layout shows every head whole: the first that shows every face
            if not one.layout.ample and (shown := _shown(one, photo, faces)):
                return shown
        for layout, least in self._whole(has, photo, group=group):
            if (one := self._tried(layout, least)) and (shown := _shown(one, photo, faces)):
                return shown
        raise self.refused or TextTooLong

    def _layouts(self, has: Contents, photo: tuple[int, int], *, group: bool) -> Iterator[tuple[Layout, float]]:
        """Offer every layout that a photo fills, the theme's own way first; a veil over a photo's top comes last."""
        theme, size = self.theme, self.size
        if theme.photo.kind == "frame":
            yield from _each(has, lambda variant: layout_photo.framed(theme, size, variant, photo))
            return
        low = replace(has, stacked=False)
        if theme.photo.kind == "scrim":
            yield from _each(low, lambda variant: layout_photo.over(theme, size, variant))
        yield from _each(has, lambda variant: layout_photo.beside(theme, size, variant, group=group))
        if theme.photo.kind == "scrim":
            yield from _each(low, lambda variant: layout_photo.over_elsewhere(theme, size, variant))

    def _whole(self, has: Contents, photo: tuple[int, int], *, group: bool) -> list[tuple[Layout, float]]:
        """Return the layouts with the photo whole, beside the words or above them, the largest photo first."""
        if self.theme.photo.kind == "frame":
            return []
        tried = _each(has, lambda variant: layout_photo.beside(self.theme, self.size, variant, group=group))
        whole = [(layout_photo.whole(layout, photo), least) for layout, least in tried if not layout.ample]
        return sorted(whole, key=lambda offer: -_area(offer[0]))

    def _tried(self, layout: Layout, least: float) -> Arranged | None:
        """Set the texts for `layout`; None if they don't fit it."""
        try:
            texts = self._texts(layout, least)
        except TextTooLong as error:
            self.refused = self.refused or (None if layout.ample else error)
            return None
        places = place(self.theme, layout, texts)
        return Arranged(
            card=self.card,
            theme=self.theme,
            layout=layout,
            rtl=self.rtl,
            texts=texts,
            places=places.mirrored(self.size[0]) if self.rtl else places,
        )

    def _texts(self, layout: Layout, least: float) -> Texts:
        card = self.card
        logo = None
        if card.logo is not None:
            room = (layout.logo * 2 - round(0.018 * layout.unit), layout.logo)
            logo = pictures.logo(card.logo, room).size
        tags, brand = self._foot(layout, least, logo[0] + round(0.018 * layout.unit) if logo else 0)
        figure, caption = self._figure(layout)
        return Texts(
            message=self._message(layout),
            label=self._label(layout),
            tags=tags,
            brand=brand,
            figure=figure,
            caption=caption,
            logo=logo,
            latin_label=card.label.isascii(),
        )

    def _message(self, layout: Layout) -> Block:
        look, box = self.theme.message, layout.message
        largest = (look.wide if layout.wide else look.tall) * layout.unit
        if layout.photo is not None:
            largest = min(largest, look.over_photo * layout.unit)
        smallest = max(min(layout.smallest * 1.5, largest), layout.ample * largest)
        if box.width < smallest or box.height < smallest:
            raise TextTooLong("the card has no room for its message: choose a larger size, or leave something out")
        style = Style(language=self.card.language, font=look.font, weight=look.weight)
        return fit(self.text, style, (box.width, box.height), largest=largest, smallest=smallest, leading=look.leading)

    def _label(self, layout: Layout) -> Ink | None:
        language, look = self.card.language, self.theme.label
        said = self.card.label
        if self._counts(layout):  # the days are told by the figure: they aren't said twice
            said = said.partition(" · ")[0]
        text = script.tidy(said, language).replace("\n", " ")
        if not text:
            return None
        capitals = script.upper(text, language) if look.upper else text
        style = Style(language=language, tracking=0.05 if capitals != text else 0.0)
        room = layout.label.width - (0 if look.shape == "plain" else round(1.5 * layout.caption))  # a pill has ends
        return _row(capitals, style, room, (layout.smallest, layout.caption), "label")

    def _foot(self, layout: Layout, least: float, logo: int) -> tuple[Ink | None, Ink | None]:
        """Set the hashtags and the brand. On one row they share its width, each giving up the same part."""
        card, foot = self.card, layout.foot
        tags = " ".join(f"#{tag.lstrip('#')}" for tag in card.hashtags)
        brand = script.tidy(card.brand, card.language).replace("\n", " ")
        bold, medium = Style(language=card.language), Style(language=card.language, weight="Medium")
        tag_room, brand_room = foot.width, foot.width - logo
        if tags and (brand or logo) and not layout.stacked:
            shared = foot.width - logo - round(layout.small)
            wide = _width(tags, bold, layout.tag)
            other = _width(brand, medium, layout.small) if brand else 0
            if shared < least * (wide + other):
                raise TextTooLong(f"hashtags and brand don't fit on one row: shorten “{tags}” or “{brand}”")
            smallest = math.ceil(other * layout.smallest / layout.small) + 2
            brand_room = min(max(round(other * min(1.0, shared / (wide + other))), smallest), shared * 6 // 10)
            tag_room = shared - min(brand_room, other)
        return (
            _row(tags, bold, tag_room, (layout.smallest, layout.tag), "hashtag line") if tags else None,
            _row(brand, medium, brand_room, (layout.smallest, layout.small), "brand") if brand else None,
        )

    def _counts(self, layout: Layout) -> bool:
        """Tell whether the days left are shown as a figure."""
        room = layout.art or layout.count
        return self.count is not None and room is not None and any(art.kind == "figure" for art in self.theme.art)

    def _figure(self, layout: Layout) -> tuple[Ink | None, Ink | None]:
        """Set the days that are left as large as the art's box allows, and the words under them."""
        count, box = self.count, layout.art or layout.count
        if count is None or box is None or not self._counts(layout):
            return None, None
        style = Style(language=self.card.language)
        text = words.days(count, self.card.language)
        caption = line(text, style, (0.032 if layout.count else 0.04) * layout.unit) if text else None
        height = box.height if layout.count else min(box.height - 0.09 * layout.unit, 0.46 * layout.unit)
        digits = words.figure(count, self.card.language)
        probe = line(digits, style, layout.unit / 2)
        size = layout.unit / 2 * min(height / probe.height, box.width * 0.94 / probe.width)
        return line(digits, style, size), caption


@functools.lru_cache(maxsize=64)
def _width(text: str, style: Style, size: float) -> int:
    """Return how wide a quiet line is: hashtags and brand are the same on card after card."""
    return line(text, style, size).width


@functools.lru_cache(maxsize=64)
def _row(text: str, style: Style, width: int, sizes: tuple[float, float], what: str) -> Ink:
    """Set a quiet line as `line_to_fit` does; glyphs stand on whole pixels, so its width doesn't fall with its size."""
    smallest, largest = sizes
    wide = _width(text, style, largest)
    return line_to_fit(
        text, style, width, (smallest, max(smallest, largest * 0.985 * width / wide) if wide > width else largest), what
    )


def _area(layout: Layout) -> int:
    return layout.photo.width * layout.photo.height if layout.photo else 0


def _shown(made: Arranged, photo: tuple[int, int], faces: Sequence[Region], *, heads: bool = False) -> Arranged | None:
    """Return the card with the part of its photo that is shown; None if a face, or a head, wouldn't be whole."""
    if made.layout.photo is None:
        return None
    place = (made.layout.photo.width, made.layout.photo.height)
    part = crop.window(photo, place, faces, _covered(made), heads=heads)
    return replace(made, part=part) if part else None


def _covered(made: Arranged) -> list[Box]:
    """Return what words take of the photo; a column's veil needs room to fade out before a face."""
    if made.layout.words == "ground":
        return []
    boxes = made.places.boxes()
    return [around(boxes).grown(round(0.09 * made.layout.size[0]))] if made.layout.words == "column" else boxes


def _variants(has: Contents) -> list[tuple[Contents, float]]:
    """Return the foot as the theme has it, then stacked if its row is crowded, then the crowded row all the same."""
    if has.stacked or has.qr:
        return [(has, 0.0)]
    return [(has, _CROWDED), (replace(has, stacked=True), 0.0), (has, 0.0)]


def _each(has: Contents, offer: Callable[[Contents], Iterator[Layout]]) -> Iterator[tuple[Layout, float]]:
    """Offer each layout with every variant of the foot, and how far its row may shrink, before the next layout."""
    offers = [(offer(variant), least) for variant, least in _variants(has)]
    while True:
        for layouts, least in offers:
            layout = next(layouts, None)
            if layout is None:
                return
            yield layout, least
