"""Films that aren't let in: each is refused in plain words, before it can do harm."""

import io
import struct
from fractions import Fraction
from typing import Any

import pytest
from PIL import Image

from media import video
from media.errors import DamagedVideo, MediaError, NotAVideo, VideoTooLarge, VideoTooLong
from media.film.boxes import walk
from tests.media.films import corners, film, pictures, tone

VP9 = {"form": "webm", "codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}


def jpeg() -> bytes:
    """A picture, which is no film."""
    out = io.BytesIO()
    corners((160, 120)).save(out, "JPEG")
    return out.getvalue()


REFUSED = {
    "nothing": b"",
    "words": b"This is a film. Honestly." * 40,
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "list of files": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "picture": jpeg(),
    "web page": b"<!DOCTYPE html><script>alert(1)</script>",
    "still in a box": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400),
    "head alone": b"\0\0\0\x14ftypisom\0\0\2\0mp42",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_film_is_refused(what: str) -> None:
    """Disguises and lists of other files are told apart by their first bytes."""
    with pytest.raises((NotAVideo, DamagedVideo), match=r"save it"):
        video.clean(io.BytesIO(REFUSED[what]))


def test_films_we_do_not_take_are_refused_in_plain_words() -> None:
    """Too long, too many tracks, another container, no pictures, see-through pictures: each says what to do."""
    slow = film(times=[Fraction(at * 30) for at in range(25)], size=(64, 64))
    crowd = film(form="mov", more=lambda container: [container.add_mux_stream("mov_text") for _ in range(17)])
    for data, kind, words in (
        (slow, VideoTooLong, "cut it"),
        (crowd, VideoTooLarge, "more than 16 tracks"),
        (film(form="matroska"), NotAVideo, "MP4"),
        (film(**VP9, kind="yuva420p"), NotAVideo, "without transparency"),
        (film(size=(16, 16), codec="mpeg4"), NotAVideo, "too few"),
    ):
        with pytest.raises(kind, match=words):
            video.clean(io.BytesIO(data))


def lying(what: bytes, at: int, value: int) -> bytes:
    """A film one of whose tables says something else."""
    data = bytearray(film())
    for path, box in walk(bytes(data), 0, len(data)):
        if path[-1] == what:
            struct.pack_into(">I", data, box.start + at, value)
            return bytes(data)
    raise AssertionError(what)


@pytest.mark.parametrize(
    ("what", "at", "value"),
    [(b"stsz", 8, 1 << 31), (b"stsz", 8, 20_000), (b"stts", 4, 1 << 30), (b"stco", 4, 1 << 30), (b"elst", 4, 5_000)],
)
def test_tables_that_lie_are_refused_before_anything_is_allocated(what: bytes, at: int, value: int) -> None:
    """A count of billions in a file of some kilobytes is an error, not memory."""
    with pytest.raises((DamagedVideo, VideoTooLarge)):
        video.clean(io.BytesIO(lying(what, at, value)))


@pytest.mark.parametrize("source", [{}, {"form": "mov"}, VP9], ids=["mp4", "mov", "webm"])
def test_a_film_cut_off_anywhere_is_refused(source: dict[str, Any]) -> None:
    """At every tenth of the file the answer is a refusal, never a crash."""
    data = film(sounds=[tone()] if not source.get("codec") else (None,), **source)
    for tenth in range(10):
        with pytest.raises(MediaError):
            video.clean(io.BytesIO(data[: len(data) * tenth // 10]))


def test_a_film_broken_inside_is_refused_or_made_anew() -> None:
    """Zeros in the middle of the pictures lead to a refusal or to a proper film, nothing else."""
    data = film(options={"crf": "10"}, picture=lambda size, _: Image.effect_noise(size, 80).convert("RGB"))
    answers = set()
    for eighth in range(1, 8):
        at = len(data) * eighth // 8
        try:
            made = video.clean(io.BytesIO(data[: at - 200] + bytes(200) + data[at:]))
            assert pictures(made.data)
            answers.add("made")
        except DamagedVideo:
            answers.add("refused")
    assert "refused" in answers
