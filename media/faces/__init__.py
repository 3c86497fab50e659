"""Faces: proposed by a detector, decided on by a person, covered so that nothing of them is left in the pixels."""

from PIL import Image

from media.faces import model as faces_model
from media.faces.film import bridge
from media.faces.mask import INK, RIM, cover, padded, with_margin
from media.order import Region

__all__ = ["INK", "RIM", "bridge", "cover", "find", "glance", "padded", "with_margin"]

_SIDES = (640, 1280)  # the longer side in pixels: for portraits, and for the small faces of a group
_QUICK = 480
_DEEP = 2  # a crowd is looked at in up to sixteen parts
_LEAST = 50  # of 100: false finds are a person's to remove, a missed face may go unseen
_LIFT = [round(255 * (value / 255) ** 0.5) for value in range(256)] * 3  # opens shadows: night, and light behind


def find(image: Image.Image, *, quick: bool = False) -> tuple[Region, ...]:
    """Return where faces are in an upright RGB picture, from the top down; the same for the same pixels.

    Args:
        image: the picture, of any size.
        quick: one look at 480 pixels instead of three at up to 1,280 (a tenth of the time); for a film's frames.

    Raises:
        NoDetector: the detector can't be loaded here.
    """
    if quick:
        return glance(image, _QUICK)
    found = _seen(image, _SIDES[0], lifted=False) + _seen(image, _SIDES[0], lifted=True)
    if max(image.size) > _SIDES[0]:
        found += _seen(image, min(_SIDES[1], max(image.size)), lifted=True, deep=_DEEP)
    return _sorted(_merged(found))


def glance(image: Image.Image, side: int) -> tuple[Region, ...]:
    """Return what one look finds with the picture's longer side at `side` pixels: faces of 12 pixels there or more."""
    return _sorted(_merged(_seen(image, side, lifted=True)))


def _sorted(regions: list[Region]) -> tuple[Region, ...]:
    return tuple(sorted(regions, key=lambda region: (region.top, region.left, region.bottom, region.right)))


def _seen(image: Image.Image, side: int, *, lifted: bool, deep: int = 0) -> list[Region]:
    """Return the faces in the picture scaled to a longer side of `side` pixels; a crowd in quarters, `deep` times."""
    scale = side / max(image.size)
    size = (max(round(scale * image.width), 1), max(round(scale * image.height), 1))
    small = image.convert("RGB")
    small = small if size == small.size else small.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    small = small.point(_LIFT) if lifted else small
    least = faces_model.SMALLEST
    room = (max(size[0], least), max(size[1], least))  # a strip gets a black edge
    faces = faces_model.look(*room, small.crop((0, 0, *room)).tobytes())
    if deep and len(faces) >= faces_model.MANY:
        return _quarters(image, side, deep - 1)
    regions = [_region(face, *size) for face in faces if face.confidence >= _LEAST]
    return [region for region in regions if region.left < region.right and region.top < region.bottom]


def _quarters(image: Image.Image, side: int, deep: int) -> list[Region]:
    """Look at a crowd in four parts, which overlap so that no face is cut in all."""
    found = []
    part = 0.58
    width, height = image.size
    for x in (0.0, 1 - part):
        for y in (0.0, 1 - part):
            box = (round(x * width), round(y * height), round((x + part) * width), round((y + part) * height))
            for near in _seen(image.crop(box), side, lifted=True, deep=deep):
                left, right = (x + part * at for at in (near.left, near.right))
                top, bottom = (y + part * at for at in (near.top, near.bottom))
                found.append(Region(left, top, min(right, 1.0), min(bottom, 1.0)))
    return found


def _region(face: faces_model.Seen, width: int, height: int) -> Region:
    def part(value: int, whole: int) -> float:
        return min(max(value / whole, 0.0), 1.0)

    return Region(part(face.left, width), part(face.top, height), part(face.right, width), part(face.bottom, height))


def _merged(regions: list[Region]) -> list[Region]:
    """Join what is one face seen twice: regions of about one size that lie on each other."""
    kept: list[Region] = []
    for region in regions:
        for at, other in enumerate(kept):
            if _shared(region, other) > 0.5 and 0.25 < _area(region) / _area(other) < 4:
                kept[at] = _union(region, other)
                break
        else:
            kept.append(region)
    return kept


def _union(one: Region, other: Region) -> Region:
    starts = (min(one.left, other.left), min(one.top, other.top))
    return Region(*starts, max(one.right, other.right), max(one.bottom, other.bottom))


def _area(region: Region) -> float:
    return (region.right - region.left) * (region.bottom - region.top)


def _shared(one: Region, other: Region) -> float:
    """Return how much of the smaller of two regions lies in the other, 0 to 1."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(wide, 0.0) * max(high, 0.0) / min(_area(one), _area(other))
