"""The door through which outside pictures come in."""

import functools
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from media.errors import NotAPicture, NotAVideo
from scheduler import cleaning
from tests.media.films import film


def saved(size: tuple[int, int] = (320, 200), kind: str = "JPEG") -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, kind)
    return out.getvalue()


def test_a_picture_is_cleaned_once() -> None:
    """The same bytes give the very same answer, without being opened again; others don't."""
    data = saved()
    assert cleaning.picture(data) is cleaning.picture(bytes(bytearray(data)))
    assert cleaning.picture(data) is not cleaning.picture(data, max_side=100)


def test_after_stopping_files_can_be_opened_again() -> None:
    """A stop gives up what is being opened, and no more than that."""
    assert cleaning.photo(saved()).width == 320
    cleaning.stop()
    assert cleaning.photo(saved((300, 200))).width == 300


def test_the_first_bytes_tell_a_film_from_a_photo() -> None:
    """Each goes its own way; what is neither is refused as such, a film with a fault in the fault's words."""
    assert cleaning.upload(io.BytesIO(saved(kind="PNG"))).mime == "image/jpeg"
    assert cleaning.upload(io.BytesIO(film())).mime == "video/mp4"
    with pytest.raises(NotAPicture, match="neither a photo"):
        cleaning.upload(io.BytesIO(b"#EXTM3U\nhttp://example.org/a.ts\n"))
    with pytest.raises(NotAVideo, match="too few"):
        cleaning.upload(io.BytesIO(film(size=(16, 16))))


def test_a_preview_is_small() -> None:
    """A preview of a photo is a picture of at most so many pixels a side."""
    made = cleaning.small(saved((1600, 900)), side=480)
    assert (made.width, made.height) == (480, 270)


def test_who_waits_is_served_in_order_and_staff_first() -> None:
    """One at a time in the order in which they came; but a page of staff doesn't wait for fifty uploads."""
    pool = cleaning._Pool(1)
    order: list[str] = []

    def take(name: str, rank: int) -> None:
        with pool.turn(rank):
            order.append(name)

    with ThreadPoolExecutor(3) as threads, pool.turn():
        for number, (name, rank) in enumerate((("first", 1), ("second", 1), ("staff", 0)), 1):
            threads.submit(take, name, rank)
            while len(pool._waiting) < number:
                threading.Event().wait(0.001)
    pool.stop()
    assert order == ["staff", "first", "second"]


def test_a_stop_reaches_what_runs() -> None:
    """Whatever was opened with is ended; the count of what was done goes on."""
    before = cleaning.taken()[0]
    cleaning.photo(saved())
    pool = cleaning._pool("photos")
    started = list(pool._started)
    assert started
    cleaning.stop()
    assert not pool._started
    assert all(box._closed for box in started)
    assert cleaning.taken()[0] == before + 1


def test_what_is_expected_is_opened_once() -> None:
    """A picture that is being cleaned is waited for, not cleaned again; what can't be read is left alone."""
    several = [saved((300 + number, 200)) for number in range(3)]
    before, _ = cleaning.taken()

    def missing() -> bytes:
        raise FileNotFoundError

    cleaning.expect([missing, *(functools.partial(bytes, data) for data in several)])
    assert [cleaning.picture(data).width for data in several] == [300, 301, 302]
    with pytest.raises(NotAPicture):
        cleaning.picture(b"no picture")
    assert cleaning.taken()[0] - before == len(several) + 1
