"""The door through which outside pictures come in."""

import io

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
