"""A picture made anew from its pixels: nothing that a camera or an editor wrote beside them comes along."""

from PIL import Image

from media.jpeg import encode
from media.order import Rendered
from media.photo import open_picture

LONGEST_SIDE = 2400
_PAPER = (255, 255, 255)


def clean(data: bytes, *, alt: str, max_bytes: int) -> Rendered:
    """Return a staff picture as a fresh JPEG of at most `max_bytes`: upright, opaque, without metadata.

    Raises:
        BadPicture: it isn't a picture, is damaged or too large.
    """
    picture = open_picture(data, "picture")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", picture.size, _PAPER)
    # What was made transparent stays invisible: pasted through its own mask, never merely stripped of it.
    sheet.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    return Rendered(data=encode(sheet, max_bytes), mime="image/jpeg", width=sheet.width, height=sheet.height, alt=alt)
