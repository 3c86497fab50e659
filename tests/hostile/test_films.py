"""Films that lie about length, size, rate, tracks and boxes."""

import io
import time
from collections.abc import Callable
from operator import attrgetter

import av
import pytest
from PIL import Image

from media import video
from media.errors import VideoTooLarge
from media.sandbox import Sandbox
from tests.hostile import attack, bases, makers_films
from tests.hostile.case import Case


@pytest.mark.parametrize("case", makers_films.cases(), ids=attrgetter("name"))
def test_a_lying_film_is_refused_or_cleaned(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """Refused in plain words or cleaned within two seconds and 512 MB; what is opened comes out clean."""
    assert faults(case) == []


@pytest.mark.parametrize("hidden", ["first", "last"])
def test_what_an_editor_cut_off_stays_cut_off(sandbox: Sandbox, hidden: str) -> None:
    """Pictures that an edit list hides, as a phone's trimming does, are neither in the film nor its poster."""
    red, seen = Image.new("RGB", bases.SIDE, "red"), bases.picture()
    images = (red,) * 12 + (seen,) * 12 if hidden == "first" else (seen,) * 12 + (red,) * 12
    made = sandbox.video(io.BytesIO(makers_films.cut(bases.of(images), start=1 if hidden == "first" else 0, seconds=1)))
    with av.open(io.BytesIO(made.data)) as film:
        shown = [frame.to_image() for frame in film.decode(video=0)]
    assert 6 <= len(shown) <= 13
    for image in (*shown, bases.opened(made.poster)):
        assert bases.difference(image, seen) < attack.UNLIKE < bases.difference(image, red)


@pytest.mark.parametrize("name", ["million-free-boxes", "hundred-thousand-unknown", "moov-thousand-times"])
def test_boxes_without_number_are_counted_quickly(name: str) -> None:
    """A film of a hundred thousand boxes is refused in a quarter of a second of the processor's time."""
    data = next(case for case in makers_films.cases() if case.name == name).make()
    started = time.process_time()
    with pytest.raises(VideoTooLarge, match="pieces"):
        video.clean(io.BytesIO(data))
    assert time.process_time() - started < 0.25


def test_a_track_that_is_switched_off_stays_unseen(sandbox: Sandbox) -> None:
    """Of two tracks of pictures the one that players show is taken, though the hidden one comes first."""
    red = Image.new("RGB", bases.SIDE, "red")
    film = makers_films.with_hidden_track(bases.of((red,) * 12), bases.film(sound="", quiet=True))
    with av.open(io.BytesIO(film)) as file:
        assert bases.difference(next(file.decode(video=0)).to_image(), red) < attack.UNLIKE
    made = sandbox.video(io.BytesIO(film))
    assert bases.difference(bases.opened(made.data), bases.picture()) < attack.UNLIKE
    assert "other picture tracks" in made.removed
