"""Pictures people send: opened with suspicion, turned upright, brought to sRGB, cropped to fill, never distorted."""

import io
import warnings
from typing import Any

from PIL import Image, ImageOps

from media.errors import Damaged, TooLarge
from media.photos import header as photo_header
from media.photos import srgb

_ENOUGH = 0.93  # so much of the size asked for will do, if a JPEG's decoder can give it at once: it saves half the time
_ANY_CARD = 2400  # pixels of the shorter side
_BAND = 256  # rows of the smaller picture made at a time
_BOMB = (1 << 20, 1 << 20)  # more than Pillow itself would open
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF's orientation
_SIDEWAYS = (5, 6, 7, 8)


def open_picture(data: bytes, what: str = "photo", *, longest: int | None = None) -> Image.Image:
    """Return the picture in `data` upright, in sRGB, as RGB or RGBA, first frame only.

    Args:
        data: the file.
        what: what the errors call it.
        longest: how many pixels of the longer side are needed; without it, those that any card needs. A picture with
            twice as many or more is made smaller on the way, which saves time and memory.

    Raises:
        NotAPicture: it isn't one of `media.photos.header.FORMATS`.
        Damaged: it can't be decoded.
        TooLarge: it has more pixels or bytes than can be opened safely.
        BadPicture: it would take too long to open.
    """
    image = _checked(data, what)
    times = max(image.size) / longest if longest else min(image.size) / _ANY_CARD
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn of what is refused or dropped anyway
            colours = _decoded(image, times)
            profile = image.info.get("icc_profile") or (srgb.profile_of(data) if data[4:8] == b"ftyp" else None)
            return _upright(srgb.convert(colours, profile), _orientation(image))
    except Exception as error:  # decoders raise anything at all over broken files
        if isinstance(error, MemoryError) or "memory" in str(error).lower():
            raise TooLarge(f"the {what} takes too much memory to open: make it smaller") from error
        raise _damaged(what) from error


def require(data: bytes, what: str = "photo") -> None:
    """Make sure from its header that the picture can be used. Raises as `open_picture` does."""
    _checked(data, what)


def size_of(data: bytes, what: str = "photo") -> tuple[int, int]:
    """Return the width and height in pixels of the upright picture, from its header. Raises as `open_picture` does."""
    image = _checked(data, what)
    return (image.height, image.width) if _orientation(image) in _SIDEWAYS else (image.width, image.height)


def _checked(data: bytes, what: str) -> Any:
    kind = photo_header.kind(data, what)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit is ours, below; Pillow only warns at its own
            image = _reader(kind)(io.BytesIO(data))
    except Image.DecompressionBombError:
        image = None
    except Exception as error:
        raise _damaged(what) from error
    photo_header.require_size(image.size if image else _BOMB, data, what)
    return image


def _reader(kind: str) -> Any:
    """Return the one class that may read this kind: left to choose, Pillow could take another for the same file."""
    if kind == "HEIC":
        from pillow_heif import HeifImageFile, options  # noqa: PLC0415  # 10 MB of libraries, only for who needs them

        options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False  # they may show something else
        options.DECODE_THREADS = 1
        return HeifImageFile
    if kind == "AVIF":
        from PIL import AvifImagePlugin  # noqa: PLC0415

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
        return AvifImagePlugin.AvifImageFile
    from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: PLC0415

    return {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PNG": PngImagePlugin.PngImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "WebP": WebPImagePlugin.WebPImageFile,
    }[kind]


def _decoded(image: Any, times: float) -> Image.Image:
    """Return the pixels, made smaller by a whole number where that leaves enough of them."""
    if image.format == "JPEG":
        part = max(n for n in (1, 2, 4, 8) if n <= max(times / _ENOUGH, 1))
        image.draft(None, (max(image.width // part, 1), max(image.height // part, 1)))
        times = 1  # the decoder does it
    image.load()
    return srgb.plain(image) if times < 2 else _in_bands(image, int(times))


def _in_bands(image: Image.Image, times: int) -> Image.Image:
    """Reduce a large picture a band at a time: changing its mode as a whole would double the memory it takes."""
    small = None
    for top in range(0, image.height, _BAND * times):
        bottom = min(top + _BAND * times, image.height)
        band = srgb.plain(image.crop((0, top, image.width, bottom))).reduce(times)
        small = small or Image.new(band.mode, (band.width, -(-image.height // times)))
        small.paste(band, (0, top // times))
    return small or image


def _orientation(image: Any) -> int:
    if image.format == "HEIF":
        return 1  # its decoder has turned it
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # a broken note on how the camera was held is no reason to refuse
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _damaged(what: str) -> Damaged:
    return Damaged(f"the {what} is damaged: save it again as a JPEG or PNG")


def cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return `image` scaled and cropped to fill `size`; more is cut below than above, where faces are."""
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS, centering=(0.5, 0.32))


def contain(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return `image` scaled to go into `size` whole, with its transparency."""
    return ImageOps.contain(image.convert("RGBA"), size, Image.Resampling.LANCZOS)
