"""Pictures of every unusual kind of pixel, and broken colour profiles: they come out looking as they were meant."""

import struct
import zlib
from collections.abc import Callable

from PIL import Image, ImageCms

from tests.hostile import bases, exif
from tests.hostile.case import Case
from tests.hostile.icc import profile
from tests.hostile.pieces import after_soi, chunk, ihdr, png, segment

_BLUE = (32, 64, 176)
_SIZE = (96, 64)


def _flat(colour: tuple[int, int, int], size: tuple[int, int] = _SIZE) -> Callable[[], Image.Image]:
    return lambda: Image.new("RGB", size, colour)


def _erased(kind: str, **options: object) -> bytes:
    """A picture whose left half, a red one, was rubbed out: alpha 0 over pixels that are still there."""
    image = Image.new("RGBA", _SIZE, (*_BLUE, 255))
    image.paste((255, 0, 0, 0), (0, 0, 48, 64))
    return bases.written(image, kind, **options)


def _half() -> Image.Image:
    image = Image.new("RGB", _SIZE, _BLUE)
    image.paste("white", (0, 0, 48, 64))
    return image


def _ycck() -> bytes:
    """A CMYK picture of 200, 60, 60, stored as YCCK: luma and chroma of its opposite."""
    luma = Image.new("RGB", _SIZE, (55, 195, 195)).convert("YCbCr").split()
    parts = [band.point(lambda value: 255 - value) for band in luma]  # what is written is turned round once more
    data = bases.written(Image.merge("CMYK", [*parts, Image.new("L", _SIZE, 0)]), "JPEG", subsampling=0)
    at = data.index(b"Adobe\0")
    return data[: at + 11] + b"\2" + data[at + 12 :]


def _sixteen(colour: int, *samples: int) -> bytes:
    row = b"\0" + struct.pack(f">{len(samples)}H", *samples) * 96
    return png(ihdr(*_SIZE, 16, colour), pixels=zlib.compress(row * 64))


def _few_bits(depth: int) -> bytes:
    """A picture of palette entry 1 in `depth` bits a pixel."""
    byte = sum(1 << at for at in range(0, 8, depth))
    row = b"\0" + bytes([byte]) * (96 * depth // 8)
    palette = chunk(b"PLTE", bytes([255, 0, 0, *_BLUE]))
    return png(ihdr(*_SIZE, depth, 3), palette, pixels=zlib.compress(row * 64))


def _keyed() -> bytes:
    """A palette picture whose red entry is transparent."""
    image = Image.new("P", _SIZE, 1)
    image.putpalette([255, 0, 0, *_BLUE])
    image.paste(0, (0, 0, 48, 64))
    return bases.written(image, "PNG", transparency=0)


def _held(orientation: int) -> bytes:
    """`bases.picture()` as a camera stores it that was held so."""
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)  # transposes that undo the viewer's turn
    image = bases.picture() if turn is None else bases.picture().transpose(Image.Transpose(turn))
    return after_soi(bases.written(image, "JPEG"), segment(0xE1, b"Exif\0\0" + exif.turned(orientation)))


def _profiled(data: bytes, image: Image.Image | None = None) -> bytes:
    return bases.written(image or Image.new("RGB", _SIZE, _BLUE), "JPEG", icc_profile=data)


def _wide(space: str) -> Callable[[], Image.Image]:
    """What a picture of 200, 60, 60 in `space` is in sRGB, by the colour engine itself."""

    def shown() -> Image.Image:
        import io

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile(b"x", space)))
        image = ImageCms.profileToProfile(
            Image.new("RGB", _SIZE, (200, 60, 60)), source, ImageCms.createProfile("sRGB")
        )
        assert image
        return image

    return shown


def _proper() -> list[Case]:
    cmyk = Image.new("RGB", _SIZE, (200, 60, 60)).convert("CMYK")
    warm = Image.new("RGB", _SIZE, (200, 60, 60))
    made: dict[str, tuple[Callable[[], bytes], Callable[[], Image.Image]]] = {
        "cmyk-adobe": (lambda: bases.written(cmyk, "JPEG"), _flat((200, 60, 60))),
        "ycck": (_ycck, _flat((200, 60, 60))),
        "grey-16": (lambda: _sixteen(0, 0x8000), _flat((128, 128, 128))),
        "grey-16-dark": (lambda: _sixteen(0, 0x0200), _flat((2, 2, 2))),
        "rgb-16": (lambda: _sixteen(2, 0x2000, 0x4000, 0xB000), _flat(_BLUE)),
        "rgba-16": (lambda: _sixteen(6, 0x2000, 0x4000, 0xB000, 0xFFFF), _flat(_BLUE)),
        "rgba-16-erased": (lambda: _sixteen(6, 0xFFFF, 0, 0, 0), _flat((255, 255, 255))),
        "la-16-erased": (lambda: _sixteen(4, 0, 0), _flat((255, 255, 255))),
        "one-bit": (lambda: bases.written(Image.new("1", _SIZE, 1), "PNG"), _flat((255, 255, 255))),
        **{f"palette-{depth}": ((lambda d=depth: _few_bits(d)), _flat(_BLUE)) for depth in (1, 2, 4, 8)},
        "palette-transparent": (_keyed, _half),
        "la": (lambda: bases.written(Image.new("LA", _SIZE, (90, 255)), "PNG"), _flat((90, 90, 90))),
        "la-erased": (lambda: bases.written(Image.new("LA", _SIZE, (0, 0)), "PNG"), _flat((255, 255, 255))),
        "grey-keyed": (lambda: bases.written(Image.new("L", _SIZE, 0), "PNG", transparency=0), _flat((255, 255, 255))),
        "rgb-keyed": (
            lambda: bases.written(Image.new("RGB", _SIZE, "red"), "PNG", transparency=(255, 0, 0)),
            _flat((255, 255, 255)),
        ),
        "erased-png": (lambda: _erased("PNG"), _half),
        "erased-webp": (lambda: _erased("WEBP", lossless=True, exact=True), _half),
        "erased-webp-lossy": (lambda: _erased("WEBP", exact=True), _half),
        "erased-avif": (lambda: _erased("AVIF"), _half),
        "erased-heic": (lambda: _erased("HEIF"), _half),
        "erased-gif": (lambda: _erased("GIF"), _half),
        "half-seen": (lambda: bases.written(Image.new("RGBA", _SIZE, (0, 0, 0, 128)), "PNG"), _flat((127, 127, 127))),
        "grey-jpeg": (lambda: bases.written(Image.new("L", _SIZE, 77), "JPEG"), _flat((77, 77, 77))),
        "progressive": (lambda: bases.written(bases.picture(), "JPEG", progressive=True), bases.picture),
        "interlaced": (lambda: png(ihdr(8, 8, 8, 2, 1), pixels=zlib.compress(_adam7())), _flat(_BLUE, (8, 8))),
        "profile-p3": (lambda: _profiled(profile(b"x", "Display P3"), warm), _wide("Display P3")),
        "profile-adobe": (lambda: _profiled(profile(b"x", "Adobe RGB"), warm), _wide("Adobe RGB")),
        "profile-srgb": (lambda: _profiled(profile(b"x")), _flat(_BLUE)),
        **{f"orientation-{n}": ((lambda n=n: _held(n)), bases.picture) for n in (1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 65_535)},
    }
    return [Case(name=name, make=make, fate="cleaned", like=like) for name, (make, like) in made.items()]


def _adam7() -> bytes:
    """An interlaced picture of 8 x 8 in one colour: seven passes, each row with its filter byte."""
    sizes = ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4))
    return b"".join((b"\0" + bytes(_BLUE) * wide) * high for wide, high in sizes)


def _doubtful() -> list[Case]:
    """Profiles that can't be right, kinds outside the allow-list, and shapes that nobody can look at."""
    srgb = profile(b"x")
    profiles = {
        "profile-empty": b"",
        "profile-rubbish": b"rubbish" * 99,
        "profile-cut": srgb[:200],
        "profile-of-cmyk": srgb.replace(b"RGB ", b"CMYK", 1),
        "profile-of-grey": srgb.replace(b"RGB ", b"GRAY", 1),
        "profile-of-lab": srgb.replace(b"XYZ ", b"Lab ", 1),
        "profile-tags-huge": srgb[:128] + b"\xff\xff\xff\xff" + srgb[132:],
        "profile-offsets-huge": srgb[:132] + (b"rXYZ" + b"\xff" * 8) * 9 + srgb[240:],
        "profile-zero-columns": srgb.replace(b"XYZ \0\0\0\0", b"XYZ \0\0\0\1"),
        "profile-curve-huge": srgb.replace(b"curv\0\0\0\0\0\0\0\1", b"curv\0\0\0\0\xff\xff\xff\xff"),
        "profile-megabytes": srgb + bytes(4_000_000),
    }
    made: dict[str, Callable[[], bytes]] = {
        name: (lambda data=data: _profiled(data)) for name, data in profiles.items()
    }
    made |= {
        f"shape-{w}x{h}": (lambda w=w, h=h: bases.written(Image.new("RGB", (w, h), _BLUE), "PNG"))
        for w, h in ((1, 1), (1, 64), (64, 1), (1, 60_000), (60_000, 1), (2, 65_535), (9, 9), (30_000, 30))
    }
    made |= {
        f"shape-jpeg-{w}x{h}": (lambda w=w, h=h: bases.written(Image.new("RGB", (w, h), _BLUE), "JPEG"))
        for w, h in ((1, 1), (1, 65_500), (65_500, 1), (65_500, 700))
    }
    for mode in ("LAB", "F", "I", "I;16", "YCbCr", "CMYK"):
        made[f"tiff-{mode.lower().replace(';', '-')}"] = lambda mode=mode: bases.written(Image.new(mode, _SIZE), "TIFF")
    return [
        Case(name=name, make=make, fate="refused" if name.startswith("tiff") else "either")
        for name, make in made.items()
    ]


def cases() -> list[Case]:
    """Every kind of pixel."""
    return [*_proper(), *_doubtful()]
