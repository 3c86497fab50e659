"""Photos and logos that people send, and the words over them."""

import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from media import theme
from media.card import Card, check, render
from media.drawing.arrange import arrange
from media.drawing.canvas import compose
from media.errors import BadPicture
from media.photos import picture as photo

CARD = Card(message="From Halifax to Herat: we are with you.", label="Focus", hashtags=("Unite",), brand="Organisation")


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def halves(left: str, right: str, size: tuple[int, int] = (1200, 800)) -> Image.Image:
    """A picture of two colours side by side."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize("size", [(1200, 675), (1200, 630), (1080, 1080), (1080, 1350)])
@pytest.mark.parametrize(("language", "message"), [("en", CARD.message), ("prs", "ما در کنار شما هستیم.")])
@pytest.mark.parametrize("tags", [("UniteForAfghanistan",), ("UniteForAfghanistan", "HumanRights", "WeStandWithYou")])
def test_the_foot_over_a_photo_has_air(
    size: tuple[int, int], language: str, message: str, tags: tuple[str, ...]
) -> None:
    """Between message, brand and hashtags there are at least three percent of the shorter side, or they share a row."""
    dark = saved(Image.new("RGB", (1600, 1200), "#101018"))
    card = replace(CARD, language=language, message=message, hashtags=tags, brand="Solidarity Desk", photo=dark)
    made = arrange(card, size)
    at = {spot.what: spot.box for spot in made.places.spots}  # of the message, the last line
    air = 0.03 * min(size)
    assert min(at["hashtag"].top, at["brand"].top) - at["message"].bottom >= air
    if made.layout.stacked:
        assert at["hashtag"].top - at["brand"].bottom >= air
    else:
        assert max(at["brand"].left - at["hashtag"].right, at["hashtag"].left - at["brand"].right) >= air


def test_the_brand_over_a_photo_is_as_light_as_the_message() -> None:
    """The candle's brand isn't faint grey where the photo is lit."""
    look = theme.load("candle").photo
    assert look.quiet == look.message


def test_a_dark_photo_is_darkened_less_than_a_bright_one() -> None:
    """The scrim takes only what the text needs."""
    kept = []
    for grey in (60, 250):
        bright = saved(Image.new("RGB", (1600, 1200), (grey, grey, grey)))
        pixel = compose(arrange(replace(CARD, photo=bright), (1200, 675))).getpixel((1190, 560))
        assert isinstance(pixel, tuple)
        kept.append(pixel[0] / grey)
    assert kept[0] > 0.6
    assert kept[1] < 0.4


def test_a_photo_is_not_touched_away_from_the_words() -> None:
    """The scrim grows from nothing: the photo's upper part keeps its colours."""
    made = compose(arrange(replace(CARD, photo=saved(halves("#3050a0", "#a05030"))), (1200, 675)))
    assert made.getpixel((590, 5)) == (0x30, 0x50, 0xA0)
    assert made.getpixel((1190, 5)) == (0xA0, 0x50, 0x30)


def test_a_photo_is_not_mirrored_on_a_right_to_left_card() -> None:
    """The left of the photo stays at the left."""
    card = replace(CARD, language="ar", message="سلام", photo=saved(halves("#3050a0", "#a05030")))
    made = compose(arrange(card, (1200, 675)))
    assert made.getpixel((5, 5)) == (0x30, 0x50, 0xA0)


def test_a_photo_is_turned_upright() -> None:
    """The camera's note that it was held sideways is obeyed."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the picture's right edge was up
    turned = photo.open_picture(saved(halves("red", "blue"), "JPEG", exif=exif.tobytes()))
    assert turned.size == (800, 1200)
    top, bottom = turned.getpixel((400, 10)), turned.getpixel((400, 1190))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200
    assert bottom[2] > 200


def test_a_photo_fills_its_place_without_distortion() -> None:
    """A square in the photo is a square on the card."""
    image = Image.new("RGB", (1000, 2000), "white")
    image.paste("black", (400, 600, 600, 800))
    box = photo.cover(image, (1200, 675)).convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box
    assert abs((box[2] - box[0]) - (box[3] - box[1])) <= 2


def bomb() -> bytes:
    """A PNG of a few bytes that claims 60,000 by 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    parts = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_bad_pictures_are_refused_in_plain_words() -> None:
    """A bomb, a text, a torn file and a kind we don't open are errors that name photo or logo."""
    whole = saved(Image.effect_noise((600, 400), 60).convert("RGB"), "JPEG")
    for make in (check, render):
        for data, words in ((bomb(), "more than 50 megapixels"), (b"hello", "no picture"), (b"", "no picture")):
            with pytest.raises(BadPicture, match=f"photo .*{words}"):
                make(replace(CARD, photo=data))
        with pytest.raises(BadPicture, match=r"logo .*no picture"):
            make(replace(CARD, logo=saved(Image.new("RGB", (10, 10)), "TIFF")))
    with pytest.raises(BadPicture, match="damaged"):
        render(replace(CARD, photo=whole[: len(whole) // 2]))


def test_fifty_one_megapixels_are_too_many() -> None:
    """The limit is on pixels, judged from the header."""
    with pytest.raises(BadPicture, match="megapixels"):
        photo.require(saved(Image.new("1", (7200, 7200))))


def test_a_logo_is_shown_with_its_transparency() -> None:
    """A logo adds its own pixels and leaves the ground between them."""
    logo = Image.new("RGBA", (200, 200))
    logo.paste("#00ff00", (0, 0, 100, 200))
    for language, message in (("en", "Peace"), ("ar", "سلام")):
        made = compose(arrange(replace(CARD, language=language, message=message, logo=saved(logo)), (1200, 675)))
        greens = [colour for colour in made.getcolors(2_000_000) if colour[1] == (0, 255, 0)]
        assert greens
        assert greens[0][0] < 47 * 30
