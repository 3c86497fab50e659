"""A link as a QR code: read back from the finished file on every theme and size, or refused in words."""

import functools
import io

import pytest
import zxingcpp
from PIL import Image

from media import theme
from media.card import Card, check, render
from media.drawing import qr
from media.drawing.arrange import arrange
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
    count = side // 3
    assert code.size == (side, side)
    assert side >= 0.15 * 675
    assert code.crop((0, 0, side, side // count * 4)).getcolors() == [(side * (side // count * 4), (255, 255, 255))]
    assert code.getpixel((side // count * 4 + 1, side // count * 4 + 1)) == (18, 18, 28)


@pytest.mark.parametrize(("length", "size"), [(600, (1200, 675)), (5000, (1080, 1920)), (120, (320, 320))])
def test_a_link_too_long_is_refused(length: int, size: tuple[int, int]) -> None:
    """An address whose modules would be too small to scan is an error that names the cure."""
    with pytest.raises(LinkTooLong, match="use a shorter"):
        check(Card(message="Peace", link="https://example.org/" + "a" * length), size=size)
