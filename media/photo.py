"""Pictures people send: opened with suspicion, turned upright, cropped to fill, never distorted or mirrored."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from media.errors import BadPicture

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_PIXELS = 50_000_000  # a 48-megapixel phone; a bomb has far more


def open_picture(data: bytes, what: str = "photo") -> Image.Image:
    """Return the picture in `data` upright, as RGB or RGBA, first frame only.

    Raises:
        BadPicture: it isn't one of FORMATS, is damaged, or has more than MOST_PIXELS.
    """
    image = _checked(data, what)
    try:
        if image.format == "JPEG":
            image.draft("RGB", (2400, 2400))  # a phone's photo is decoded at half size: four times faster
        upright = ImageOps.exif_transpose(image)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadPicture(f"the {what} is damaged: save it again as a JPEG or PNG") from error


def require(data: bytes, what: str = "photo") -> None:
    """Make sure from its header that the picture can be used. Raises as `open_picture` does."""
    _checked(data, what)


def _checked(data: bytes, what: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit is ours, below; Pillow only warns at its own
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise BadPicture(_too_large(what)) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        kinds = ", ".join(FORMATS)
        raise BadPicture(f"the {what} is no picture we can read: save it as one of {kinds}") from error
    if image.width * image.height > MOST_PIXELS:
        raise BadPicture(_too_large(what))
    return image


def _too_large(what: str) -> str:
    return f"the {what} has more than {MOST_PIXELS // 1_000_000} megapixels: make it smaller"


def cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return `image` scaled and cropped to fill `size`; more is cut below than above, where faces are."""
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS, centering=(0.5, 0.32))


def contain(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return `image` scaled to go into `size` whole, with its transparency."""
    return ImageOps.contain(image.convert("RGBA"), size, Image.Resampling.LANCZOS)
