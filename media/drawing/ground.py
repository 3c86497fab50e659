"""What lies under the words: a field of colour with its drawn art, or a photo. Made once, kept for the next card."""

import functools
from dataclasses import replace

from PIL import Image, ImageDraw, ImageOps

from media.colour import Colour
from media.drawing import art, pictures
from media.drawing.crop import WHOLE
from media.drawing.layout import Box, Layout
from media.drawing.layout_photo import thickness
from media.drawing.scrim import Veil
from media.order import Region
from media.theme import Theme


def ground(
    theme: Theme, layout: Layout, *, days: int, photo: bytes | None, part: Region | None, rtl: bool
) -> Image.Image:
    """Return the card without its words (mode RGB). It is shared: copy it before painting on it.

    Args:
        theme: the look.
        layout: where everything stands.
        days: how many bars of a countdown are lit.
        photo: the photo's bytes.
        part: what is shown of it.
        rtl: whether the card runs from right to left; a photo is never mirrored.
    """
    if photo is None:
        return _plain(theme, _wordless(layout), days if layout.steps else 0, rtl)
    if layout.words != "ground":
        return pictures.shown(photo, part or WHOLE, layout.size)  # it moves with the words
    return _framed(theme, _wordless(layout), (days, rtl), photo, part)


@functools.lru_cache(maxsize=6)
def veiled(photo: bytes, part: Region, size: tuple[int, int], veil: Veil) -> Image.Image:
    """Return `part` of a photo in `size` pixels with a veil under words. It is shared: copy it first."""
    image = pictures.shown(photo, part, size).copy()
    veil.lay(image)
    return image


def _wordless(layout: Layout) -> Layout:
    """Return the layout without what only words need, so that more cards share their ground."""
    return replace(layout, message=Box(0, 0, 0, 0))


@functools.lru_cache(
    maxsize=6
)  # of 3 to 6 MB each: two looks take turns in a campaign, in the shapes of three networks
def _plain(theme: Theme, layout: Layout, days: int, rtl: bool) -> Image.Image:  # noqa: FBT001
    image = art.field(layout.size, theme.background.top, theme.background.bottom)
    _draw(image, theme, layout, days)
    image = art.grain(image, theme.background.grain)
    image = ImageOps.mirror(image) if rtl else image
    _band(image, theme, layout, rtl=rtl)
    return image


@functools.lru_cache(maxsize=2)
def _framed(theme: Theme, layout: Layout, days_rtl: tuple[int, bool], photo: bytes, part: Region | None) -> Image.Image:
    days, rtl = days_rtl
    image = art.field(layout.size, theme.background.top, theme.background.bottom)
    place = layout.photo or Box(0, 0, *layout.size)
    box = place.mirrored(layout.size[0]) if rtl else place
    if layout.steps:
        _draw(image, replace(theme, art=tuple(look for look in theme.art if look.kind == "steps")), layout, days)
        image = ImageOps.mirror(image) if rtl else image
    image = art.grain(image, theme.background.grain)
    image.paste(pictures.shown(photo, part or WHOLE, (box.width, box.height)), (box.left, box.top))
    if theme.photo.inset:
        _outline(image, box.grown(round(0.012 * layout.unit)), theme.photo.accent, max(2, round(0.003 * layout.unit)))
    _band(image, theme, layout, rtl=rtl)
    for look in theme.art:
        if look.kind == "line":
            image.paste(look.colour, (0, 0, layout.size[0], thickness(layout)))
    return image


def _draw(image: Image.Image, theme: Theme, layout: Layout, days: int) -> None:
    """Paint the theme's art into `image`."""
    for look in theme.art:
        second = look.second or look.colour
        if look.kind == "flame" and layout.art:
            art.flame(image, layout, layout.art, look.colour, second)
        elif look.kind == "arch" and layout.art:
            art.arch(image, layout.unit, layout.art, look.colour, second)
        elif look.kind == "sun" and layout.art:
            art.sun(image, layout, layout.art, look.colour, second)
        elif look.kind == "rule":
            art.rule(image, layout, look.colour)
        elif look.kind == "steps" and layout.steps:
            art.steps(image, layout.steps, days, look.colour, second)
        elif look.kind == "line":
            image.paste(look.colour, (0, 0, layout.size[0], thickness(layout)))


def _band(image: Image.Image, theme: Theme, layout: Layout, *, rtl: bool) -> None:
    """Paint the foot's band, over the lower edge of a photo too."""
    if layout.band and theme.foot.band:
        art.band(image, layout.band, theme.foot.slant * layout.size[0], theme.foot.band, rtl=rtl)


def _outline(image: Image.Image, box: Box, colour: Colour, thick: int) -> None:
    ImageDraw.Draw(image).rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=colour, width=thick)
