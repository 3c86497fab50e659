"""Drawn art: fields of colour, grain, glow, a candle. Everything is computed, nothing is a stock picture.

Drawn for left-to-right; the canvas mirrors it. The same size gives the same pixels, always.
"""

import functools
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from media.colour import Colour, mix
from media.drawing.layout import Box, Layout

_FINE = 4  # shapes are drawn this many times larger, then reduced: smooth edges
_SEED = 1961


def field(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """Return a picture of `size` that goes from `top` to `bottom`."""
    rows = b"".join(bytes(mix(top, bottom, y / 255)) for y in range(256))
    column = Image.frombytes("RGB", (1, 256), rows).resize((1, size[1]), Image.Resampling.BICUBIC)
    return column.resize(size, Image.Resampling.NEAREST)


@functools.lru_cache(maxsize=4)
def _noise(size: tuple[int, int]) -> Image.Image:
    source = random.Random(_SEED)  # noqa: S311  # grain, not a secret: it must be the same every time
    one, other = (Image.frombytes("L", size, source.randbytes(size[0] * size[1])) for _ in range(2))
    return Image.blend(one, other, 0.5)


def grain(image: Image.Image, levels: int) -> Image.Image:
    """Return `image` with noise of about `levels` of 255: it hides the steps of slow changes."""
    if not levels:
        return image
    noise = _noise(image.size).point([round((value - 128) * levels / 64) + 128 for value in range(256)])
    return ImageChops.add(image, Image.merge("RGB", (noise, noise, noise)), offset=-128)


def _glow(image: Image.Image, centre: tuple[int, int], radius: float, light: Colour, power: float) -> None:
    """Add light to `image` that falls off from `centre` to nothing at `radius` pixels."""
    fall = Image.radial_gradient("L").point([round(255 * max(0.0, 1 - v / 181) ** power) for v in range(256)])
    side = round(radius * 2)
    left, top = centre[0] - side // 2, centre[1] - side // 2
    lit = Box(max(left, 0), max(top, 0), min(left + side, image.width), min(top + side, image.height))
    scale = fall.width / side  # only what of the light falls on the picture is made
    seen = ((lit.left - left) * scale, (lit.top - top) * scale, (lit.right - left) * scale, (lit.bottom - top) * scale)
    mask = fall.resize((lit.width, lit.height), Image.Resampling.BICUBIC, box=seen)
    shine = Image.merge("RGB", [mask.point([v * part // 255 for v in range(256)]) for part in light])
    image.paste(ImageChops.screen(image.crop(lit), shine), lit)


def _tongue(width: float, height: float, at: tuple[float, float], lean: float) -> list[tuple[float, float]]:
    """Return the outline of a flame whose foot stands `at` a point; `lean` moves its tip sideways."""
    right, left = [], []
    for step in range(61):
        rise = step / 60
        half = width / 2 * (rise**0.5) * ((1 - rise) ** 0.82) * 1.92
        shift = lean * math.sin(rise * math.pi * 0.85 - 0.35) * rise
        y = at[1] - height * rise
        right.append((at[0] + shift + half, y))
        left.append((at[0] + shift - half, y))
    return right + left[::-1]


def _soft(image: Image.Image, outline: list[tuple[float, float]], blur: float, fill: Colour, opacity: int) -> None:
    """Paint `outline` into `image` with an edge `blur` pixels soft, `opacity` of 255."""
    reach = math.ceil(blur * 3) + 1
    left, top = (math.floor(min(point[at] for point in outline)) - reach for at in range(2))
    right, bottom = (math.ceil(max(point[at] for point in outline)) + reach for at in range(2))
    mask = Image.new("L", ((right - left) * 2, (bottom - top) * 2))
    ImageDraw.Draw(mask).polygon([((x - left) * 2, (y - top) * 2) for x, y in outline], fill=opacity)
    mask = mask.filter(ImageFilter.GaussianBlur(blur * 2)).resize((right - left, bottom - top), Image.Resampling.BOX)
    image.paste(fill, (left, top), mask)


def _body(width: int, height: int, wax: Colour, light: Colour) -> Image.Image:
    """Return the candle's wax as RGBA: round, lit from above, going into the dark below."""
    columns = [x / max(1, width - 1) * 2 - 1 for x in range(width)]
    round_shade = bytes(round(255 * (0.52 + 0.48 * math.sqrt(max(0.0, 1 - (x + 0.18) ** 2 * 0.7)))) for x in columns)
    across = Image.frombytes("L", (width, 1), round_shade).resize((width, height))
    rows = []
    for y in range(256):
        depth = y / 255
        lit = mix(
            mix(mix(wax, (255, 196, 120), 0.5), light, 0.5 * math.exp(-depth * 6)),
            (38, 22, 20),
            min(0.86, depth**0.6 * 0.92),
        )
        rows.append(bytes(lit))
    down = Image.frombytes("RGB", (1, 256), b"".join(rows)).resize((width, height), Image.Resampling.BICUBIC)
    wax_picture = ImageChops.multiply(down, Image.merge("RGB", (across, across, across))).convert("RGBA")
    mask = Image.new("L", (width * _FINE, height * _FINE))
    rim = width * _FINE * 0.1
    draw = ImageDraw.Draw(mask)
    draw.rectangle((0, rim, width * _FINE, height * _FINE), fill=255)
    draw.ellipse((0, 0, width * _FINE - 1, rim * 2), fill=255)
    wax_picture.putalpha(mask.resize((width, height), Image.Resampling.LANCZOS))
    return wax_picture


def _pool(width: int, light: Colour) -> Image.Image:
    """Return the melted wax at the candle's top as RGBA."""
    height = max(2, round(width * 0.2))
    mask = Image.new("L", (width * _FINE, height * _FINE))
    ImageDraw.Draw(mask).ellipse((0, 0, width * _FINE - 1, height * _FINE - 1), fill=255)
    pool = field((width, height), mix(light, (255, 250, 225), 0.55), mix(light, (255, 236, 190), 0.35)).convert("RGBA")
    pool.putalpha(mask.resize((width, height), Image.Resampling.LANCZOS))
    return pool


def flame(image: Image.Image, layout: Layout, box: Box, light: Colour, wax: Colour) -> None:
    """Paint a burning candle into `image`, in `box`, standing on its lower edge, and the light it gives."""
    unit = layout.unit
    thick = round(0.104 * unit)
    tall = thick * 2.35
    centre = box.left + round(box.width * (0.5 if layout.wide else 0.75 if layout.qr else 0.6))
    centre = min(centre, box.right - round(0.6 * thick)) if layout.qr else centre
    top = round(layout.size[1] * 0.53) if layout.wide else box.top + round(tall * 1.02)
    foot = (float(centre), top - thick * 0.06)
    heart = (centre, round(foot[1] - tall * 0.36))
    for reach, share, power in ((1.25, 0.30, 1.7), (0.72, 0.38, 1.9), (0.3, 0.6, 1.8)):
        _glow(image, heart, reach * unit, mix((0, 0, 0), mix(light, (255, 90, 20), 0.35), share), power)
    image.paste(body := _body(thick, box.bottom - top, wax, light), (centre - thick // 2, top), body)
    pool = _pool(thick, light)
    image.paste(pool, (centre - thick // 2, top), pool)
    tongues = (
        (1.0, 1.0, mix(light, (255, 110, 10), 0.45), 0.045, 235),
        (0.8, 0.86, mix(light, (255, 196, 40), 0.75), 0.05, 255),
        (0.52, 0.6, (255, 246, 205), 0.07, 255),
    )
    for wide, high, tint, soft, opacity in tongues:
        outline = _tongue(thick * 1.06 * wide, tall * high, foot, -thick * 0.12)
        _soft(image, outline, soft * thick, tint, opacity)
    half, x, y = thick * 0.026, float(centre), float(top)
    bend = [(x, y + thick * 0.1), (x, y - thick * 0.12), (x + thick * 0.05, y - thick * 0.3)]
    wick = [(px - half, py) for px, py in bend] + [(px + half, py) for px, py in bend[::-1]]
    _soft(image, wick, thick * 0.008, (58, 34, 24), 255)


def band(image: Image.Image, box: Box, rise: float, fill: Colour, *, rtl: bool = False) -> None:
    """Paint the foot's band into `image`; its upper edge rises by `rise` pixels towards the far side."""
    lift = math.ceil(rise)
    size = (box.width, box.height + lift)
    mask = Image.new("L", (size[0], size[1] * _FINE))
    edge = [(0, lift * _FINE), (size[0], (lift - rise) * _FINE), (size[0], size[1] * _FINE), (0, size[1] * _FINE)]
    ImageDraw.Draw(mask).polygon(edge, fill=255)
    mask = mask.resize(size, Image.Resampling.BOX)
    image.paste(fill, (box.left, box.top - lift), ImageOps.mirror(mask) if rtl else mask)


def arch(image: Image.Image, unit: int, box: Box, light: Colour, pale: Colour) -> None:
    """Paint a barred window into `image`, in `box`, and the light that falls through it: no portrait is at hand."""
    wide = min(round(box.width * 0.58), round(box.height * 0.46))
    high = round(wide * 1.5)
    left, top = box.left + (box.width - wide) // 2, box.bottom - round(high * 1.36)
    heart = (left + wide // 2, top + round(high * 0.56))
    for reach, share in ((0.95, 0.2), (0.55, 0.26)):
        _glow(image, heart, reach * unit, mix((0, 0, 0), light, share), 1.9)
    mask = Image.new("L", (wide * _FINE, high * _FINE))
    draw = ImageDraw.Draw(mask)
    draw.ellipse((0, 0, wide * _FINE - 1, wide * _FINE - 1), fill=255)
    draw.rectangle((0, wide * _FINE // 2, wide * _FINE, high * _FINE), fill=255)
    _bars(draw, wide * _FINE, high * _FINE)
    mask = mask.resize((wide, high), Image.Resampling.BOX)
    _fall(image, mask, Box(left, top + round(high * 1.06), left + wide, box.bottom), light)
    shine = field((wide, high), mix(light, (120, 70, 60), 0.35), mix(light, pale, 0.75))
    image.paste(shine, (left, top), mask)


def _bars(draw: ImageDraw.ImageDraw, wide: int, high: int) -> None:
    """Take four upright bars and two across out of a window's light."""
    thick = wide * 0.045
    for share in (0.2, 0.4, 0.6, 0.8):
        draw.rectangle((wide * share - thick / 2, 0, wide * share + thick / 2, high), fill=0)
    for share in (0.36, 0.7):
        draw.rectangle((0, high * share - thick / 2, wide, high * share + thick / 2), fill=0)


def _fall(image: Image.Image, window: Image.Image, floor: Box, light: Colour) -> None:
    """Lay the window's light on the floor: leaning towards the start, fainter the further it falls."""
    (wide, high), lean = window.size, round(floor.height * 0.9)
    # Where a pixel of the floor is lit from: rows are the window's, upside down and flattened, moved as they fall.
    size = (wide + lean, floor.height)
    rows = (1, lean / floor.height, -lean, 0, -high / floor.height, high)
    shone = window.transform(size, Image.Transform.AFFINE, rows, Image.Resampling.BICUBIC)
    fade = Image.linear_gradient("L").rotate(180).point([round(value * 0.5) for value in range(256)]).resize(size)
    image.paste(light, (floor.left - lean, floor.top), ImageChops.multiply(shone, fade))


def sun(image: Image.Image, layout: Layout, box: Box, light: Colour, glow: Colour) -> None:
    """Paint a rising sun into `image`, its centre on the lower edge of `box`, and the rings of light around it.

    Where a QR code has its place, the rings go around the code: it is the sun.
    """
    unit, code = layout.unit, layout.qr
    radius = min(0.235 * unit, box.width / 2)
    if code and code.bottom + layout.quiet > box.bottom - radius:
        middle, clear = ((code.left + code.right) / 2, (code.top + code.bottom) / 2), 0.708 * code.width + layout.quiet
        for reach, share in ((2.3, 0.2), (1.6, 0.28), (1.0, 0.5)):
            _disc(image, middle, clear * reach, glow, round(255 * share))
        return
    centre = max((box.left + box.right) / 2, box.left + radius)
    for reach, share in ((2.5, 0.16), (1.95, 0.22), (1.45, 0.34)):
        _disc(image, (centre, box.bottom), radius * reach, glow, round(255 * share))
    _disc(image, (centre, box.bottom), radius, light, 255)


def _disc(image: Image.Image, centre: tuple[float, float], radius: float, fill: Colour, opacity: int) -> None:
    side = round(radius * 2)
    mask = Image.new("L", (side * 2, side * 2))
    ImageDraw.Draw(mask).ellipse((0, 0, side * 2 - 1, side * 2 - 1), fill=opacity)
    mask = mask.resize((side, side), Image.Resampling.BOX)
    image.paste(fill, (round(centre[0] - radius), round(centre[1] - radius)), mask)


def rule(image: Image.Image, layout: Layout, fill: Colour) -> None:
    """Paint an upright rule at the start, from the label's top to the foot's end."""
    left = layout.margin
    ImageDraw.Draw(image).rectangle(
        (left, layout.label.top, left + round(0.0125 * layout.unit) - 1, layout.foot.bottom - 1), fill=fill
    )


def steps(image: Image.Image, box: Box, lit: int, bright: Colour, pale: Colour) -> None:
    """Paint seven bars in `box`, a week; the first `lit` of them bright."""
    gap = max(2, box.height // 2)
    wide = (box.width - 6 * gap) / 7
    draw = ImageDraw.Draw(image)
    for day in range(7):
        left = box.left + day * (wide + gap)
        fill = bright if day < lit else pale
        draw.rectangle((round(left), box.top, round(left + wide) - 1, box.bottom - 1), fill=fill)


def rounded(size: tuple[int, int], radius: int, stroke: int = 0) -> Image.Image:
    """Return the mask of a rounded box of `size`: its outline `stroke` pixels thick, or filled."""
    mask = Image.new("L", (size[0] * _FINE, size[1] * _FINE))
    box = (0, 0, size[0] * _FINE - 1, size[1] * _FINE - 1)
    draw = ImageDraw.Draw(mask)
    if stroke:
        draw.rounded_rectangle(box, radius * _FINE, outline=255, width=stroke * _FINE)
    else:
        draw.rounded_rectangle(box, radius * _FINE, fill=255)
    return mask.resize(size, Image.Resampling.BOX)
