"""From texts that are set to a picture: ground, art or photo, and the words on them."""

from PIL import Image, ImageOps

from media import art, photo
from media.arrange import Arranged
from media.colour import READABLE, Colour, contrast
from media.layout import Box
from media.typeset import Ink, Style, line


def compose(arranged: Arranged) -> Image.Image:
    """Paint the card (mode RGB)."""
    sheet = _Sheet(arranged)
    sheet.ground()
    sheet.words()
    return sheet.image


class _Sheet:
    """One card being painted. Boxes are given for left-to-right; the sheet mirrors them where it must."""

    def __init__(self, arranged: Arranged) -> None:
        self.a = arranged
        self.layout = arranged.layout
        self.scrim = arranged.theme.photo if arranged.card.photo and arranged.theme.photo.kind == "scrim" else None
        self.image = Image.new("RGB", self.layout.size)

    def _place(self, box: Box) -> Box:
        return box.mirrored(self.layout.size[0]) if self.a.rtl else box

    def _write(self, ink: Ink, start: int, baseline: int, colour: Colour, *, end: bool = False) -> None:
        """Put a line so that its ink begins at `start` (or ends there), counted from the start side."""
        left = start - ink.width if end else start
        box = self._place(Box(left, baseline - ink.ascent, left + ink.width, baseline + ink.descent))
        self.image.paste(colour, (box.left, box.top), ink.mask)

    # ── the ground ──

    def ground(self) -> None:
        """Paint everything that lies under the words."""
        theme, layout = self.a.theme, self.layout
        image = art.field(layout.size, theme.background.top, theme.background.bottom)
        if not self.a.card.photo:
            image = self._art(image)
        image = art.grain(image, theme.background.grain)
        self.image = ImageOps.mirror(image) if self.a.rtl else image
        self._band()
        if self.a.card.photo is not None and layout.photo:
            self._photo(self.a.card.photo, layout.photo)

    def _art(self, image: Image.Image) -> Image.Image:
        layout = self.layout
        for look in self.a.theme.art:
            second = look.second or look.colour
            if look.kind == "flame" and layout.art:
                image = art.flame(image, layout, layout.art, look.colour, second)
            elif look.kind == "rule":
                art.rule(image, layout, look.colour)
            elif look.kind == "steps" and layout.steps:
                art.steps(image, layout.steps, self.a.card.days_left or 0, look.colour, second)
        return image

    def _photo(self, data: bytes, at: Box) -> None:
        box = self._place(at)
        picture = photo.cover(photo.open_picture(data), (box.width, box.height))
        self.image.paste(picture, (box.left, box.top))
        if self.scrim:
            self._veil(self.scrim.fill)
        else:
            self._band()

    def _band(self) -> None:
        """Paint the foot's band, over the lower edge of a photo too."""
        band, foot = self.layout.band, self.a.theme.foot
        if band and foot.band:
            over = ImageOps.mirror(self.image) if self.a.rtl else self.image
            art.band(over, band, foot.slant * self.layout.size[0], foot.band)
            self.image = ImageOps.mirror(over) if self.a.rtl else over

    # ── words over a photo ──

    def _veil(self, fill: Colour) -> None:
        """Darken the photo under the words just enough, from nothing above them."""
        width, height = self.layout.size
        top = self._message_top() - round(0.05 * self.layout.unit)
        fade = round(0.3 * self.layout.unit)
        ramp = bytes(_ease((y - top + fade) / fade) for y in range(height))
        column = Image.frombytes("L", (1, height), ramp)
        photo_alone = self.image
        for percent in range(30, 101, 5):
            mask = column.point([v * percent // 100 for v in range(256)]).resize((width, height))
            self.image = Image.composite(Image.new("RGB", (width, height), fill), photo_alone, mask)
            if self._legible(top):
                return

    def _legible(self, top: int) -> bool:
        """Tell whether every colour written over the photo stands out from the worst ground it could meet."""
        look = self.a.theme.photo
        under = self.image.crop((self.layout.margin // 2, top, self.layout.size[0], self.layout.size[1]))
        low, high = zip(*(under.getchannel(at).getextrema() for at in range(3)), strict=True)
        grounds = [(int(c[0]), int(c[1]), int(c[2])) for c in (low, high)]
        inks = (look.message, look.accent, look.quiet)
        return all(contrast(ink, ground) >= READABLE + 0.4 for ink in inks for ground in grounds)

    # ── the words ──

    def words(self) -> None:
        """Write everything the card says."""
        self._label()
        self._message()
        self._figure()
        self._foot()

    def _message_top(self) -> int:
        box, block = self.layout.message, self.a.message
        free = box.height - block.height
        return box.top + (free if self.scrim else round(free * 0.45))

    def _message(self) -> None:
        block, box = self.a.message, self.layout.message
        colour = self.scrim.message if self.scrim else self.a.theme.message.colour
        if not self.a.card.photo:
            self._quote()
        baseline = self._message_top() + block.lines[0].ascent
        for ink in block.lines:
            self._write(ink, box.left - ink.hang, baseline, colour)
            baseline += block.leading

    def _quote(self) -> None:
        """Set the opening quotation mark of the language at the far side, under the words."""
        look = next((look for look in self.a.theme.art if look.kind == "quote"), None)
        if look:
            language = self.a.card.language
            mark = "“" if language.startswith(("en", "my", "am", "ti")) else "«"
            ink = line(mark, Style(language=language, font="serif"), 0.5 * self.layout.unit)
            top = self.layout.label.top
            self._write(ink, self.layout.message.right, top + ink.ascent, look.colour, end=True)

    def _label(self) -> None:
        ink, look, box = self.a.label, self.a.theme.label, self.layout.label
        if not ink:
            return
        shape = "block" if self.scrim else look.shape
        colour = self.scrim.accent if self.scrim else look.colour
        fill = self.scrim.fill if self.scrim else look.fill
        pad = 0 if shape == "plain" else round(0.72 * ink.size)
        high = round(max(1.95 * ink.size, ink.height + 0.7 * ink.size))
        frame = Box(box.left, box.top, box.left + ink.width + 2 * pad, box.top + high)
        at = self._place(frame)
        if shape == "pill":
            outline = art.rounded((at.width, at.height), at.height // 2, max(2, round(0.0034 * self.layout.unit)))
            self.image.paste(colour, (at.left, at.top), outline)
        elif shape == "block" and fill:
            self.image.paste(fill, at)
        plain_latin = self.a.card.label.isascii()
        middle = box.top + (high if shape != "plain" else round(1.2 * ink.size)) / 2
        rise = 0.357 * ink.size if plain_latin else (ink.ascent - ink.descent) / 2
        self._write(ink, box.left + pad, round(middle + rise), colour)

    def _figure(self) -> None:
        ink, caption, box = self.a.figure, self.a.caption, self.layout.art
        look = next((look for look in self.a.theme.art if look.kind == "figure"), None)
        if not (ink and box and look):
            return
        gap = round(0.03 * self.layout.unit)
        under = caption.height + gap if caption else 0
        middle = self._message_top() + self.a.message.height // 2 if self.layout.wide else (box.top + box.bottom) // 2
        top = min(max(middle - (ink.height + under) // 2, box.top), box.bottom - ink.height - under)
        centre = (
            (box.left + box.right) // 2
            if self.layout.wide
            else box.right - max(ink.width, caption.width if caption else 0) // 2
        )
        self._write(ink, centre - ink.width // 2, top + ink.ascent, look.colour)
        if caption:
            baseline = top + ink.height + gap + caption.ascent
            self._write(caption, centre - caption.width // 2, baseline, look.second or look.colour)

    def _foot(self) -> None:
        foot, look, unit = self.layout.foot, self.a.theme.foot, self.layout.unit
        tags, brand = self.a.tags, self.a.brand
        baseline = foot.bottom - round(0.012 * unit)
        if tags:
            self._write(tags, foot.left, baseline, self.scrim.accent if self.scrim else look.hashtag)
        quiet = self.scrim.quiet if self.scrim else look.brand
        stacked = self.a.stacked
        line_up = baseline - round((0.085 if self.scrim else 0.075) * unit) if stacked and tags else baseline
        edge = foot.left if stacked else foot.right
        mark = self._logo(edge, line_up, end=not stacked)
        if brand:
            self._write(brand, edge + mark, line_up, quiet, end=not stacked)

    def _logo(self, edge: int, baseline: int, *, end: bool) -> int:
        """Put the logo beside the brand's place; return by how many pixels the brand moves."""
        if self.a.card.logo is None:
            return 0
        side = self.layout.logo
        room = (side * 2 - round(0.018 * self.layout.unit), side)
        logo = photo.contain(photo.open_picture(self.a.card.logo, "logo"), room)
        left = edge - logo.width if end else edge
        top = baseline - round(0.012 * self.layout.unit) - logo.height // 2
        box = self._place(Box(left, top, left + logo.width, top + logo.height))
        self.image.paste(logo, (box.left, box.top), logo)
        moved = logo.width + round(0.018 * self.layout.unit)
        return -moved if end else moved


def _ease(share: float) -> int:
    """Return 0 to 255 for 0 to 1, without a corner at either end."""
    share = min(max(share, 0.0), 1.0)
    return round(255 * share * share * (3 - 2 * share))
