"""Pictures for the tests of clean photos, made here and now."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

from media import clean
from media.order import Cleaned
from media.photos import srgb

Colour = tuple[int, int, int]
P3 = srgb.matrix_profile(((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)))
CORNERS = ("red", "green", "blue", "yellow")


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(colour: Any, mode: str = "RGB", size: tuple[int, int] = (64, 64)) -> Image.Image:
    """A picture of one colour."""
    return Image.new(mode, size, colour)


def opened(made: Cleaned) -> Image.Image:
    """The picture in what was made."""
    return Image.open(io.BytesIO(made.data))


def middle(data: bytes) -> Colour:
    """The colour in the middle of the cleaned picture."""
    picture = opened(clean.photo(data))
    red, green, blue = picture.getpixel((picture.width // 2, picture.height // 2))  # type: ignore[misc]
    return (red, green, blue)


def close(one: Colour, other: Colour, by: int = 4) -> bool:
    """Whether two colours look the same."""
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def quarters(size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A picture with another colour in each corner."""
    image = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for at, colour in enumerate(CORNERS):
        left, top = at % 2 * width, at // 2 * height
        image.paste(colour, (left, top, left + width, top + height))
    return image


def chunk(name: bytes, body: bytes) -> bytes:
    """One part of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def noted(**parts: Any) -> bytes:
    """EXIF with some tags, and the position and thumbnail if asked."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132], exif[0x013B] = "Canary", "Canary 9", "2026:03:02 12:00:00", "canary"
    exif.get_ifd(0x8769)[0x927C] = b"canary"
    exif.get_ifd(0x8769)[0xA431] = "canary"
    if parts.get("gps"):
        exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes()
