"""Which part of a photo is shown: every face whole and with air around it, and none of them under words.

Pure arithmetic on parts of the upright photo; no pixel is touched.
"""

from collections.abc import Iterator, Sequence

from media.drawing.layout import Box
from media.order import Region

WHOLE = Region(0.0, 0.0, 1.0, 1.0)
_HEADS = ((0.45, 0.7, 0.45), (0.2, 0.55, 0.25))  # around a face, in parts of it: at the sides, hair, chin and neck
_FACES = ((0.1, 0.2, 0.1), (0.0, 0.0, 0.0))  # where no head can be had whole
_GROUP = 3  # people
_CLEAR = 0.35  # how far words keep from a face, in parts of it: a veil under them fades out before it
_STEPS = (8, 40)  # places tried for it, coarse ones first: cards with like words then show the same part


def window(
    photo: tuple[int, int],
    size: tuple[int, int],
    faces: Sequence[Region],
    words: Sequence[Box] = (),
    *,
    heads: bool = False,
) -> Region | None:
    """Return the part of a photo that fills `size`, or None if faces would be cut or lie under `words`.

    A head is shown whole, hair and chin too, wherever that can be had.

    Args:
        photo: width and height of the upright photo in pixels.
        size: width and height of the place it fills.
        faces: where faces are in the photo.
        words: where words stand in the place, in its pixels.
        heads: None too if only the faces proper would be whole.
    """
    ratio, wanted = photo[0] / photo[1], size[0] / size[1]
    across, down = min(1.0, wanted / ratio), min(1.0, ratio / wanted)
    for room in _HEADS if heads else (*_HEADS, *_FACES):
        kept = [_grown(face, *room) for face in faces]
        for left, top in _offsets(across, down, kept):
            part = Region(left, top, left + across, top + down)
            if all(_inside(face, part) for face in kept) and not any(
                shown.meets(box) for shown in on_card(faces, part, size, _CLEAR) for box in words
            ):
                return part
    return None


def is_wide_group(photo: tuple[int, int], faces: Sequence[Region]) -> bool:
    """Tell whether a photo shows several people beside each other, too wide for a column beside words."""
    if len(faces) < _GROUP or photo[0] <= photo[1]:
        return False
    return max(face.right for face in faces) - min(face.left for face in faces) > 0.5


def on_card(faces: Sequence[Region], part: Region, size: tuple[int, int], air: float = 0.0) -> list[Box]:
    """Return where `faces` lie in a place of `size` that shows `part` of the photo, each with `air` around it."""
    across, down = part.right - part.left, part.bottom - part.top
    return [
        Box(
            round((face.left - part.left) / across * size[0]),
            round((face.top - part.top) / down * size[1]),
            round((face.right - part.left) / across * size[0]),
            round((face.bottom - part.top) / down * size[1]),
        )
        for face in (_grown(face, air, air, air) for face in faces)
    ]


def _grown(face: Region, sides: float, above: float, below: float) -> Region:
    wide, high = face.right - face.left, face.bottom - face.top
    return Region(
        max(face.left - wide * sides, 0.0),
        max(face.top - high * above, 0.0),
        min(face.right + wide * sides, 1.0),
        min(face.bottom + high * below, 1.0),
    )


def _inside(face: Region, part: Region) -> bool:
    edge = 1e-6
    return (
        part.left - edge <= face.left
        and part.top - edge <= face.top
        and face.right <= part.right + edge
        and face.bottom <= part.bottom + edge
    )


def _offsets(across: float, down: float, faces: Sequence[Region]) -> Iterator[tuple[float, float]]:
    """Offer the places of the window, the best first: faces in the middle, a little above half the height."""
    free_x, free_y = 1.0 - across, 1.0 - down
    if faces:
        left, right = min(face.left for face in faces), max(face.right for face in faces)
        top, bottom = min(face.top for face in faces), max(face.bottom for face in faces)
        ideal = ((left + right) / 2 - across / 2, (top + bottom) / 2 - down * 0.42)
    else:
        ideal = (free_x / 2, free_y * 0.32)  # more is cut below than above, where faces are
    best = (min(max(ideal[0], 0.0), free_x), min(max(ideal[1], 0.0), free_y))
    yield best
    for steps in _STEPS if faces else ():
        others = [(free_x * step / steps, free_y * step / steps) for step in range(steps + 1)]
        yield from sorted(others, key=lambda at: abs(at[0] - best[0]) + abs(at[1] - best[1]))
