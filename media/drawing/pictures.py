"""The pictures a card shows, made ready once and kept for the next card: photo, logo, and where faces are.

A little is remembered, by content: a campaign sets many messages over one photo. What is returned is shared: copy it
before painting on it.
"""

import functools

from PIL import Image

from media.order import Card, Region
from media.photos import picture as photo

_PAPER = (255, 255, 255)
_LONGEST = 2000  # pixels of the longer side a photo is decoded to: enough for every card, and little memory


@functools.lru_cache(maxsize=1)
def _upright(data: bytes) -> Image.Image:
    """Return the photo as RGB; what was made transparent stays invisible, as white."""
    picture = photo.open_picture(data, longest=_LONGEST)
    if picture.mode == "RGB":
        return picture
    sheet = Image.new("RGB", picture.size, _PAPER)
    sheet.paste(picture, mask=picture.getchannel("A"))
    return sheet


@functools.lru_cache(maxsize=16)
def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and height of the upright photo in the pixels it is shown from. Raises BadPicture."""
    return _upright(data).size


@functools.lru_cache(maxsize=8)
def _found(data: bytes) -> tuple[Region, ...]:
    from media import faces  # noqa: PLC0415  # the detector, only for who doesn't know where faces are

    return faces.find(_upright(data))


def faces_of(card: Card) -> tuple[Region, ...]:
    """Return where faces are in the card's photo: as the card says, else as the detector sees them."""
    if card.photo is None:
        return ()
    return card.faces if card.faces is not None else _found(card.photo)


@functools.lru_cache(maxsize=2)
def _scaled(data: bytes, size: tuple[int, int]) -> Image.Image:
    return _upright(data).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


@functools.lru_cache(maxsize=2)
def shown(data: bytes, part: Region, size: tuple[int, int]) -> Image.Image:
    """Return `part` of the photo in `size` pixels.

    The whole photo is scaled once: the part moves with the words of each card, the scale stays.
    """
    width, height = size
    whole = (
        max(width, round(width / (part.right - part.left))),
        max(height, round(height / (part.bottom - part.top))),
    )
    left = min(round(part.left * whole[0]), whole[0] - width)
    top = min(round(part.top * whole[1]), whole[1] - height)
    return _scaled(data, whole).crop((left, top, left + width, top + height))


@functools.lru_cache(maxsize=2)
def logo(data: bytes, room: tuple[int, int]) -> Image.Image:
    """Return the logo, whole, in `room` (width and height), with its transparency (mode RGBA)."""
    return photo.contain(photo.open_picture(data, "logo"), room)
