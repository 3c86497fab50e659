"""Every text of a card at its place in pixels: where its ink lies, in which colour. Nothing is painted yet."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from media.colour import Colour
from media.drawing.layout import Box, Layout
from media.text.typeset import Block, Ink
from media.theme import Theme

What = Literal["message", "label", "hashtag", "brand", "figure", "caption", "quote"]


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The texts of a card, set; `logo` is its width and height in pixels, or None."""

    message: Block
    label: Ink | None = None
    tags: Ink | None = None
    brand: Ink | None = None
    figure: Ink | None = None
    caption: Ink | None = None
    logo: tuple[int, int] | None = None
    latin_label: bool = True


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One line at its place. `line` counts the lines of the message from 0."""

    what: What
    ink: Ink
    box: Box
    colour: Colour
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where everything stands, in the card's own direction. `plate` is the label's pill or block."""

    spots: tuple[Spot, ...]
    plate: Box | None = None
    logo: Box | None = None
    qr: Box | None = None

    def mirrored(self, width: int) -> "Places":
        """Return the same on a card `width` pixels wide that runs the other way."""
        return Places(
            spots=tuple(replace(spot, box=spot.box.mirrored(width)) for spot in self.spots),
            plate=self.plate.mirrored(width) if self.plate else None,
            logo=self.logo.mirrored(width) if self.logo else None,
            qr=self.qr.mirrored(width) if self.qr else None,
        )

    def boxes(self) -> list[Box]:
        """Return the box of everything there is to be read."""
        others = [box for box in (self.plate, self.logo, self.qr) if box]
        return [spot.box for spot in self.spots] + others


def place(theme: Theme, layout: Layout, texts: Texts) -> Places:
    """Return where `texts` stand, for left-to-right."""
    return _Placing(theme, layout, texts).places()


class _Placing:
    """One card's places being found, from the message outwards."""

    def __init__(self, theme: Theme, layout: Layout, texts: Texts) -> None:
        self.theme, self.layout, self.texts = theme, layout, texts
        self.on_photo = layout.words != "ground"
        self.foot = layout.foot
        self.qr = layout.qr
        self.logo: Box | None = None
        self.plate: Box | None = None
        self.top = self._message_top()
        if layout.words == "top":
            self._lift_foot()

    def places(self) -> Places:
        """Return everything at its place."""
        spots = [*self._message(), *self._figure(), *self._foot()]
        return Places(spots=tuple(spots), plate=self.plate, logo=self.logo, qr=self.qr)

    def _message_top(self) -> int:
        box, block = self.layout.message, self.texts.message
        return box.top + round((box.height - block.height) * self.layout.middle)

    def _lift_foot(self) -> None:
        """Let hashtag and brand follow a message that stands high."""
        under = self.top + self.texts.message.height + round(0.05 * self.layout.unit)
        high = max(self.layout.line * (2 if self.layout.stacked else 1), self.qr.height if self.qr else 0)
        up = self.foot.bottom - under - high
        self.foot = self.foot._replace(top=under, bottom=under + high)
        if self.qr:
            self.qr = Box(self.qr.left, self.qr.top - up, self.qr.right, self.qr.bottom - up)

    def _spot(self, what: What, ink: Ink, start: int, baseline: int, colour: Colour, *, end: bool = False) -> Spot:
        """Put a line so that its ink begins at `start`, or ends there."""
        left = start - ink.width if end else start
        box = Box(left, baseline - ink.ascent, left + ink.width, baseline + ink.descent)
        return Spot(what=what, ink=ink, box=box, colour=colour)

    def _message(self) -> Iterator[Spot]:
        block, box = self.texts.message, self.layout.message
        colour = self.theme.photo.message if self.on_photo else self.theme.message.colour
        baseline = self.top + block.lines[0].ascent
        for at, ink in enumerate(block.lines):
            yield replace(self._spot("message", ink, box.left - ink.hang, baseline, colour), line=at)
            baseline += block.leading
        if not self.layout.aside:
            yield from self._label()

    def _label(self) -> Iterator[Spot]:
        ink, look = self.texts.label, self.theme.label
        if not ink:
            return
        box = self.layout.label
        if self.layout.count and self.texts.figure:
            box = box._replace(left=self._beside_count())
        pad = 0 if look.shape == "plain" else round(0.72 * ink.size)
        high = round(max(1.95 * ink.size, ink.height + 0.7 * ink.size))
        if look.shape == "plain":
            high = round(1.2 * ink.size)
        top = box.top
        if self.layout.words in {"bottom", "column"}:
            top = self.top - round(0.03 * self.layout.unit) - high
        if look.shape != "plain":
            self.plate = Box(box.left, top, box.left + ink.width + 2 * pad, top + high)
        rise = 0.357 * ink.size if self.texts.latin_label else (ink.ascent - ink.descent) / 2
        colour = self.theme.photo.accent if self.on_photo and look.shape != "block" else look.colour
        yield self._spot("label", ink, box.left + pad, round(top + high / 2 + rise), colour)

    def _beside_count(self) -> int:
        """Return where what stands beside the days left begins."""
        count, ink = self.layout.count, self.texts.figure
        return count.left + ink.width + round(0.035 * self.layout.unit) if count and ink else self.layout.label.left

    def _figure(self) -> Iterator[Spot]:
        ink, caption, box = self.texts.figure, self.texts.caption, self.layout.art
        look = next((look for look in self.theme.art if look.kind == "figure"), None)
        if ink and look and self.layout.count:
            box = self.layout.count
            yield self._spot("figure", ink, box.left, box.bottom - ink.descent, look.colour)
            if caption:
                low = box.bottom - ink.descent
                yield self._spot("caption", caption, self._beside_count(), low, look.second or look.colour)
            return
        if not (ink and box and look):
            return
        gap = round(0.03 * self.layout.unit)
        under = caption.height + gap if caption else 0
        widest = max(ink.width, caption.width if caption else 0)
        if self.layout.wide:
            middle, centre = self.top + self.texts.message.height // 2, (box.left + box.right) // 2
        else:
            middle, centre = (box.top + box.bottom) // 2, box.right - widest // 2
        top = min(max(middle - (ink.height + under) // 2, box.top), box.bottom - ink.height - under)
        yield self._spot("figure", ink, centre - ink.width // 2, top + ink.ascent, look.colour)
        if caption:
            baseline = top + ink.height + gap + caption.ascent
            second = look.second or look.colour
            yield self._spot("caption", caption, centre - caption.width // 2, baseline, second)

    def _foot(self) -> Iterator[Spot]:
        if self.layout.aside:
            yield from self._column()
            return
        foot, unit, texts = self.foot, self.layout.unit, self.texts
        step = round((0.085 if self.on_photo else 0.075) * unit)
        lowest = texts.tags or texts.brand
        baseline = foot.bottom - max(round(0.012 * unit), lowest.descent if lowest else 0)
        both = bool(texts.tags and (texts.brand or texts.logo))
        if self.layout.band and self.qr:  # in a band as high as the code: in its middle
            baseline = (foot.top + foot.bottom) // 2 + round((0.055 if both else 0.018) * unit)
        if texts.tags:
            yield self._spot("hashtag", texts.tags, foot.left, baseline, self._accent())
        stacked = self.layout.stacked
        yield from self._brand(
            foot.left if stacked else foot.right, baseline - step if stacked and both else baseline, end=not stacked
        )

    def _column(self) -> Iterator[Spot]:
        """Put label, hashtags and brand over each other at the far end."""
        foot, unit, texts = self.foot, self.layout.unit, self.texts
        gap = round(0.019 * unit)
        rows = [ink for ink in (texts.label, texts.tags) if ink]
        last = max(texts.brand.height if texts.brand else 0, texts.logo[1] if texts.logo else 0)
        heights = [ink.height for ink in rows] + ([last] if last else [])
        top = (foot.top + foot.bottom - sum(heights) - gap * (len(heights) - 1)) // 2
        for ink in rows:
            what: What = "label" if ink is texts.label else "hashtag"
            colour = self.theme.label.colour if what == "label" else self._accent()
            yield self._spot(what, ink, foot.right, top + ink.ascent, colour, end=True)
            top += ink.height + gap
        if last:
            rise = texts.brand.ascent if texts.brand else 0
            low = (last - texts.brand.height) // 2 if texts.brand else last // 2
            yield from self._brand(foot.right, top + low + rise, end=True, centre=top + last // 2)

    def _accent(self) -> Colour:
        return self.theme.photo.accent if self.on_photo else self.theme.foot.hashtag

    def _brand(self, edge: int, baseline: int, *, end: bool, centre: int | None = None) -> Iterator[Spot]:
        """Put the brand at an edge, the logo before it there."""
        unit, ink, moved = self.layout.unit, self.texts.brand, 0
        if self.texts.logo:
            width, height = self.texts.logo
            left = edge - width if end else edge
            top = (baseline - round(0.012 * unit) if centre is None else centre) - height // 2
            self.logo = Box(left, top, left + width, top + height)
            moved = width + round(0.018 * unit)
        if ink:
            quiet = self.theme.photo.quiet if self.on_photo else self.theme.foot.brand
            yield self._spot("brand", ink, edge - moved if end else edge + moved, baseline, quiet, end=end)
