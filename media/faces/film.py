"""Faces through a film: from what was seen in each frame to masks that leave out no frame, or a clear refusal."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from media.errors import FacesLost
from media.faces.mask import with_margin
from media.order import Region

_GAP = 0.5  # seconds for which a face may go unseen between two sightings
_AROUND = 0.12  # seconds before and after each sighting for which its place stays covered
_LEAD = 0.4  # seconds by which a mask begins before a face's first sighting and stays after its last
_SURE = 0.4  # of a span's frames in which a face must be seen, once it was there for longer than a moment
_MOMENT = 0.5  # seconds
_EDGE = 0.02  # so near to the picture's edge, faces come and go

_NEARLY = 0.9  # of a face: so much of it under a place covered by hand, and it can't be lost there
_FOLLOWED = 3  # frames: who is seen in fewer is covered, but hardly a person to count

_Track = dict[int, Region]


class Followed(NamedTuple):
    """What `bridge` makes of a film.

    Attributes:
        masks: for every frame, in order, the regions to cover.
        faces: for everyone who was followed, the place in which the face moved, from the top down.
    """

    masks: list[tuple[Region, ...]]
    faces: tuple[Region, ...]


def bridge(seen: Sequence[tuple[Region, ...]], *, rate: float, covered: Sequence[Region] = ()) -> Followed:
    """Return the regions to cover in each frame of a film, from the faces that were seen in each, and whose they are.

    Sightings of one face are joined; short gaps between them are covered from where it was to where it is next; the
    mask comes earlier and stays longer than the face, and grows with its motion. `cover` adds its margin to each.

    Args:
        seen: for every frame, in order, what `find` returned.
        rate: frames a second.
        covered: places that are covered in every frame anyway: a face can't be lost there, and needs no mask.

    Raises:
        FacesLost: a face vanishes in the midst of the picture and one comes back there, or is seen too seldom.
    """
    tracks = _tracks(seen, math.ceil(_GAP * rate))
    for track in tracks:
        _require_often(track, rate, covered)
    _require_whole(tracks, rate, covered)
    masks: list[list[Region]] = [[] for _ in seen]
    around, lead = math.ceil(_AROUND * rate), math.ceil(_LEAD * rate)
    for track in tracks:
        _mask(track, masks, around, lead)
    return Followed(
        masks=[_sorted(region for region in mask if not _under(region, covered, 1.0)) for mask in masks],
        faces=_people(tracks, covered),
    )


def _people(tracks: list[_Track], covered: Sequence[Region]) -> tuple[Region, ...]:
    """Return one region for everyone outside the places covered by hand."""
    open_ones = [track for track in tracks if not all(_under(region, covered) for region in track.values())]
    followed = [track for track in open_ones if len(track) >= _FOLLOWED] or open_ones
    places = (_hull(list(track.values())) for track in followed)
    return tuple(sorted(places, key=lambda one: (one.top, one.left, one.bottom, one.right)))


def _sorted(regions: Iterable[Region]) -> tuple[Region, ...]:
    return tuple(sorted(set(regions), key=lambda one: (one.top, one.left, one.bottom, one.right)))


def _under(region: Region, covered: Sequence[Region], part: float = _NEARLY) -> bool:
    """Tell whether so large a part of a region lies under one of the places."""
    area = (region.right - region.left) * (region.bottom - region.top)
    for place in covered:
        wide = min(region.right, place.right) - max(region.left, place.left)
        high = min(region.bottom, place.bottom) - max(region.top, place.top)
        if wide > 0 and high > 0 and wide * high >= part * area:
            return True
    return False


def _tracks(seen: Sequence[tuple[Region, ...]], gap: int) -> list[_Track]:
    """Join sightings to tracks: frame number to region, the frames ascending, no more than `gap` unseen between."""
    done: list[_Track] = []
    going: list[_Track] = []
    for frame, regions in enumerate(seen):
        ended = [track for track in going if frame - _last(track) > gap + 1]
        done += ended
        going = [track for track in going if frame - _last(track) <= gap + 1]
        pairs = sorted(
            (distance, at, number)
            for at, track in enumerate(going)
            for number, region in enumerate(regions)
            if (distance := _apart(track[_last(track)], region)) < 1 + 0.15 * (frame - _last(track) - 1)
        )
        taken: set[int] = set()
        joined: set[int] = set()
        for _, at, number in pairs:
            if at not in joined and number not in taken:
                going[at][frame] = regions[number]
                joined.add(at)
                taken.add(number)
        going += [{frame: region} for number, region in enumerate(regions) if number not in taken]
    return sorted(done + going, key=lambda track: (min(track), track[min(track)]))


def _last(track: _Track) -> int:
    return next(reversed(track))


def _apart(one: Region, other: Region) -> float:
    """Return how far two regions are from being one place, in parts of their size; infinite if one is far larger."""
    wide, high = one.right - one.left, one.bottom - one.top
    wide_too, high_too = other.right - other.left, other.bottom - other.top
    if not 0.4 < math.sqrt(max(wide * high, 1e-9) / max(wide_too * high_too, 1e-9)) < 2.5:
        return math.inf
    across = (one.left + one.right - other.left - other.right) / (wide + wide_too)
    down = (one.top + one.bottom - other.top - other.bottom) / (high + high_too)
    return math.hypot(across, down)


def _require_often(track: _Track, rate: float, covered: Sequence[Region]) -> None:
    first, last = min(track), _last(track)
    frames = last - first + 1
    unseen = sum(
        later - earlier - 1
        for earlier, later in pairwise(track)
        if not (_under(track[earlier], covered) and _under(track[later], covered))
    )
    if frames > _MOMENT * rate and frames - unseen < _SURE * frames:
        place = _percent(_hull(list(track.values())))
        raise FacesLost(
            f"a face between second {first / rate:.1f} and {last / rate:.1f} is seen in only {frames - unseen} of "
            f"{frames} frames, too few to follow it, always within {place}: cover {place} (percent) by hand, or choose "
            "another film"
        )


def _require_whole(tracks: list[_Track], rate: float, covered: Sequence[Region]) -> None:
    """Refuse a film in which a face goes in the midst of the picture, and later there is one there again.

    Wherever and however large it is by then: nobody knows whether it was there, unseen, in between.
    """
    gap = math.ceil(_GAP * rate)
    for at, track in enumerate(tracks):
        last = _last(track)
        if _at_edge(track[last]):
            continue
        for later in tracks[at + 1 :]:
            first = min(later)
            if first - last <= gap or _at_edge(later[first]):
                continue
            if not (_under(track[last], covered) and _under(later[first], covered)):
                place = _percent(_hull([track[last], later[first]]))
                raise FacesLost(
                    f"a face is lost from sight between second {last / rate:.1f} and {first / rate:.1f}, last seen at "
                    f"{place}: cover {place} (percent) by hand, or choose another film"
                )


def _percent(region: Region) -> str:
    """Return the edges of a found place and its margin in percent, rounded outwards, as people write them."""
    left, top, right, bottom = with_margin(region)
    return f"{math.floor(left * 100)},{math.floor(top * 100)},{math.ceil(right * 100)},{math.ceil(bottom * 100)}"


def _at_edge(region: Region) -> bool:
    return min(region.left, region.top) < _EDGE or max(region.right, region.bottom) > 1 - _EDGE


def _mask(track: _Track, masks: list[list[Region]], around: int, lead: int) -> None:
    """Add one face's mask to every frame of its span and around it."""
    frames = list(track)
    at = 0  # of the sighting at or after the frame
    for frame in range(max(frames[0] - lead, 0), min(frames[-1] + lead + 1, len(masks))):
        while at < len(frames) - 1 and frames[at] < frame:
            at += 1
        low = high = at
        while low > 0 and frames[low] >= frame - around:
            low -= 1  # one sighting further back than the nearest: the way between two is covered too
        while high < len(frames) - 1 and frames[high] <= frame + around:
            high += 1
        box = _hull([track[number] for number in frames[low : high + 1]])
        unseen = min(abs(frame - number) for number in (frames[max(at - 1, 0)], frames[at]))
        masks[frame].append(_grown(box, 0.5 * unseen / max(lead, 1)))


def _hull(regions: list[Region]) -> Region:
    lefts, tops, rights, bottoms = zip(*regions, strict=True)
    return Region(min(lefts), min(tops), max(rights), max(bottoms))


def _grown(region: Region, by: float) -> Region:
    """Return the region larger on each side by a part of its size, within the picture."""
    wide, high = (region.right - region.left) * by, (region.bottom - region.top) * by
    starts = (max(region.left - wide, 0.0), max(region.top - high, 0.0))
    return Region(*starts, min(region.right + wide, 1.0), min(region.bottom + high, 1.0))
