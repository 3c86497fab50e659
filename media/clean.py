"""A picture made anew from its pixels: nothing that a camera or an editor wrote beside them comes along."""

import io
from collections.abc import Sequence

from PIL import Image

from media import jpeg
from media.errors import BadPicture, NoDetector, Unfinished
from media.order import Cleaned, Region
from media.photos import jpegwalk, traces
from media.photos.picture import open_picture

_PAPER = (255, 255, 255)
_LEAST_SIDE = 8  # pixels


def photo(
    data: bytes,
    *,
    max_side: int = 2048,
    max_bytes: int = 5_000_000,
    cover_faces: bool = False,
    cover: Sequence[Region] = (),
    find_faces: bool = False,
    fine: bool = False,
) -> Cleaned:
    """Return a photo from outside as a fresh JPEG: upright, opaque, in sRGB, without metadata.

    Args:
        data: a JPEG, PNG, WebP, GIF, HEIC or AVIF file; of one that moves, the first frame is taken.
        max_side: the most its longer side may have, in pixels; about as much is kept.
        max_bytes: the most its file may have.
        cover_faces: look for faces and put an opaque block on each.
        cover: further places to cover, in parts of the upright picture: exactly these, rounded outwards to whole
            pixels, without a margin.
        find_faces: look for faces and say where they are, in parts of the upright picture.
        fine: keep letters and lines crisp, in a larger file: for drawings and maps.

    Raises:
        NotAPicture: it is of another kind.
        Damaged: it can't be decoded to its end.
        TooLarge: it has too many pixels or bytes to be opened safely.
        BadPicture: it is too small or narrow to be shown, or would take too long to open.
        TooManyBytes: it can't be made as small as `max_bytes`.
        NoDetector: faces can't be looked for on this machine.
    """
    sheet, clear = _sheet(data, "photo", max_side, cover)
    if min(sheet.size) < _LEAST_SIDE:
        raise BadPicture(
            f"the photo is {sheet.width} by {sheet.height} pixels: choose one that is large enough to be seen"
        )
    seen: tuple[Region, ...] = ()
    if cover_faces or find_faces or cover:
        from media import faces  # noqa: PLC0415  # the detector, only for who needs it

        seen = _seen(sheet, required=cover_faces) if cover_faces or find_faces else ()
        sheet = faces.cover(sheet, seen if cover_faces else (), exact=cover)
    made = jpeg.encode(sheet, max_bytes, fine=fine)
    _verify(made, sheet)
    return Cleaned(
        data=made,
        mime=jpeg.MIME,
        width=sheet.width,
        height=sheet.height,
        faces=seen,
        removed=(*traces.found(data), *(("transparency",) if clear else ())),
    )


def _seen(sheet: Image.Image, *, required: bool) -> tuple[Region, ...]:
    """Return where faces are; none on a machine without a detector, unless they are to be covered."""
    from media import faces  # noqa: PLC0415

    try:
        return faces.find(sheet)
    except NoDetector:
        if required:
            raise
        return ()


def _sheet(data: bytes, what: str, max_side: int, hidden: Sequence[Region]) -> tuple[Image.Image, bool]:
    """Return the pixels on fresh white paper, and whether any of them let the paper through.

    What is hidden is filled before the picture is made smaller: nothing of it is mixed into what lies beside it.
    """
    picture = open_picture(data, what, longest=max_side)
    for place in hidden:
        from media.faces.mask import INK, outwards  # noqa: PLC0415

        picture.paste((*INK, 255)[: len(picture.getbands())], outwards(place, *picture.size))
    longest = max(picture.size)
    if longest > max_side:
        size = (max(round(side * max_side / longest), 1) for side in picture.size)
        width, height = size
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", picture.size, _PAPER)
    # What was made transparent stays invisible: pasted through its own mask, never merely stripped of it.
    mask = picture.getchannel("A") if picture.mode == "RGBA" else None
    sheet.paste(picture, mask=mask)
    return sheet, mask is not None and mask.getextrema() != (255, 255)


def _verify(made: bytes, sheet: Image.Image) -> None:
    """Make sure that the file shows what it should, and holds nothing else. Raises Unfinished."""
    from PIL import JpegImagePlugin  # noqa: PLC0415

    try:
        again = JpegImagePlugin.JpegImageFile(io.BytesIO(made))
        sizes = (jpegwalk.size(made), again.size)
        again.draft(None, (max(again.width // 8, 1), max(again.height // 8, 1)))  # every bit read, few pixels made
        again.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise Unfinished from error
    if sizes != (sheet.size, sheet.size):
        raise Unfinished
