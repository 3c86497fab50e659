"""A link as a QR code: read back from the finished file on every theme and size, or refused in words."""

import functools
import io
from dataclasses import replace

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from media import theme
from media.card import Card, check, render
from media.drawing import qr
from media.drawing.arrange import arrange
from media.drawing.canvas import compose
from media.errors import LinkTooLong

SIZES = ((1200, 675), (1200, 630), (1080, 1080), (1080, 1350), (1080, 1920), (2000, 500), (600, 1500))
LINK = "https://example.org/act/unite-for-afghanistan"


@functools.cache
def photo() -> bytes:
    """A photo as restless as they come."""
    out = io.BytesIO()
    Image.effect_noise((900, 700), 110).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", theme.names())
def test_the_code_is_read_back(name: str, size: tuple[int, int]) -> None:
    """From the finished JPEG, over a photo and without, left-to-right and right-to-left, the very link comes back."""
    for language, message in (("en", "We stand with you."), ("ar", "نحن معكم.")):
        for picture in (photo(),) if theme.load(name).photo.needed else (None, photo()):
            card = Card(
                message=message,
                language=language,
                theme=name,
                hashtags=("WeStand",),
                brand="Us",
                link=LINK,
                photo=picture,
                faces=(),
            )
            with Image.open(io.BytesIO(render(card, size=size).data)) as made:
                found = zxingcpp.read_barcodes(made.convert("RGB"))
            assert [code.text for code in found] == [LINK], (language, picture is None)


def test_the_code_stands_opposite_the_hashtag() -> None:
    """In English at the right foot, in Arabic at the left; its modules are three pixels or more, dark on light."""
    for language, message, far in (("en", "Peace", True), ("ar", "سلام", False)):
        made = arrange(Card(message=message, language=language, theme="plain", link=LINK, hashtags=("One",)), SIZES[0])
        assert made.places.qr
        tag = next(spot.box for spot in made.places.spots if spot.what == "hashtag")
        assert (made.places.qr.left > tag.right) == far
    side = qr.side(LINK, 675)
    code = qr.draw(LINK, side)
    quiet = side // 37 * 4  # version 3: 29 modules, and four on either side
    assert code.size == (side, side)
    assert side >= 0.2 * 675
    assert code.crop((0, 0, side, quiet)).getcolors() == [(side * quiet, (255, 255, 255))]
    assert code.getpixel((quiet + 1, quiet + 1)) == (18, 18, 28)


LINKS = tuple("https://example.org/act/unite-for-afghanistan/now/and/always/"[:length] for length in (20, 28, 40, 60))


@pytest.mark.parametrize("link", [*LINKS, "https://example.org/" + "a" * 100])
@pytest.mark.parametrize("size", SIZES[:5])
def test_a_phone_s_feed_shows_the_code_small_and_it_is_still_read(size: tuple[int, int], link: str) -> None:
    """At half the size every code is read back, at a third those of links up to forty characters."""
    for name in ("candle", "paper"):
        data = render(Card(message="Peace", theme=name, hashtags=("One",), link=link), size=size).data
        with Image.open(io.BytesIO(data)) as made:
            for part in (2, 3) if len(link) <= 40 else (2,):
                small = made.convert("RGB").resize((size[0] // part, size[1] // part), Image.Resampling.LANCZOS)
                assert [code.text for code in zxingcpp.read_barcodes(small)] == [link], (name, part)


@pytest.mark.parametrize("size", SIZES[:5])
@pytest.mark.parametrize("name", ["candle", "dawn", "portrait", "countdown"])
def test_drawn_art_keeps_away_from_the_code(name: str, size: tuple[int, int]) -> None:
    """Around the plate, three percent of the shorter side wide, the ground has no edge: at most a slow light."""
    air = round(0.03 * min(size))
    for language, message in (("en", "We stand with you."), ("ar", "نحن معكم.")):
        made = arrange(
            Card(message=message, language=language, theme=name, hashtags=("One",), days_left=3, link=LINKS[1]), size
        )
        assert made.places.qr
        bare = replace(made, places=replace(made.places, spots=(), plate=None, qr=None))
        picture, around = compose(bare).filter(ImageFilter.BoxBlur(3)), made.places.qr.grown(air)
        moved = ImageChops.offset(picture, 4, 0), ImageChops.offset(picture, 0, 4)
        for other in moved:
            edges = ImageChops.difference(picture, other).crop(around)
            assert max(high for _, high in edges.getextrema()) < 14, language  # type: ignore[misc]


@pytest.mark.parametrize(("length", "size"), [(600, (1200, 675)), (5000, (1080, 1920)), (120, (320, 320))])
def test_a_link_too_long_is_refused(length: int, size: tuple[int, int]) -> None:
    """An address whose modules would be too small to scan is an error that names the cure."""
    with pytest.raises(LinkTooLong, match="use a shorter"):
        check(Card(message="Peace", link="https://example.org/" + "a" * length), size=size)


@pytest.mark.parametrize("size", SIZES[:2])
def test_a_long_message_beside_a_flame_and_a_code_can_be_read(size: tuple[int, int]) -> None:
    """A code that moves the candle towards the words moves the words away from its light."""
    long = (
        "We stand with the people of Afghanistan: open the borders, resettle those at risk, "
        "and keep your promises to all."
    )
    link = "https://example.org/" + "x" * 120
    for label in ("", "Final push · 3 days"):
        check(Card(message=long, theme="candle", label=label, hashtags=("One",), brand="Us", link=link), size=size)
        render(Card(message=long, theme="candle", label=label, hashtags=("One",), brand="Us", link=link), size=size)
