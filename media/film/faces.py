"""Faces in a film: looked for in every picture, and covered on the pixels before anything is encoded."""

from collections.abc import Iterable, Sequence

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from media import faces
from media.film.picture import BT709, frame_of, image
from media.film.reel import Picture, play
from media.film.source import Film
from media.order import Region

_LOOK = 480  # the longer side of the pictures that are searched, in pixels; `faces.find` would shrink them to that


def seen(film: Film, limit: float, max_side: int) -> list[tuple[Region, ...]]:
    """Return the faces of every picture the cleaned film will have. Raises as `video_reel.play`, and NoDetector."""
    found = []
    reformatter = VideoReformatter()
    for item in play(film, limit=limit, max_side=max_side, sound=False):
        if isinstance(item, Picture):
            width, height = item.frame.width, item.frame.height
            scale = min(1.0, _LOOK / max(width, height))
            small = reformatter.reformat(
                item.frame, round(width * scale), round(height * scale), format="rgb24", threads=1
            )
            found.append(faces.find(image(small), quick=True))
    return found


class Cover:
    """Covers places of pictures with an opaque colour."""

    def __init__(self) -> None:
        self._inward, self._outward = VideoReformatter(), VideoReformatter()

    def hide(self, frame: VideoFrame, regions: Sequence[Region]) -> VideoFrame:
        """Return the picture (yuv420p) with every region covered. Only the part around them is taken out and put back.

        To turn whole pictures into RGB and back would take twice the time of all the rest.
        """
        if not regions:
            return frame
        box = _around(regions, frame.width, frame.height)
        left, top, right, bottom = box
        piece = VideoFrame(right - left, bottom - top, "yuv420p")
        piece.colorspace, piece.color_range = frame.colorspace, frame.color_range
        _copy(frame, (left, top), piece, (0, 0), (piece.width, piece.height))
        seen = image(self._inward.reformat(piece, format="rgb24", src_colorspace=BT709, threads=1))
        inside = [_within(region, box, frame.width, frame.height) for region in regions]
        covered = frame_of(faces.cover(seen, inside), self._outward)
        frame.make_writable()  # the decoder may still need its own
        _copy(covered, (0, 0), frame, (left, top), (piece.width, piece.height))
        return frame


def _around(regions: Sequence[Region], width: int, height: int) -> tuple[int, int, int, int]:
    """Return the box in pixels, its edges even, that holds all that `faces.cover` paints for the regions."""
    boxes = []
    for region in regions:
        left, top, right, bottom = faces.padded(region, width, height)
        rim = min(right - left, bottom - top) // 5 + 8
        boxes.append((left - rim, top - rim, right + rim, bottom + rim))
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (
        min(max(min(lefts), 0), width - 2) // 2 * 2,
        min(max(min(tops), 0), height - 2) // 2 * 2,
        -(-min(max(*rights, 2), width) // 2) * 2,
        -(-min(max(*bottoms, 2), height) // 2) * 2,
    )


def _within(region: Region, box: tuple[int, int, int, int], width: int, height: int) -> Region:
    """Return the region as a part of `box`."""
    left, top, right, bottom = box
    return Region(
        (region.left * width - left) / (right - left),
        (region.top * height - top) / (bottom - top),
        (region.right * width - left) / (right - left),
        (region.bottom * height - top) / (bottom - top),
    )


def _copy(
    source: VideoFrame, start: tuple[int, int], target: VideoFrame, to: tuple[int, int], size: tuple[int, int]
) -> None:
    """Copy a part of one picture into another, row by row; both are yuv420p, all figures even."""
    for number, (inward, outward) in enumerate(zip(source.planes, target.planes, strict=True)):
        part = 2 if number else 1  # colour has half the size
        read, write = memoryview(inward).cast("B"), memoryview(outward).cast("B")
        length = size[0] // part
        for row in range(size[1] // part):
            at = (start[1] // part + row) * inward.line_size + start[0] // part
            put = (to[1] // part + row) * outward.line_size + to[0] // part
            write[put : put + length] = read[at : at + length]


def joined(seen: Iterable[tuple[Region, ...]]) -> tuple[Region, ...]:
    """Return all faces of a film as places: regions that overlap from picture to picture become one."""
    places: list[Region] = []
    for region in (one for some in seen for one in some):
        new = region
        for other in [place for place in places if _meet(place, new)]:
            places.remove(other)
            new = Region(
                min(new.left, other.left),
                min(new.top, other.top),
                max(new.right, other.right),
                max(new.bottom, other.bottom),
            )
        places.append(new)
    return tuple(sorted(places, key=lambda place: (place.top, place.left)))


def _meet(one: Region, other: Region) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom
