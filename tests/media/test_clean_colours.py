"""Photos' colours: whatever space and form they are kept in, they come out as sRGB, and what was erased stays so."""

from collections.abc import Callable
from typing import Any

import pillow_heif
import pytest
import pyvips
from PIL import Image, ImageCms

from media import clean
from media.photos import srgb
from tests.media.photos import P3, Colour, close, middle, plain, saved

pillow_heif.register_heif_opener()

ADOBE = srgb.matrix_profile(
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), (2.19921875, 1, 0, 0, 0)
)
WHITE = (255, 255, 255)


def by_hand(colour: Colour, rows: tuple[tuple[float, ...], ...], gamma: float | None = None) -> Colour:
    """Turn a colour of a wide space into sRGB with the matrix between their linear lights, as standards give it."""

    def light(value: float) -> float:
        if gamma:
            return float(value**gamma)
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    def seen(value: float) -> int:
        value = min(max(value, 0.0), 1.0)
        return round(255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055))

    lights = [light(value / 255) for value in colour]
    red, green, blue = (seen(sum(k * v for k, v in zip(row, lights, strict=True))) for row in rows)
    return (red, green, blue)


P3_ROWS = ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979))
ADOBE_ROWS = ((1.39836, -0.39836, 0.0), (0.0, 1.0, 0.0), (0.0, -0.04293, 1.04293))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize(
    ("profile", "rows", "gamma"),
    [(P3, P3_ROWS, None), (ADOBE, ADOBE_ROWS, 2.19921875)],
    ids=["Display P3", "Adobe RGB"],
)
def test_wide_colours_land_where_they_should(
    kind: str, profile: bytes, rows: tuple[tuple[float, ...], ...], gamma: float | None
) -> None:
    """A profile's colours are turned into sRGB's, as the standards' own matrices do it."""
    options = {} if kind == "PNG" else {"quality": 98}
    for colour in ((60, 160, 90), (200, 100, 60), (90, 180, 110)):
        data = saved(plain(colour), kind, icc_profile=profile, **options)
        assert close(middle(data), by_hand(colour, rows, gamma), by=6)
        assert not close(middle(data), colour)


def test_a_phones_colours_without_a_profile() -> None:
    """A HEIC file that names Display P3 by number is shown like one with a profile."""
    numbers = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 6, "full_range_flag": 1}
    data = saved(plain((60, 160, 90)), "HEIF", quality=98, **numbers)
    assert close(middle(data), by_hand((60, 160, 90), P3_ROWS))


def test_a_profile_that_is_srgb_changes_nothing() -> None:
    """The profile most pictures carry costs no time and no colour."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.effect_noise((80, 80), 90).convert("RGB")
    assert clean.photo(saved(picture, icc_profile=profile)).data == clean.photo(saved(picture, compress_level=1)).data


@pytest.mark.parametrize("profile", [b"no profile", P3[:200], b"\0" * 5_000_000, P3.replace(b"RGB ", b"CMYK")])
def test_a_broken_profile_counts_as_none(profile: bytes) -> None:
    """A picture isn't refused for what is written beside it."""
    assert close(middle(saved(plain((60, 160, 90)), "JPEG", quality=98, icc_profile=profile)), (60, 160, 90))


def cmyk(colour: tuple[int, int, int, int], **options: Any) -> bytes:
    """A CMYK JPEG with inverted values, as Adobe's programs and all others write it."""
    return saved(plain(colour, "CMYK"), "JPEG", quality=100, **options)


def ycck() -> bytes:
    """A JPEG of pure cyan in YCCK: red in YCbCr, and no black."""
    data = bytearray(cmyk((255 - 76, 255 - 85, 0, 0)))
    data[data.index(b"Adobe") + 11] = 2  # of its marker: the colour transform
    return bytes(data)


def deep(bands: list[int], kind: str) -> bytes:
    """A PNG with 16 bits a channel."""
    image = pyvips.Image.black(64, 64, bands=len(bands)) + bands
    return bytes(image.cast("ushort").copy(interpretation=kind).pngsave_buffer())


ODD: dict[str, tuple[Callable[[], bytes], Colour]] = {
    "CMYK": (lambda: cmyk((255, 0, 0, 0)), (0, 255, 255)),
    "CMYK black": (lambda: cmyk((0, 0, 0, 255)), (0, 0, 0)),
    "YCCK": (ycck, (0, 255, 255)),
    "grey JPEG": (lambda: saved(plain(90, "L"), "JPEG"), (90, 90, 90)),
    "grey with a colour profile": (lambda: saved(plain(90, "L"), "JPEG", icc_profile=P3), (90, 90, 90)),
    "16-bit grey": (lambda: deep([0x8080], "grey16"), (128, 128, 128)),
    "16-bit colour": (lambda: deep([0x8080, 0x4040, 0xC0C0], "rgb16"), (128, 64, 192)),
    "16-bit with alpha 0": (lambda: deep([0x8080, 0x4040, 0xC0C0, 0], "rgb16"), WHITE),
    "16-bit grey with alpha 0": (lambda: deep([0x8080, 0], "grey16"), WHITE),
    "1-bit white": (lambda: saved(plain(1, "1")), WHITE),
    "1-bit black": (lambda: saved(plain(0, "1")), (0, 0, 0)),
    "palette": (lambda: saved(plain((60, 160, 90)).quantize(4)), (60, 160, 90)),
    "palette, transparent": (lambda: saved(plain((60, 160, 90)).quantize(4), transparency=0), WHITE),
    "palette, half transparent": (
        lambda: saved(plain((60, 160, 90)).quantize(4), transparency=b"\x80"),
        (157, 207, 172),
    ),
    "grey with a transparent tone": (lambda: saved(plain(90, "L"), transparency=90), WHITE),
    "colour with a transparent one": (lambda: saved(plain((1, 2, 3)), transparency=(1, 2, 3)), WHITE),
    "grey with alpha 0": (lambda: saved(plain((90, 0), "LA")), WHITE),
    "grey with alpha": (lambda: saved(plain((90, 255), "LA")), (90, 90, 90)),
    "half transparent red": (lambda: saved(plain((255, 0, 0, 128), "RGBA")), (255, 127, 127)),
    "transparent WebP": (lambda: saved(plain((255, 0, 0, 0), "RGBA"), "WEBP", lossless=True, exact=True), WHITE),
    "transparent AVIF": (lambda: saved(plain((255, 0, 0, 0), "RGBA"), "AVIF", quality=98), WHITE),
    "transparent HEIC": (lambda: saved(plain((255, 0, 0, 0), "RGBA"), "HEIF", quality=98), WHITE),
    "transparent GIF": (lambda: saved(plain((255, 0, 0, 0), "RGBA"), "GIF"), WHITE),
}


@pytest.mark.parametrize(("make", "colour"), ODD.values(), ids=ODD.keys())
def test_odd_pixels_come_out_right(make: Callable[[], bytes], colour: Colour) -> None:
    """However pixels are kept, they look as their maker meant; what was made transparent is white."""
    assert close(middle(make()), colour)


def test_print_colours_follow_their_profile() -> None:
    """CMYK with a press's profile looks as another colour engine shows it, not as arithmetic would."""
    profile = bytes(pyvips.Operation.call("profile_load", "cmyk"))
    data = cmyk((200, 30, 20, 10), icc_profile=profile)
    red, green, blue = pyvips.Image.new_from_buffer(data, "").icc_transform("srgb", embedded=True)(32, 32)
    assert close(middle(data), (int(red), int(green), int(blue)), by=6)
    assert not close(middle(cmyk((200, 30, 20, 10))), (int(red), int(green), int(blue)), by=6)


def test_erased_pixels_never_come_back() -> None:
    """Two pictures that differ only where they are wholly transparent come out as the same bytes, at any size."""
    for size in ((200, 150), (3000, 400)):
        made = []
        for secret in ("red", "blue"):
            picture = Image.new("RGBA", size, "green")
            hidden = Image.new("RGBA", (60, 60), secret)
            hidden.putalpha(0)
            picture.paste(hidden, (40, 40))
            made.append(clean.photo(saved(picture), max_side=640).data)
        assert made[0] == made[1]
