"""Films made anew: upright, in step, in one form; nothing else is let in, and nothing else comes out."""

import hashlib
import io
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image, ImageChops, ImageStat

from media import faces, video
from media.errors import (
    FacesLost,
    TooManyBytes,
    UncleanVideo,
)
from media.film.boxes import walk
from media.film.cover import hide
from media.film.reel import Picture, play
from media.film.source import look
from media.film.verify import verify
from media.order import Cleaned, Region
from media.sandbox import Sandbox
from tests.media.drawn_faces import Scene, anyone, ground, stand
from tests.media.films import CORNERS, corners, film, loudness, pictures, tone

VP9 = {"form": "webm", "codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}


def cleaned(data: bytes, **options: Any) -> Cleaned:
    """The film as `clean` returns it, checked by decoding it again."""
    made = video.clean(io.BytesIO(data), **options)
    assert pictures(made.data)[0][1].size == (made.width, made.height)
    return made


def seen(image: Image.Image) -> list[int]:
    """Which of the four colours stands in which corner, clockwise from top left."""
    width, height = image.size
    found = []
    for across, down in ((1, 1), (3, 1), (3, 3), (1, 3)):
        pixel = image.getpixel((width * across // 4, height * down // 4))
        far = [sum(abs(one - other) for one, other in zip(pixel, colour, strict=True)) for colour in CORNERS]
        assert min(far) < 40
        found.append(far.index(min(far)))
    return found


# ── what comes out ──


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"form": "mov", "codec": "mpeg4", "sound_codec": "pcm_s16le"},
        {**VP9, "sound_codec": "libopus"},
        {"codec": "libx264", "kind": "yuv444p"},
        {"form": "mov", "codec": "mjpeg", "kind": "yuvj420p"},
        {
            "codec": "libx265",
            "kind": "yuv420p10le",
            "options": {"x265-params": "log-level=none", "preset": "ultrafast"},
        },
    ],
    ids=["mp4", "mov", "webm", "4:4:4", "full range", "10 bit"],
)
def test_every_film_comes_out_in_one_form(source: dict[str, Any]) -> None:
    """H.264 High yuv420p BT.709 and AAC-LC 48 kHz stereo, as many pictures and as long as before, colours kept."""
    made = cleaned(film(sounds=[tone()], **source))
    with av.open(io.BytesIO(made.data)) as container:
        picture, sound = container.streams
        context = picture.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        assert (sound.codec_context.name, sound.codec_context.profile) == ("aac", "LC")
        assert (sound.codec_context.sample_rate, sound.codec_context.layout.name) == (48_000, "stereo")
        assert container.duration / 1e6 == pytest.approx(1.0, abs=0.03)
    shown = pictures(made.data)
    assert len(shown) == 30
    assert seen(shown[0][1]) == [0, 1, 2, 3]
    assert made.seconds == pytest.approx(1.0, abs=0.03)
    assert (made.mime, made.width, made.height) == ("video/mp4", 160, 120)


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_turned_phone_gives_an_upright_film(turned: int, flipped: bool) -> None:  # noqa: FBT001
    """In all eight orientations the pixels and the poster are as a player shows the file."""
    data = film(rotation=turned, flipped=flipped)
    order = [0, 1, 2, 3]
    turns = turned // 90  # counter-clockwise
    order = order[turns:] + order[:turns]
    if flipped:
        order = [order[1], order[0], order[3], order[2]]
    made = cleaned(data)
    assert seen(pictures(made.data)[0][1]) == order
    assert seen(Image.open(io.BytesIO(made.poster))) == order
    assert (made.width, made.height) == ((120, 160) if turned in (90, 270) else (160, 120))


def test_odd_sizes_and_oblong_pixels_come_out_even_and_square() -> None:
    """161 x 121 becomes 160 x 120; pixels twice as wide as high make a film twice as wide; 400 fit into 200."""
    odd = cleaned(film(size=(161, 121), kind="yuv444p"))
    assert (odd.width, odd.height) == (160, 120)
    wide = cleaned(film(colours={"sample_aspect_ratio": Fraction(2)}))  # type: ignore[dict-item]
    assert (wide.width, wide.height) == (320, 120)
    small = cleaned(film(size=(400, 100)), max_side=200)
    assert (small.width, small.height) == (200, 50)


def test_uneven_times_are_kept() -> None:
    """Pictures of a film whose rate changes are shown when they were."""
    times = [Fraction(at, 1000) for at in (0, 40, 120, 130, 400, 433, 466, 900, 1500, 1540)]
    shown = [when for when, _ in pictures(cleaned(film(times=times)).data)]
    kept = [float(at) for at in times if at != Fraction(130, 1000)]  # 10 ms after another: a burst
    assert shown == pytest.approx(kept, abs=0.001)


def test_a_fast_film_is_slowed_to_thirty_pictures_a_second() -> None:
    """Of 120 pictures a second every fourth is kept; 60 a second are left alone."""
    fast = pictures(cleaned(film(times=[Fraction(at, 120) for at in range(120)])).data)
    assert len(fast) == 30
    assert len(pictures(cleaned(film(times=[Fraction(at, 60) for at in range(60)])).data)) == 60


@pytest.mark.parametrize("first", [0.0, 0.4])
def test_sound_stays_in_step(first: float) -> None:
    """A flash and a tone that begin together do so within a picture, also where pictures begin late."""
    flash = lambda size, number: Image.new("RGB", size, "white" if number >= 15 else "black")  # noqa: E731
    times = [Fraction(number, 30) + Fraction(first) for number in range(30)]
    made = cleaned(film(picture=flash, times=times, sounds=[tone(1.5, begin=first + 0.5)]))
    lit = next(when for when, image in pictures(made.data) if ImageStat.Stat(image.convert("L")).mean[0] > 128)
    heard = next(at for at, loud in enumerate(loudness(made.data)) if loud > 0.1) / 100
    assert lit == pytest.approx(0.5, abs=0.002)
    assert heard == pytest.approx(lit, abs=1 / 30)


def test_sound_is_as_loud_as_before_and_the_first_track_only() -> None:
    """A quiet second track is left out, and the first keeps its level."""
    made = cleaned(film(sounds=[tone(), tone(pitch=2000)]))
    assert max(loudness(made.data)) == pytest.approx(12_000 / 32_768, abs=0.06)
    assert "other audio tracks" in made.removed
    with av.open(io.BytesIO(made.data)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_a_long_film_is_cut_and_says_so() -> None:
    """What is past the limit is gone from pictures and sound."""
    made = cleaned(film(times=[Fraction(at, 10) for at in range(40)], sounds=[tone(4)]), max_seconds=2)
    assert made.seconds <= 2.0
    assert made.seconds == pytest.approx(2.0, abs=0.03)
    assert "everything after 2 seconds" in made.removed
    with av.open(io.BytesIO(made.data)) as container:
        assert container.duration <= 2_000_000


def test_a_film_obeys_the_limit_of_bytes() -> None:
    """A tighter limit gives a smaller film; an impossible one is refused in plain words."""
    noise = lambda size, number: Image.effect_noise(size, 90 + number % 3).convert("RGB")  # noqa: E731
    data = film(size=(320, 240), picture=noise, times=[Fraction(at, 30) for at in range(90)])
    free, tight = cleaned(data), cleaned(data, max_bytes=250_000)
    assert len(tight.data) <= 250_000 < len(free.data)
    with pytest.raises(TooManyBytes, match="cut it shorter"):
        video.clean(io.BytesIO(data), max_bytes=10_000)


def test_the_poster_shows_something() -> None:
    """A film that begins in the dark is stood for by a later picture."""
    late = lambda size, number: corners(size) if number >= 40 else Image.new("RGB", size)  # noqa: E731
    made = cleaned(film(picture=late, times=[Fraction(at, 30) for at in range(60)]))
    assert seen(Image.open(io.BytesIO(made.poster))) == [0, 1, 2, 3]


def test_sound_that_is_switched_off_stays_unheard() -> None:
    """Of two tracks of sound the one that players play is taken, though a muted voice comes first."""
    data = bytearray(film(sounds=[tone(), tone(begin=0.5)]))
    heads = [at for at in range(len(data)) if data[at : at + 4] == b"tkhd"]
    assert len(heads) == 3
    for at, flags in zip(heads, (3, 0, 3), strict=True):
        data[at + 5 : at + 8] = flags.to_bytes(3)
    assert max(loudness(bytes(data))[:40]) > 0.2
    made = cleaned(bytes(data))
    assert max(loudness(made.data)[:40]) < 0.02
    assert max(loudness(made.data)[60:]) > 0.2
    assert "other audio tracks" in made.removed


def test_the_same_film_gives_the_same_bytes() -> None:
    """Again, and in another process."""
    noise = lambda size, number: Image.effect_noise(size, 60).convert("RGB") if number % 5 else corners(size)  # noqa: E731
    data = film(size=(320, 240), picture=noise, sounds=[tone()])
    expected = hashlib.sha256(video.clean(io.BytesIO(data)).data).hexdigest()
    assert hashlib.sha256(video.clean(io.BytesIO(data)).data).hexdigest() == expected
    code = (
        "import hashlib, io, sys; from media import video;"
        "print(hashlib.sha256(video.clean(io.BytesIO(sys.stdin.buffer.read())).data).hexdigest())"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7", "LANG": "fr_FR.UTF-8"}
    done = subprocess.run([sys.executable, "-c", code], input=data, env=env, capture_output=True, check=True)
    assert done.stdout.decode().strip() == expected


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox, with its child warm after the first film."""
    with Sandbox() as made:
        yield made


@pytest.mark.parametrize(
    "source",
    [
        {**VP9, "sound_codec": "libopus", "sounds": [tone()]},
        {"form": "mov", "rotation": 90, "sounds": [tone()], "sound_codec": "pcm_s16le"},
        {
            "codec": "libx265",
            "kind": "yuv420p10le",
            "options": {"x265-params": "log-level=none", "preset": "ultrafast"},
        },
        {"size": (400, 300), "form": "mov"},
    ],
    ids=["webm", "turned", "10 bit", "extras"],
)
def test_the_sandbox_makes_the_same_film(sandbox: Sandbox, source: dict[str, Any]) -> None:
    """Where no file can be opened any more, nothing that films need is missing: covers, turning, scaling, sound."""
    data = film(**source, more=extras if source.get("form") == "mov" else None)
    options: dict[str, Any] = {"cover": (Region(0.2, 0.2, 0.4, 0.4),), "cover_faces": True, "max_side": 240}
    assert sandbox.video(io.BytesIO(data), **options) == video.clean(io.BytesIO(data), **options)


def test_a_film_in_hdr_comes_out_as_bright_as_it_was_meant() -> None:
    """Grey at 75 %, which is paper white in HLG (ITU-R BT.2408), becomes nearly white, and black stays black."""

    def grey(size: tuple[int, int], _: int) -> Image.Image:
        image = Image.new("RGB", size)
        image.paste((191, 191, 191), (0, 0, size[0] // 2, size[1]))
        return image

    x265 = {"x265-params": "log-level=none", "preset": "ultrafast"}
    hlg = {"color_primaries": 9, "color_trc": 18, "colorspace": 9}
    data = film(
        codec="libx265",
        kind="yuv420p10le",
        options=x265,
        colours=hlg,
        picture=grey,
        times=[Fraction(at, 30) for at in range(6)],
    )
    shown = pictures(cleaned(data).data)[1][1].convert("L")
    assert shown.getpixel((40, 60)) > 215
    assert shown.getpixel((120, 60)) < 12


# ── what stays behind ──


def extras(container: Any) -> None:
    """Chapters, a subtitle track and a data track."""
    base = Fraction(1, 1000)
    chapter = {"id": 1, "start": 0, "end": 500, "time_base": base, "metadata": {"title": "CANARY-chapter"}}
    container.set_chapters([chapter])
    container.add_mux_stream("mov_text")


def test_nothing_but_pictures_and_sound_comes_along() -> None:
    """Titles, places, makers, chapters and subtitles are named in plain words, and no byte of them is left."""
    told = {"title": "CANARY-title", "location": "+48.1+11.5/", "make": "CANARY-make", "comment": "CANARY-comment"}
    data = film(form="mov", metadata={**told, "creation_time": "2021-02-03T04:05:06Z"}, more=extras, sounds=[tone()])
    assert b"CANARY-title" in data
    made = cleaned(data)
    assert b"CANARY" not in made.data
    assert b"CANARY" not in made.poster
    assert b"+48.1" not in made.data
    assert {"GPS position", "device make and model", "title and tags", "chapters", "subtitles"} <= set(made.removed)
    kinds = [path[-1] for path, _ in walk(made.data, 0, len(made.data))]
    assert kinds[:3] == [b"ftyp", b"moov", b"mvhd"]
    assert not {b"udta", b"meta", b"uuid", b"free"} & set(kinds)


def test_a_message_inside_the_pictures_is_gone() -> None:
    """x264's own name and settings, which it hides in a message (SEI) of the first picture, are not in the film."""
    data = film()
    assert b"x264 - core" in data
    assert b"x264" not in cleaned(data).data


def planted(data: bytes, how: str) -> bytes:
    """A clean film with something put into it."""
    places = dict(walk(data, 0, len(data)))
    if how == "box after the end":
        return data + struct.pack(">I4s", 16, b"free") + b"CANARY!!"
    if how == "box between":
        return data[:32] + struct.pack(">I4s", 16, b"free") + b"CANARY!!" + data[32:]
    if how == "user data":
        moov = places[(b"moov",)]
        extra = struct.pack(">I4s", 16, b"udta") + b"\0\0\0\x08name"
        head = struct.pack(">I4s", moov.end - moov.start + 8 + len(extra), b"moov")
        return data[: moov.start - 8] + head + data[moov.start : moov.end] + extra + data[moov.end :]
    hdlr, mvhd = places[(b"moov", b"trak", b"mdia", b"hdlr")], places[(b"moov", b"mvhd")]
    mdat, stsd = places[(b"mdat",)], places[(b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")]
    at = {
        "name": hdlr.start + 24,
        "time": mvhd.start + 7,
        "message": mdat.start + 4,
        "maker": stsd.start + 8 + 8 + 44,
        "gap": mdat.start - 8 + 3,
    }[how]
    return data[:at] + (b"\x06" if how == "message" else bytes([data[at] ^ 1])) + data[at + 1 :]


@pytest.mark.parametrize(
    "how", ["box after the end", "box between", "user data", "name", "time", "message", "maker", "gap"]
)
def test_the_last_look_finds_whatever_is_too_much(how: str) -> None:
    """A film of ours passes; the same film with one thing planted in it doesn't."""
    data = cleaned(film()).data
    verify(data)
    with pytest.raises(UncleanVideo):
        verify(planted(data, how))


# ── what is covered ──


def lossless(inside: int) -> bytes:
    """A film whose pixels inside the region differ from film to film, kept to the last bit."""

    def picture(size: tuple[int, int], number: int) -> Image.Image:
        image = corners(size, number)
        image.paste(Image.effect_noise((48, 48), 20 + inside * 15).convert("RGB"), (64, 32))
        return image

    return film(picture=picture, options={"crf": "0"}, kind="yuv444p", times=[Fraction(at, 30) for at in range(10)])


def test_what_lies_under_a_cover_cannot_be_told() -> None:
    """Five films that differ under the cover alone give one film and one poster; without the cover they differ."""
    region = Region(64 / 160, 32 / 120, 112 / 160, 80 / 120)
    sources = [lossless(number) for number in range(5)]
    covered = [cleaned(source, cover=(region,)) for source in sources]
    assert len({made.data for made in covered}) == 1
    assert len({made.poster for made in covered}) == 1
    assert len({cleaned(source).data for source in sources}) == 5


COVERED = (Region(0.4, 0.2, 0.7, 0.6),)


def rows(frame: VideoFrame) -> list[bytes]:
    """The rows of a picture's three planes, without what pads them."""
    return [
        bytes(plane)[row * plane.line_size :][: plane.width] for plane in frame.planes for row in range(plane.height)
    ]


@pytest.mark.parametrize("rotation", [None, 90, 180])
def test_a_cover_is_exact_and_solid_before_pictures_are_scaled(rotation: float | None) -> None:
    """Turned and made smaller, two films that differ under the cover alone show the same, whatever is there."""
    stored = {None: (0.4, 0.2, 0.7, 0.6), 90: (0.4, 0.4, 0.8, 0.7), 180: (0.3, 0.4, 0.6, 0.8)}[rotation]
    outputs = []
    for inside in (10, 90):

        def picture(size: tuple[int, int], _: int, inside: int = inside) -> Image.Image:
            image = Image.new("RGB", size, "white")
            box = [round(edge * side) for edge, side in zip(stored, size * 2, strict=True)]
            image.paste(Image.effect_noise((box[2] - box[0], box[3] - box[1]), inside).convert("RGB"), (box[0], box[1]))
            return image

        data = film(
            size=(400, 240), picture=picture, options={"crf": "0"}, kind="yuv444p", rotation=rotation,
            times=[Fraction(at, 30) for at in range(4)],
        )  # fmt: skip
        shown = []
        for item in play(look(io.BytesIO(data)), limit=9, max_side=200, sound=False, hidden=COVERED):
            assert isinstance(item, Picture)
            hide(item.frame, (), COVERED)
            shown.append(rows(item.frame))
        outputs.append(shown)
    assert outputs[0] == outputs[1]


def test_a_cover_is_on_every_picture_and_on_the_poster() -> None:
    """The middle of the region has one colour throughout; the corners are untouched."""
    made = cleaned(lossless(1), cover=(Region(0.4, 0.3, 0.7, 0.7),))
    shown = [image for _, image in pictures(made.data)]
    assert len(shown) == 10
    for image in (*shown, Image.open(io.BytesIO(made.poster)).convert("RGB")):
        middle = image.crop((76, 44, 100, 68))
        assert max(high - low for low, high in middle.getextrema()) < 12
        assert ImageChops.difference(image.crop((0, 0, 20, 20)), shown[0].crop((0, 0, 20, 20))).getextrema()[0][1] < 12


PLACE = Scene(image=ground((320, 240), 3), faces=())


def walking(size: tuple[int, int], number: int) -> Image.Image:
    """Somebody who walks through the picture."""
    return stand(PLACE, anyone(5), (110 + 8 * number, 120), 150).image.resize(size)


def leaving(size: tuple[int, int], number: int) -> Image.Image:
    """Somebody who stands there, is gone, and is there again."""
    return PLACE.image.resize(size) if 4 <= number < 26 else walking(size, 4)


def test_faces_are_covered_in_every_picture_and_on_the_poster() -> None:
    """Somebody walks by: where the face was nothing is left of it, in no picture, and we are told where it was."""
    data = film(size=(320, 240), picture=walking, options={"crf": "12"}, times=[Fraction(at, 10) for at in range(10)])
    assert all(faces.find(image, quick=True) for _, image in pictures(data))
    made = cleaned(data, cover_faces=True)
    shown = [image for _, image in pictures(made.data)]
    assert len(shown) == 10
    for number, image in enumerate((*shown, Image.open(io.BytesIO(made.poster)).convert("RGB"))):
        assert not faces.find(image, quick=True), number
    (place,) = made.faces
    assert place.left < 0.35
    assert place.right > 0.6
    assert not cleaned(data).faces


def test_a_face_that_cannot_be_followed_is_refused() -> None:
    """Where a face is gone in the midst of the picture for longer than can be bridged, there is no film."""
    data = film(size=(320, 240), picture=leaving, options={"crf": "12"}, times=[Fraction(at, 10) for at in range(30)])
    with pytest.raises(FacesLost):
        video.clean(io.BytesIO(data), cover_faces=True)
