"""Faces through a film: masks that leave out no frame of a face's span, or a refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import faces
from media.errors import FacesLost
from media.order import Region

RATE = 30.0
AROUND = 3  # frames before and after a sighting in which its place stays covered, at the least
Seen = list[tuple[Region, ...]]


def at(x: float, y: float = 0.5, size: float = 0.1) -> Region:
    """A face around a point."""
    return Region(max(x - size / 2, 0), max(y - size / 2, 0), min(x + size / 2, 1), min(y + size / 2, 1))


def holds(mask: tuple[Region, ...], face: Region) -> bool:
    """Whether one region of a mask has the whole face in it."""
    return any(
        region.left <= face.left
        and region.top <= face.top
        and face.right <= region.right
        and face.bottom <= region.bottom
        for region in mask
    )


def still(frames: int, unseen: range = range(0), x: float = 0.5) -> Seen:
    """A face that doesn't move, not seen in some frames."""
    return [() if frame in unseen else (at(x),) for frame in range(frames)]


@st.composite
def walks(draw: st.DrawFn) -> tuple[Seen, list[Region]]:
    """Up to three faces that wander, now and then unseen for up to half a second; and where each truly is."""
    frames = draw(st.integers(1, 90))
    seen: list[list[Region]] = [[] for _ in range(frames)]
    for _ in range(draw(st.integers(0, 3))):
        x, y = draw(st.floats(0.1, 0.9)), draw(st.floats(0.1, 0.9))
        hidden = draw(st.integers(0, 12))
        start = draw(st.integers(0, 60))
        for frame in range(frames):
            x = min(max(x + draw(st.sampled_from((-0.02, 0, 0, 0.02))), 0.1), 0.9)
            y = min(max(y + draw(st.sampled_from((-0.01, 0, 0, 0.01))), 0.1), 0.9)
            if not start <= frame < start + hidden:
                seen[frame].append(at(x, y))
    return [tuple(faces) for faces in seen], []


@settings(max_examples=60, deadline=None)
@given(walks())
def test_what_is_seen_is_covered_then_and_around(walk: tuple[Seen, list[Region]]) -> None:
    """Every sighting lies under one mask of its own frame and of the three before and after it."""
    seen, _ = walk
    try:
        masks = faces.bridge(seen, rate=RATE).masks
    except FacesLost:
        return
    assert len(masks) == len(seen)
    for frame, sightings in enumerate(seen):
        for face in sightings:
            for near in range(max(frame - AROUND, 0), min(frame + AROUND + 1, len(seen))):
                assert holds(masks[near], face)


regions = st.builds(at, st.floats(0.06, 0.94), st.floats(0.06, 0.94), st.sampled_from((0.04, 0.1, 0.3)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(regions, max_size=3).map(tuple), max_size=40), st.sampled_from((5.0, 25.0, 60.0)))
def test_anything_seen_is_covered_or_refused(seen: Seen, rate: float) -> None:
    """Whatever a detector may say, no sighting is left bare: it is under a mask, or the film is refused."""
    try:
        masks = faces.bridge(seen, rate=rate).masks
    except FacesLost:
        return
    assert all(holds(masks[frame], face) for frame, faces_there in enumerate(seen) for face in faces_there)
    assert all(0 <= r.left < r.right <= 1 and 0 <= r.top < r.bottom <= 1 for mask in masks for r in mask)


@pytest.mark.parametrize("gap", [1, 5, 15])
def test_a_short_gap_is_bridged(gap: int) -> None:
    """A face that isn't seen for up to half a second is covered in every frame between."""
    masks = faces.bridge(still(60, range(20, 20 + gap)), rate=RATE).masks
    assert all(holds(mask, at(0.5)) for mask in masks)


def test_a_gap_of_a_moving_face_is_covered_along_its_way() -> None:
    """Where the face must have been while nobody saw it is covered in each of those frames."""
    way = [at(0.2 + 0.008 * frame) for frame in range(60)]
    seen = [() if 24 <= frame < 32 else (face,) for frame, face in enumerate(way)]
    masks = faces.bridge(seen, rate=RATE).masks
    assert all(holds(mask, face) for mask, face in zip(masks, way, strict=True))


def test_a_mask_comes_before_the_face_and_stays_after_it() -> None:
    """A third of a second before the first sighting and after the last, the place is covered."""
    seen: Seen = [()] * 30 + still(30) + [()] * 30
    masks = faces.bridge(seen, rate=RATE).masks
    assert all(holds(mask, at(0.5)) for mask in masks[20:70])
    assert masks[0] == masks[-1] == ()


def test_a_face_that_is_lost_for_longer_is_refused() -> None:
    """A face that vanishes in the midst of the picture for a second and is there again can't be covered: say so."""
    with pytest.raises(FacesLost, match=r"second 0\.\d and 1\.\d, last seen at 43,41,58,57: cover 43,41,58,57 "):
        faces.bridge(still(90, range(20, 50)), rate=RATE)


def test_a_face_that_leaves_at_the_edge_may_come_back() -> None:
    """Who walks out of the picture isn't lost."""
    out = [(at(0.5 + 0.02 * frame),) for frame in range(25)]
    seen: Seen = [*out, *[()] * 40, *reversed(out)]
    masks = faces.bridge(seen, rate=RATE).masks
    assert all(holds(mask, face[0]) for mask, face in zip(masks, seen, strict=True) if face)
    assert masks[45] == ()


def test_a_face_seen_too_seldom_is_refused() -> None:
    """In one frame of ten over two seconds: what is between isn't known."""
    seen: Seen = [(at(0.5),) if frame % 10 == 0 else () for frame in range(60)]
    with pytest.raises(FacesLost, match="only 6 of 51 frames"):
        faces.bridge(seen, rate=RATE)


def test_a_passing_mistake_of_the_detector_is_only_covered() -> None:
    """A face that is seen in a single frame doesn't spoil the film."""
    seen: Seen = [()] * 20 + [(at(0.3),)] + [()] * 20
    masks = faces.bridge(seen, rate=RATE).masks
    assert holds(masks[20], at(0.3))
    assert masks[0] == ()


def test_two_faces_that_pass_each_other_stay_covered() -> None:
    """Neither is bare while they cross."""
    seen: Seen = [(at(0.2 + 0.01 * f, 0.5), at(0.8 - 0.01 * f, 0.55)) for f in range(60)]
    masks = faces.bridge(seen, rate=RATE).masks
    assert all(holds(mask, face) for mask, pair in zip(masks, seen, strict=True) for face in pair)


def test_a_fast_face_has_a_larger_mask() -> None:
    """The mask grows with the motion."""
    slow = faces.bridge([(at(0.3 + 0.001 * f),) for f in range(30)], rate=RATE).masks[15][0]
    fast = faces.bridge([(at(0.2 + 0.02 * f),) for f in range(30)], rate=RATE).masks[15][0]
    assert fast.right - fast.left > 1.5 * (slow.right - slow.left)


def test_a_film_without_faces_has_no_masks() -> None:
    """Nothing seen, nothing covered; no frames, no masks."""
    assert faces.bridge([()] * 5, rate=RATE).masks == [()] * 5
    assert faces.bridge([], rate=RATE).masks == []


def test_a_face_is_not_lost_under_a_place_covered_by_hand() -> None:
    """The place that a refusal names, covered, cures it; what lies in it is neither masked nor counted."""
    seen = still(90, range(20, 50))
    with pytest.raises(FacesLost) as told:
        faces.bridge(seen, rate=RATE)
    edges = str(told.value).split("cover ")[1].split(" ")[0].split(",")
    place = Region(*(int(edge) / 100 for edge in edges))
    followed = faces.bridge(seen, rate=RATE, covered=(place,))
    assert followed.masks[0] == followed.masks[-1] == ()
    assert followed.faces == ()


def test_everybody_followed_is_counted_once() -> None:
    """Five people who move across each other's places are five; a single frame's mistake isn't one of them."""
    seen = [tuple(at(0.1 + 0.15 * n + 0.003 * f, 0.5, 0.1) for n in range(5)) for f in range(60)]
    seen[30] = (*seen[30], at(0.5, 0.1))
    assert len(faces.bridge(seen, rate=RATE).faces) == 5


@pytest.mark.parametrize("back", [at(0.75), at(0.5, size=0.3), at(0.2, 0.7)])
def test_wherever_a_face_comes_back_it_was_lost_in_between(back: Region) -> None:
    """Two seconds unseen, then there again, further on or larger: nobody knows that it was away, so it is refused."""
    with pytest.raises(FacesLost, match="last seen at"):
        faces.bridge([(at(0.5),)] * 30 + [()] * 60 + [(back,)] * 30, rate=RATE)
