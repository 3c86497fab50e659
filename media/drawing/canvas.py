"""From texts at their places to a picture: the ground, what makes it readable, and the words on it."""

from PIL import Image

from media.drawing import art, crop, pictures, qr, scrim
from media.drawing.arrange import Arranged
from media.drawing.ground import ground, veiled
from media.drawing.layout import Box, around
from media.drawing.place import Spot
from media.text.typeset import Style, line

_FOOT = frozenset({"hashtag", "brand"})


def compose(arranged: Arranged, *, lines: int | None = None, foot: bool = True) -> Image.Image:
    """Paint the card (mode RGB).

    Args:
        arranged: the card.
        lines: only so many of the message's first lines; all without it. The ground is the same either way.
        foot: whether hashtags, brand, logo and QR code are shown.

    Raises:
        LowContrast: a text of the theme can't be read on what lies under it.
    """
    card, theme, layout, places = arranged.card, arranged.theme, arranged.layout, arranged.places
    image = ground(theme, layout, days=card.days_left or 0, photo=card.photo, part=arranged.part, rtl=arranged.rtl)
    if layout.words != "ground" and card.photo is not None:
        image = _veil(image, arranged, card.photo).copy()
    else:
        image = image.copy()
        if card.photo is None:
            _quote(image, arranged)
        scrim.require(image, _bare(arranged), theme.name)
    _plate(image, arranged)
    for spot in places.spots:
        if (foot or spot.what not in _FOOT) and (spot.what != "message" or lines is None or spot.line < lines):
            _write(image, spot)
    if foot:
        _marks(image, arranged)
    return image


def _write(image: Image.Image, spot: Spot) -> None:
    """Paint one line. Pasting a picture of one colour takes half the time of pasting the colour itself."""
    mask = spot.ink.mask
    image.paste(Image.new("RGB", mask.size, spot.colour), (spot.box.left, spot.box.top), mask)


def _bare(arranged: Arranged) -> list[Spot]:
    """Return the lines that lie on the ground itself: not a label on its own block, nor what stands on the band."""
    block = arranged.theme.label.shape == "block"
    return [spot for spot in arranged.places.spots if not (block and spot.what == "label")]


def _veil(image: Image.Image, arranged: Arranged, photo: bytes) -> Image.Image:
    """Return the photo with a veil under the words, as weak as they allow; it fades out before a face begins."""
    layout, unit, part = arranged.layout, arranged.layout.unit, arranged.part or crop.WHOLE
    fill = arranged.theme.photo.fill
    share = scrim.strength(image, _bare(arranged), fill)
    if not share:
        return image
    width, height = layout.size
    step = max(round(0.06 * unit), 1)  # messages of about one height share a veil
    words = around(arranged.places.boxes()).grown(round(0.04 * unit))
    top, bottom = words.top // step * step, -(-words.bottom // step) * step
    whole = Box(0, top, width, height) if layout.words == "bottom" else Box(0, 0, width, min(bottom, height))
    if layout.words == "column":
        left = words.left < width - words.right
        whole = Box(0, top, words.right, height) if left else Box(words.left, top, width, height)
    across, down = round(0.09 * width) if layout.words == "column" else 0, round(0.3 * unit)
    for face in crop.on_card(pictures.faces_of(arranged.card), part, layout.size):
        gap = face.top - whole.bottom if layout.words == "top" else whole.top - face.bottom
        if gap >= 0:
            down = min(down, max(gap // step * step, round(0.14 * unit)))
    veil = scrim.Veil(words=whole, fades=(across, down), fill=fill, share=share)
    return veiled(photo, part, layout.size, veil)


def _quote(image: Image.Image, arranged: Arranged) -> None:
    """Set the opening quotation mark of the language at the far side, under the words."""
    look = next((look for look in arranged.theme.art if look.kind == "quote"), None)
    if look:
        layout, language = arranged.layout, arranged.card.language
        mark = "“" if language.startswith(("en", "my", "am", "ti", "zh")) else "«"
        ink = line(mark, Style(language=language, font="serif"), 0.5 * layout.unit)
        right, top = layout.message.right, layout.label.top
        box = Box(right - ink.width, top, right, top + ink.height)
        at = box.mirrored(layout.size[0]) if arranged.rtl else box
        image.paste(look.colour, (at.left, at.top), ink.mask)


def _plate(image: Image.Image, arranged: Arranged) -> None:
    """Paint the pill or the block of the label."""
    box, look = arranged.places.plate, arranged.theme.label
    if not box:
        return
    if look.shape == "block" and look.fill:
        image.paste(look.fill, box)
        return
    colour = arranged.theme.photo.accent if arranged.layout.words != "ground" else look.colour
    stroke = max(2, round(0.0034 * arranged.layout.unit))
    image.paste(colour, (box.left, box.top), art.rounded((box.width, box.height), box.height // 2, stroke))


def _marks(image: Image.Image, arranged: Arranged) -> None:
    """Put logo and QR code in their places."""
    card, layout, places = arranged.card, arranged.layout, arranged.places
    if places.logo and card.logo is not None:
        room = (layout.logo * 2 - round(0.018 * layout.unit), layout.logo)
        logo = pictures.logo(card.logo, room)
        image.paste(logo, (places.logo.left, places.logo.top), logo)
    if places.qr:
        image.paste(qr.draw(card.link, places.qr.width), (places.qr.left, places.qr.top))
