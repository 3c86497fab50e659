"""The bytes of a finished picture: a JPEG as good as a network's limit allows, and nothing but pixels in it."""

import io

from PIL import Image

from media.errors import TooManyBytes

MIME = "image/jpeg"
_QUALITIES = (92, 86, 78, 68, 55, 40)


def encode(image: Image.Image, most: int) -> bytes:
    """Return `image` as a JPEG of at most `most` bytes, as good as they allow, without metadata.

    Raises:
        TooManyBytes: even the coarsest we accept is larger.
    """
    for quality in _QUALITIES:
        out = io.BytesIO()
        # 4:4:4: red and yellow letters would fray with halved colour.
        image.save(out, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
        if out.tell() <= most:
            return out.getvalue()
    raise TooManyBytes(f"the card takes {out.tell():,} bytes at the least, and {most:,} are allowed")
