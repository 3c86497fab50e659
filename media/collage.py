"""A collage: one picture of many approved photos for an action, with the action's words among them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from PIL import Image

from media import card as cards
from media import collage_panel, faces, jpeg
from media.collage_plan import Plan, plan
from media.colour import Colour
from media.drawing import crop
from media.errors import WrongNumber
from media.order import Card, Region, Rendered
from media.photos import picture as photo
from media.text import script
from media.theme import load

FEWEST, MOST = 4, 400
_LOOK = (160, 480)  # the least and most pixels of the longer side in which faces are looked for
_AIR = 0.3  # around faces too far apart for their tile, in parts of a face's height
_THREADS = 2  # decoders and detector run beside each other; more only take memory
_LEADS = {
    "ar": "فسيفساء صور عددها {}.",
    "be": "Мазаіка з фотаздымкаў: {}.",
    "de": "Ein Mosaik aus {} Fotos.",
    "en": "A mosaic of {} photos.",
    "es": "Un mosaico de {} fotos.",
    "fa": "تصویری موزاییکی از {} عکس.",
    "fr": "Une mosaïque de {} photos.",
    "prs": "تصویری موزاییکی از {} عکس.",
    "ru": "Мозаика из фотографий: {}.",
    "zh": "由{}张照片组成的拼图。",
}  # a language that isn't here says the words alone
_T = TypeVar("_T")
_R = TypeVar("_R")


def render(
    photos: Sequence[bytes], card: Card, *, size: tuple[int, int] = (1200, 675), max_bytes: int = 5_000_000
) -> Rendered:
    """Make one picture of `size` (width and height in pixels) from 4 to 400 photos, in their order.

    No photo is tinted, distorted or mirrored, and none is cropped through a face. The card says what is written and
    in which theme; its own photo, figure and link aren't shown.

    Raises:
        WrongNumber: fewer than 4 photos or more than 400.
        BadPicture: a photo can't be used; the message tells which, counted from 1.
        NoDetector: faces can't be looked for on this machine.
        UnknownTheme: there is no theme of that name.
        NoMessage, MissingGlyphs, TextTooLong, BadSize: as for a card.
        TooManyBytes: it can't be made as small as `max_bytes`.
    """
    if not FEWEST <= len(photos) <= MOST:
        change = "add some" if len(photos) < FEWEST else "choose among them"
        raise WrongNumber(f"a collage takes {FEWEST} to {MOST} photos, and there are {len(photos)}: {change}")
    theme = load(card.theme)
    image = Image.new("RGB", size, theme.background.bottom)
    shapes = [wide / high for wide, high in _sizes(photos)]
    places = plan(shapes, size)
    if script.right_to_left(card.language):
        places = places.mirrored()
    collage_panel.paint(image, places.panel, card, theme)
    _paste(image, photos, places, theme.background.top)
    words = replace(card, photo=None, logo=None, link="", days_left=None)
    return Rendered(
        data=jpeg.encode(image, max_bytes),
        mime=jpeg.MIME,
        width=size[0],
        height=size[1],
        alt=_alt(words, len(photos)),
    )


def _alt(card: Card, count: int) -> str:
    lead = _LEADS.get(card.language.replace("_", "-").split("-")[0].lower(), "").format(count)
    return f"{lead} {cards.alt(card)}".strip()[: cards.MOST_ALT]


def _name(number: int, count: int) -> str:
    return f"photo {number} of {count}"


def _sizes(photos: Sequence[bytes]) -> list[tuple[int, int]]:
    return [photo.size_of(data, _name(number, len(photos))) for number, data in enumerate(photos, 1)]


def _paste(image: Image.Image, photos: Sequence[bytes], places: Plan, ground: Colour) -> None:
    """Put every photo into its tile; decoded beside each other, pasted in their order."""
    named = [(data, _name(number, len(photos))) for number, data in enumerate(photos, 1)]
    jobs = list(zip(named, places.tiles, strict=True))
    tiles = _beside(lambda job: _tile(job[0], (job[1].width, job[1].height), ground), jobs)
    for tile, box in zip(tiles, places.tiles, strict=True):
        image.paste(tile, (box.left, box.top))


def _beside(work: Callable[[_T], _R], jobs: Sequence[_T]) -> list[_R]:
    """Return the results in the jobs' order; the first error, in that order, is raised."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, jobs))


def _tile(named: tuple[bytes, str], size: tuple[int, int], ground: Colour) -> Image.Image:
    """Return a photo cropped to fill a tile, its faces whole; shown whole on `ground` where no crop keeps them so."""
    data, what = named
    side = min(max(2 * max(size), _LOOK[0]), _LOOK[1])
    picture = photo.open_picture(data, what, longest=max(side, round(1.4 * max(size))))
    if picture.mode != "RGB":
        sheet = Image.new("RGB", picture.size, ground)
        sheet.paste(picture, mask=picture.getchannel("A"))
        picture = sheet
    part = window(picture.size, size, faces.glance(picture, side))
    width, height = picture.size
    box = (part.left * width, part.top * height, part.right * width, part.bottom * height)
    scale = min(size[0] / (box[2] - box[0]), size[1] / (box[3] - box[1]))
    fitted = (min(round((box[2] - box[0]) * scale), size[0]), min(round((box[3] - box[1]) * scale), size[1]))
    shown = picture.resize((max(fitted[0], 1), max(fitted[1], 1)), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    if shown.size == size:
        return shown
    sheet = Image.new("RGB", size, ground)
    sheet.paste(shown, ((size[0] - shown.width) // 2, (size[1] - shown.height) // 2))
    return sheet


def window(picture: tuple[int, int], size: tuple[int, int], found: Sequence[Region]) -> Region:
    """Return the part of a picture that a tile of `size` shows: every face whole.

    It has the tile's shape, or where the faces are too far apart for that, the nearest shape that holds them all.
    """
    if part := crop.window(picture, size, found):
        return Region(part.left, part.top, min(part.right, 1.0), min(part.bottom, 1.0))
    ratio, wanted = picture[0] / picture[1], size[0] / size[1]
    air = _AIR * max(face.bottom - face.top for face in found)
    if wanted < ratio:
        left, right = min(face.left for face in found) - air, max(face.right for face in found) + air
        return Region(max(left, 0.0), 0.0, min(right, 1.0), 1.0)
    top, bottom = min(face.top for face in found) - air, max(face.bottom for face in found) + air
    return Region(0.0, max(top, 0.0), 1.0, min(bottom, 1.0))
