"""Colours brought to sRGB, the one space every screen and network takes for granted."""

import functools
import io
import struct
from typing import Any

from PIL import Image

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_MOST_PROFILE = 4_000_000
_CLOSE = 2  # of 255: a profile that changes no colour more than this is sRGB under another name
# Red, green and blue in the profile's XYZ (adapted to D50), by the code points of ITU-T H.273 that HEIC and AVIF use.
_PRIMARIES = {
    12: ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),  # Display P3
    9: ((0.67348, 0.27904, -0.00194), (0.16566, 0.67534, 0.02998), (0.12505, 0.04561, 0.79686)),  # BT.2020
}
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def plain(image: Image.Image) -> Image.Image:
    """Return the pixels as L, RGB, RGBA or CMYK, whatever way they were kept; their colours stay as they are."""
    if image.mode in ("RGBA", "CMYK"):
        return image
    if image.mode == "La":
        return image.convert("LA").convert("RGBA")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode.startswith("I"):
        return _of_deep_grey(image)
    return image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")


def _of_deep_grey(image: Image.Image) -> Image.Image:
    """Return 16-bit grey as 8-bit: the upper byte, as the PNG specification has it."""
    return image.convert("I").point(lambda value: value * (1 / 256) + 0, "L")


def convert(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an L, RGB, RGBA or CMYK picture as RGB or RGBA in sRGB. A broken profile counts as none."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha else image
    made = _by_profile(colours, profile) if profile and len(profile) <= _MOST_PROFILE else None
    made = made or (colours if colours.mode == "RGB" else colours.convert("RGB"))
    if alpha:
        made.putalpha(alpha)
    return made


def profile_of(data: bytes) -> bytes | None:
    """Return an ICC profile for the primaries that a HEIC or AVIF file names by number; None for sRGB's."""
    at = data.find(b"colrnclx", 0, 1 << 20) + 8
    if at < 8:
        return None
    primaries = _PRIMARIES.get(int.from_bytes(data[at : at + 2]))
    return None if primaries is None else matrix_profile(primaries)


def matrix_profile(primaries: tuple[tuple[float, float, float], ...], curve: tuple[float, ...] = _SRGB_CURVE) -> bytes:
    """Return a minimal ICC profile of an RGB space.

    Args:
        primaries: X, Y, Z of red, green and blue, adapted to D50.
        curve: the numbers of a parametric curve of the ICC's type 3.
    """
    number = b"para" + struct.pack(">4xH2x5i", 3, *(round(v * 65536) for v in curve))
    tags = {
        name: b"XYZ " + struct.pack(">4x3i", *(round(v * 65536) for v in xyz))
        for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt"), (*primaries, (0.9642, 1.0, 0.8249)), strict=True)
    } | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), number)
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    head = struct.pack(">I4xI4s4s4s12x4s", at + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return head.ljust(128, b"\0") + table + body


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the picture by its profile, None where that changes nothing or can't be read."""
    from PIL import ImageCms  # noqa: PLC0415

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _SPACES[source.profile.xcolor_space]
        if mode == "CMYK" and image.mode != "CMYK":
            return None  # a leftover of another version of the picture
        change = ImageCms.buildTransform(source, _srgb(), mode, "RGB")
        if mode == "RGB" and image.mode != "CMYK" and _changes_little(change):
            return None
        return change.apply(image if image.mode == mode else image.convert(mode))
    except Exception:  # any fault of a profile: the picture is shown as if it had none
        return None


@functools.cache
def _srgb() -> Any:
    from PIL import ImageCms  # noqa: PLC0415

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _changes_little(change: Any) -> bool:
    """Try the change on colours from all over the cube: most pictures say that they are sRGB, and are left alone."""
    cube = bytes(v for r in range(0, 256, 51) for g in range(0, 256, 51) for b in range(0, 256, 51) for v in (r, g, b))
    after = change.apply(Image.frombytes("RGB", (36, 6), cube)).tobytes()
    return all(abs(one - other) <= _CLOSE for one, other in zip(cube, after, strict=True))
