"""Photos on cards: shown whole or nearly so, no face cut or written on, and words that can be read on any of them."""

import functools
import io
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from media import theme
from media.card import Card, check, render
from media.colour import READABLE, contrast, luminance
from media.drawing import crop
from media.drawing.arrange import Arranged, arrange
from media.drawing.canvas import compose
from media.drawing.layout import Box
from media.errors import NeedsPhoto
from media.jpeg import encode
from media.order import Region

SIZES = ((1200, 675), (1200, 630), (1080, 1080), (1080, 1350), (1080, 1920))
CARD = Card(
    message="From Halifax to Herat: we are with you.",
    label="Solidarity action",
    hashtags=("UniteForAfghanistan",),
    brand="Your organisation · Canada",
)
SCENES = {
    "one upright": ((600, 800), ((0.5, 0.36, 0.13),)),
    "one landscape": ((900, 600), ((0.62, 0.36, 0.16),)),
    "a group in a row": ((900, 600), ((0.12, 0.42, 0.1), (0.36, 0.36, 0.1), (0.62, 0.4, 0.1), (0.88, 0.36, 0.1))),
    "a group upright": ((600, 800), ((0.25, 0.3, 0.07), (0.55, 0.24, 0.07), (0.78, 0.6, 0.07))),
    "low faces": ((900, 600), ((0.3, 0.78, 0.12), (0.7, 0.8, 0.12))),
    "high faces": ((900, 600), ((0.2, 0.14, 0.1), (0.5, 0.14, 0.1))),
    "one that fills it": ((600, 600), ((0.5, 0.5, 0.36),)),
    "two corners": ((800, 800), ((0.12, 0.14, 0.1), (0.86, 0.84, 0.1))),
}


@functools.cache
def scene(name: str) -> tuple[bytes, tuple[Region, ...]]:
    """A photo with round heads, and where they are."""
    (width, height), heads = SCENES[name]
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw, faces = ImageDraw.Draw(image), []
    for x, y, radius in heads:
        r = radius * height
        box = (x * width - r * 0.8, y * height - r, x * width + r * 0.8, y * height + r)
        draw.ellipse(box, fill="#e0a878")
        faces.append(Region(box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue(), tuple(faces)


def with_scene(name: str, look: str, card: Card = CARD) -> Card:
    """The card with one of the photos."""
    photo, faces = scene(name)
    return replace(card, theme=look, photo=photo, faces=faces)


def place_of(made: Arranged) -> Box:
    """Where the photo is on the card."""
    assert made.layout.photo
    return made.layout.photo.mirrored(made.layout.size[0]) if made.rtl else made.layout.photo


@pytest.mark.parametrize("look", theme.names())
@pytest.mark.parametrize("name", SCENES)
def test_no_face_is_cut_or_written_on(name: str, look: str) -> None:
    """On every size, in both directions, each face is whole on the card and no text, logo or code touches it."""
    arabic = replace(CARD, language="ar", message="من هاليفاكس إلى هرات: نحن معكم.")
    for size in SIZES:
        for card in (CARD, replace(arabic, link="https://example.org/act")):
            made = arrange(with_scene(name, look, card), size)
            place, part = place_of(made), made.part
            assert part
            assert part.left >= 0 <= part.top
            assert part.right <= 1.0001 >= part.bottom
            for face in crop.on_card(made.card.faces or (), part, (place.width, place.height)):
                assert face.left >= -1 <= face.top
                assert face.right <= place.width + 1
                assert face.bottom <= place.height + 1
                on_card = Box(
                    face.left + place.left, face.top + place.top, face.right + place.left, face.bottom + place.top
                )
                assert not [box for box in made.places.boxes() if box.meets(on_card)], size


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_a_frame_shows_the_photo_nearly_whole(name: str, size: tuple[int, int]) -> None:
    """At least 54 percent of the photo is seen, undistorted, and no banner lies over it."""
    made = arrange(with_scene(name, "frame"), size)
    part, place = made.part, place_of(made)
    assert part
    assert (part.right - part.left) * (part.bottom - part.top) >= 0.5
    with Image.open(io.BytesIO(made.card.photo or b"")) as photo:
        wide, high = (part.right - part.left) * photo.width, (part.bottom - part.top) * photo.height
    assert wide / high == pytest.approx(place.width / place.height, rel=0.02)
    for card in (made.card, replace(made.card, link="https://example.org/act")):
        other = arrange(card, size)
        assert not [box for box in other.places.boxes() if box.meets(place_of(other))]


def test_a_framed_photo_keeps_its_pixels() -> None:
    """The photo on a framed card has the colours it came with, also on a right-to-left card: no tint, no mirror."""
    image = Image.new("RGB", (1200, 900), "#3050a0")
    image.paste("#a05030", (600, 0, 1200, 900))
    out = io.BytesIO()
    image.save(out, "PNG")
    for card in (CARD, replace(CARD, language="ar", message="سلام")):
        made = arrange(replace(card, theme="frame", photo=out.getvalue(), faces=()), (1080, 1350))
        place, picture = place_of(made), compose(made)
        assert picture.getpixel((place.left + 20, place.top + 40)) == (0x30, 0x50, 0xA0)
        assert picture.getpixel((place.right - 20, place.bottom - 40)) == (0xA0, 0x50, 0x30)


def test_a_frame_needs_a_photo() -> None:
    """Without one it is an error that says what to do, by check and by render."""
    for make in (check, render):
        with pytest.raises(NeedsPhoto, match="“frame” is made around a photo: give it one, or choose another theme"):
            make(replace(CARD, theme="frame"))


def test_a_portrait_stands_without_a_photo() -> None:
    """With no photo an arch of light stands where the person would; it is brighter than the ground, and textless."""
    made = arrange(replace(CARD, theme="portrait"), (1200, 675))
    assert made.layout.art
    centre = ((made.layout.art.left + made.layout.art.right) // 2, made.layout.art.bottom - 60)
    pixel = compose(made).getpixel(centre)
    assert isinstance(pixel, tuple)
    assert contrast((pixel[0], pixel[1], pixel[2]), made.theme.background.bottom) > 7
    assert not [box for box in made.places.boxes() if box.holds(Box(*centre, *centre))]


@functools.cache
def noisy(kind: str) -> bytes:
    """A photo that makes words hard to read."""
    size = (1000, 800)
    if kind == "checks":
        image = Image.new("RGB", size, "white")
        for at in range(0, 1000, 40):
            for down in range(0, 800, 40):
                image.paste("black", (at + down // 40 % 2 * 20, down, at + down // 40 % 2 * 20 + 20, down + 20))
    elif kind == "noise":
        image = Image.effect_noise(size, 120).convert("RGB")
    else:
        image = Image.new("RGB", size, kind)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


LINEAR = [round(255 * luminance((value, value, value))) for value in range(256)]


def worst(lights: Image.Image, box: Box, ink: tuple[int, int, int]) -> float:
    """The contrast that all but one percent of the pixels of a box keep against the ink; `lights` in parts of 255."""
    counts = lights.crop(box).histogram()
    mine = luminance(ink)
    few = box.width * box.height / 100
    ratios = ((max(mine, at / 255) + 0.05) / (min(mine, at / 255) + 0.05) for at in range(256))
    for ratio, count in sorted(zip(ratios, counts, strict=True)):
        few -= count
        if few < 0:
            return ratio
    return 21.0


@pytest.mark.parametrize("look", theme.names())
@pytest.mark.parametrize("kind", ["white", "black", "#808080", "checks", "noise"])
def test_words_can_be_read_over_any_photo(kind: str, look: str) -> None:
    """Measured in the picture without its letters, around each line: 99 of 100 pixels leave a contrast of 4.5."""
    photo = noisy(kind)
    for size in SIZES:
        made = arrange(replace(CARD, theme=look, photo=photo, faces=()), size)
        block = made.theme.label.shape == "block"
        blank = [
            replace(spot, ink=replace(spot.ink, mask=Image.new("L", spot.ink.mask.size))) for spot in made.places.spots
        ]
        bare = replace(made, places=replace(made.places, spots=tuple(blank)))
        with Image.open(io.BytesIO(encode(compose(bare), 5_000_000))) as picture:
            lights = picture.point(LINEAR * 3).convert("L", (0.2126, 0.7152, 0.0722, 0))
        for spot in made.places.spots:
            if not (block and spot.what == "label"):
                assert worst(lights, spot.box.grown(4), spot.colour) >= READABLE, (size, spot.what)


def test_faces_are_looked_for_where_nobody_says_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without regions the detector is asked, once for a photo however many cards are made of it."""
    from media import faces

    photo, regions = scene("low faces")
    asked = []

    def find(image: Image.Image) -> tuple[Region, ...]:
        asked.append(image.size)
        return regions

    monkeypatch.setattr(faces, "find", find)
    card = replace(CARD, theme="frame", photo=photo + b"\0", faces=None)
    made = arrange(card, SIZES[0])
    assert made.part == arrange(replace(card, faces=regions), SIZES[0]).part
    arrange(replace(card, message="Other words"), SIZES[2])
    assert asked == [(900, 600)]
