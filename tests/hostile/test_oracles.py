"""The oracles have teeth: each condemns what it is there to condemn, and lets a bare picture or film pass."""

import pytest

from tests.hostile import bases, canaries_film, canaries_photo, oracle_bytes, oracle_jpeg, oracle_mp4, oracles
from tests.hostile.oracle_bytes import word

PICTURE = "image/jpeg"
FILM = "video/mp4"
# What a reader of metadata sees at least; the rest is why there is a walker and a search of the bytes.
READ = ("exif", "maker-note", "gps", "xmp", "iptc", "icc", "comment")
READ_IN_FILMS = (
    "udta-place",
    "udta-comment",
    "itunes",
    "mdta-keys",
    "handler-name",
    "times",
    "subtitles",
    "data-track-gps",
)


def test_a_bare_picture_passes() -> None:
    """A JPEG of nothing but pixels is clean to every judge, baseline and progressive."""
    assert oracles.faults(bases.saved("JPEG"), PICTURE) == []
    assert oracles.faults(bases.saved("JPEG", progressive=True, optimize=True), PICTURE) == []


def test_a_bare_film_passes() -> None:
    """An MP4 of nothing but pictures and sound is clean to every judge."""
    assert oracles.faults(bases.film(quiet=True), FILM) == []
    assert oracles.faults(bases.film(quiet=True, sound=""), FILM) == []


@pytest.mark.parametrize("name", canaries_photo.JPEG)
def test_a_planted_picture_is_condemned(name: str) -> None:
    """Walker and search of bytes each find a word planted in a picture that was clean."""
    planted = canaries_photo.JPEG[name](bases.saved("JPEG"), word(name))
    assert oracle_jpeg.faults(planted)
    assert oracle_bytes.faults(planted)


@pytest.mark.parametrize("name", canaries_film.MP4)
def test_a_planted_film_is_condemned(name: str) -> None:
    """Walker and search of bytes each find a word planted in a film that was clean."""
    planted = canaries_film.MP4[name](bases.film(quiet=True), word(name))
    assert oracles.verdict("walker", oracle_mp4.faults, planted)
    assert oracle_bytes.faults(planted)


@pytest.mark.parametrize("name", READ)
def test_readers_read_a_planted_picture(name: str) -> None:
    """Every reader of metadata there is sees the classes it is there for."""
    planted = canaries_photo.JPEG[name](bases.saved("JPEG"), word(name))
    for reader, judge in oracles.judges(PICTURE).items():
        assert oracles.verdict(reader, judge, planted), reader


@pytest.mark.parametrize("name", READ_IN_FILMS)
def test_readers_read_a_planted_film(name: str) -> None:
    """Every reader of metadata there is sees the classes it is there for."""
    planted = canaries_film.MP4[name](bases.film(quiet=True), word(name))
    for reader, judge in oracles.judges(FILM).items():
        assert oracles.verdict(reader, judge, planted), reader


@pytest.mark.parametrize("name", canaries_photo.OTHERS)
def test_a_word_in_another_kind_of_photo_can_be_seen(name: str) -> None:
    """The word planted in a PNG, WebP, GIF, TIFF, HEIC or AVIF is found before cleaning."""
    assert oracle_bytes.faults(canaries_photo.OTHERS[name](word(name)))


@pytest.mark.parametrize("name", canaries_film.OTHERS)
def test_a_word_in_another_kind_of_film_can_be_seen(name: str) -> None:
    """The word planted in a WebM, MOV or MKV is found before cleaning."""
    assert oracle_bytes.faults(canaries_film.OTHERS[name](word(name)))


def test_an_encoder_s_name_is_condemned() -> None:
    """What x264 and FFmpeg write of themselves into pictures, sound and tables is found by walker and search."""
    said = " ".join(oracles.faults(bases.film(), FILM))
    for name in ("x264", "Lavc", "Lavf", "SEI of type 5", "udta"):
        assert name in said


@pytest.mark.parametrize("mime", [PICTURE, FILM])
@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"hello", bytes(64)], ids=["empty", "start", "words", "zeros"])
def test_what_an_oracle_can_t_read_is_condemned(mime: str, data: bytes) -> None:
    """A judge that crashes or sees no picture never acquits."""
    for name, judge in oracles.judges(mime).items():
        if name not in {"bytes", "exiftool"}:
            assert oracles.verdict(name, judge, data), name


@pytest.mark.parametrize("form", ["plain", "utf-16-le", "utf-16-be", "backwards", "hex"])
def test_the_search_reads_other_alphabets(form: str) -> None:
    """A word is found in UTF-16, backwards and in hexadecimal, too."""
    said = word("form").decode()
    forms = {"plain": said.encode(), "backwards": said[::-1].encode(), "hex": said.encode().hex().encode()}
    assert oracle_bytes.faults(b"\1\2\3" + (forms[form] if form in forms else said.encode(form)) + b"\4")


@pytest.mark.parametrize("shift", range(8))
def test_the_search_reads_between_bytes(shift: int) -> None:
    """A word that begins in the middle of a byte, as in a stream of sound, is found."""
    number = int.from_bytes(word("bits"), "big") << shift
    assert oracle_bytes.faults(number.to_bytes(len(word("bits")) + 1, "big"))
