"""Photos on cards: shown whole or nearly so, no face cut or written on, and words that can be read on any of them."""

import functools
import io
import itertools
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


def with_head(face: Region) -> Region:
    """A face with its hair, ears and chin, as far as the photo goes."""
    wide, high = face.right - face.left, face.bottom - face.top
    left, top = max(face.left - 0.2 * wide, 0.0), max(face.top - 0.45 * high, 0.0)
    return Region(left, top, min(face.right + 0.2 * wide, 1.0), min(face.bottom + 0.25 * high, 1.0))


HEADS = [
    (look, name)
    for look in ("candle", "countdown", "dawn", "paper", "plain", "portrait")
    for name in ("one upright", "one landscape", "a group in a row", "a group upright")
    if (look, name) != ("portrait", "a group upright")  # a frame with margins has no room for all three
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("look", "name"), HEADS)
def test_no_head_is_cut(name: str, look: str, size: tuple[int, int]) -> None:
    """Not only the face is whole: hair, ears and chin have their room too."""
    made = arrange(with_scene(name, look), size)
    assert made.part
    for head in map(with_head, made.card.faces or ()):
        assert made.part.left <= head.left + 0.001
        assert made.part.top <= head.top + 0.001
        assert made.part.right >= head.right - 0.001
        assert made.part.bottom >= head.bottom - 0.001


@pytest.mark.parametrize("look", ["candle", "countdown", "dawn", "paper", "plain", "portrait"])
def test_a_group_has_the_card_s_whole_width(look: str) -> None:
    """On a landscape card a row of people stands over the words, half the height or more, from edge to edge."""
    made = arrange(with_scene("a group in a row", look), (1200, 675))
    place = place_of(made)
    assert place.height >= 0.5 * 675
    assert place.left == 1200 - place.right == place.top == (made.layout.margin if look == "portrait" else 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", theme.names())
def test_a_photo_reaches_every_outer_edge_or_keeps_from_all(look: str, size: tuple[int, int]) -> None:
    """It never bleeds off one side with gaps above and below: at each edge of the card it ends there or at a margin."""
    for name in SCENES:
        made = arrange(with_scene(name, look), size)
        box, (width, height) = place_of(made), size
        if look == "frame" or (box.width, box.height) == size:
            continue
        gaps = (box.left, box.top, width - box.right)
        bleeds = [gap == 0 for gap in gaps]
        assert not any(bleeds) or (box.top == 0 and (box.left == 0 or box.right == width)), (name, box)
        if box.bottom == height or box.right == width:
            assert box.top == 0, (name, box)


@pytest.mark.parametrize("look", ["candle", "dawn", "paper", "plain", "portrait", "poster"])
def test_few_words_leave_the_photo_their_room(look: str) -> None:
    """Over two words a photo takes half of a tall card or more, over a long message less."""
    short = arrange(replace(with_scene("one landscape", look), message="Free her.", label=""), (1080, 1350))
    long = arrange(replace(with_scene("one landscape", look), message=CARD.message * 3), (1080, 1350))
    assert place_of(short).height >= 0.48 * 1350
    assert short.layout.words != "ground" or place_of(long).height < place_of(short).height


def test_no_veil_lies_over_the_top_where_words_can_stand_on_the_ground() -> None:
    """Low faces send the words beside or over the photo, not onto a grey band across its upper part."""
    for look in ("candle", "plain"):
        for name in ("a group in a row", "low faces", "one landscape"):
            for size in SIZES:
                assert arrange(with_scene(name, look), size).layout.words in {"bottom", "ground"}, (look, name, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["one upright", "one landscape", "a group in a row", "a group upright", "low faces"])
def test_a_countdown_with_a_photo_still_counts(name: str, size: tuple[int, int]) -> None:
    """The days left are a figure, or bars with the label; they are never written twice, and no week is overfull."""
    card = replace(with_scene(name, "countdown"), label="Final push · 3 days left", days_left=3)
    made = arrange(card, size)
    texts = made.texts
    assert made.layout.steps
    assert texts.label
    full = arrange(replace(card, days_left=None), size).texts.label
    assert full
    shorter = texts.label.width / texts.label.size < 0.6 * full.width / full.size
    assert shorter == (texts.figure is not None)
    assert arrange(replace(card, days_left=12), size).layout.steps is None
    assert arrange(replace(card, photo=None, days_left=8), size).layout.steps is None


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
    """With no photo a window stands where the person would: light between dark bars, and no words on it."""
    made = arrange(replace(CARD, theme="portrait"), (1200, 675))
    box = made.layout.art
    assert box
    row = compose(made).crop((box.left, box.top + box.height // 2, box.right, box.top + box.height // 2 + 1))
    pixels = [row.getpixel((x, 0)) for x in range(box.width)]
    lit = [contrast((red, green, blue), made.theme.background.bottom) > 7 for red, green, blue in pixels]  # type: ignore[misc]
    assert sum(one and not other for one, other in itertools.pairwise(lit)) == 5
    assert not [words for words in made.places.boxes() if words.meets(box)]


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
