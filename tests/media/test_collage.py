"""One picture of many photos: everyone whole in their tile, every row full, the words readable."""

import functools
import hashlib
import io
import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from media import collage, collage_panel, collage_plan, theme
from media.drawing.layout import Box, safe_area
from media.errors import BadPicture, NoMessage, TextTooLong, WrongNumber
from media.order import Card, Region
from tests.media import drawn_faces

SIZES = ((1200, 675), (1200, 630), (1080, 1080), (1080, 1350))
CARD = Card(
    message="We stand with the women of Afghanistan. Their rights are not negotiable.",
    label="Day 12 of action",
    hashtags=("UniteForAfghanistan",),
    brand="Your organisation · Canada",
)


def jpeg(image: Image.Image) -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


@functools.cache
def people(count: int = 12) -> tuple[bytes, ...]:
    """Photos of people in several shapes."""
    shapes = ((480, 360), (360, 480), (480, 270), (400, 400))
    return tuple(jpeg(drawn_faces.photo(seed, shapes[seed % 4]).image) for seed in range(count))


def plain(count: int, size: tuple[int, int] = (160, 120)) -> list[bytes]:
    """Photos of one colour each, all different."""
    return [jpeg(Image.new("RGB", size, (40 + at * 7 % 200, 90, 255 - at * 11 % 200))) for at in range(count)]


def opened(data: bytes) -> Image.Image:
    """The picture in some bytes."""
    return Image.open(io.BytesIO(data)).convert("RGB")


# ── where everything stands ──


def check_tidy(made: collage_plan.Plan, count: int) -> None:
    """Every tile in the picture, none on another or on the words, every row reaching from edge to edge."""
    whole = Box(0, 0, *made.size)
    assert len(made.tiles) == count
    assert all(whole.holds(tile) and tile.width >= 12 and tile.height >= 12 for tile in made.tiles)
    assert whole.holds(made.panel)
    boxes = [*made.tiles, made.panel]
    covered = Image.new("L", made.size)
    for box in boxes:
        assert covered.crop(box).getextrema() == (0, 0)
        covered.paste(255, box)
    # Nothing is left but gaps: no square of two gaps and more is bare.
    bare = Box(0, 0, 2 * made.gap + 2, 2 * made.gap + 2)
    for left, top in itertools.product(
        range(0, made.size[0] - bare.width, bare.width), range(0, made.size[1] - bare.height, bare.height)
    ):
        part = covered.crop((left, top, left + bare.width, top + bare.height)).getextrema()
        assert part != (0, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 400), st.sampled_from(SIZES), st.data())
def test_photos_of_any_number_and_shape_fill_the_picture(
    count: int, size: tuple[int, int], data: st.DataObject
) -> None:
    """No overlap, no ragged row, no hole, whatever comes."""
    few = st.sampled_from((9 / 16, 3 / 4, 1.0, 4 / 3, 3 / 2, 16 / 9, 3.0))
    shapes = data.draw(st.lists(few, min_size=count, max_size=count))
    check_tidy(collage_plan.plan(shapes, size), count)


@pytest.mark.parametrize("size", SIZES)
def test_many_photos_stand_in_an_even_grid(size: tuple[int, int]) -> None:
    """A hundred tiles are alike to a pixel, with the words in the middle."""
    made = collage_plan.plan([4 / 3] * 100, size)
    assert len({tile.width for tile in made.tiles}) <= 2
    assert len({tile.height for tile in made.tiles}) <= 2
    assert abs(made.panel.left - (size[0] - made.panel.right)) <= 2
    assert made.panel.top > 0
    assert made.panel.bottom < size[1]


@pytest.mark.parametrize("size", SIZES)
def test_few_photos_keep_their_shapes(size: tuple[int, int]) -> None:
    """In rows of 12 ordinary photos no tile is further from its photo's shape than two fifths."""
    shapes = [4 / 3, 3 / 4, 16 / 9, 1.0] * 3
    made = collage_plan.plan(shapes, size)
    for tile, shape in zip(made.tiles, shapes, strict=True):
        assert 0.6 < tile.width / tile.height / shape < 1.67


@pytest.mark.parametrize("count", [4, 5, 9, 12, 24, 31, 60, 200])
def test_on_a_story_the_words_keep_clear_of_the_app_s_controls(count: int) -> None:
    """No word of the panel stands in the upper 14 or the lower 20 percent, in any theme; no hole is left."""
    size = (1080, 1920)
    made = collage_plan.plan([(4 / 3, 3 / 4, 16 / 9, 1.0)[at % 4] for at in range(count)], size)
    check_tidy(made, count)
    for name in theme.names():
        sheets = []
        for words in (CARD, replace(CARD, message="Oui.", label="Êtes", hashtags=("Égal",), brand="Ñandú Ğ")):
            image = Image.new("RGB", size)
            collage_panel.paint(image, made.panel, replace(words, theme=name), theme.load(name))
            sheets.append(image)
        moved = ImageChops.difference(*sheets).convert("L").point(lambda value: 255 if value > 24 else 0).getbbox()
        assert moved
        assert safe_area(size).top <= moved[1]
        assert moved[3] <= safe_area(size).bottom


# ── everyone whole ──

face_places = st.builds(
    lambda x, y, s: Region(max(x - s, 0), max(y - s, 0), min(x + s, 1), min(y + s, 1)),
    st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0.02, 0.12),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(face_places, min_size=1, max_size=6),
    st.sampled_from(((400, 300), (300, 400), (640, 200))),
    st.sampled_from(((40, 40), (120, 60), (60, 120))),
)
def test_a_tile_shows_every_face_whole(found: list[Region], picture: tuple[int, int], size: tuple[int, int]) -> None:
    """However many faces a photo has and wherever they are, the part that is shown holds them all."""
    part = collage.window(picture, size, found)
    assert 0 <= part.left < part.right <= 1
    assert 0 <= part.top < part.bottom <= 1
    for face in found:
        assert part.left - 1e-6 <= face.left
        assert face.right <= part.right + 1e-6
        assert part.top - 1e-6 <= face.top
        assert face.bottom <= part.bottom + 1e-6


def test_a_face_at_the_edge_of_a_wide_photo_is_in_its_tile() -> None:
    """Somebody at the far right of a panorama is seen, though the middle of the photo is empty."""
    scene = drawn_faces.Scene(image=drawn_faces.ground((900, 300), 2), faces=())
    scene = drawn_faces.stand(scene, drawn_faces.Look(cloth=(0, 200, 0)), (790, 170), 260)
    made = collage.render([jpeg(scene.image)] * 40, CARD, size=(1080, 1080))
    first = collage_plan.plan([3.0] * 40, (1080, 1080)).tiles[0]
    skin = [
        colour for _, colour in opened(made.data).crop(first).getcolors(100_000) or [] if colour[0] > 200 > colour[2]
    ]
    assert len(skin) > 100


def test_photos_are_not_tinted_mirrored_or_distorted() -> None:
    """A photo's left stays left, its colours stay, a square stays square; in a right-to-left mosaic too."""
    image = Image.new("RGB", (400, 400), (200, 40, 40))
    image.paste((40, 40, 200), (200, 0, 400, 400))
    image.paste((240, 240, 240), (160, 160, 240, 240))
    for card in (CARD, replace(CARD, language="ar", message="نحن معكم", label="", brand="")):
        made = opened(collage.render([jpeg(image)] * 4, card).data)
        places = collage_plan.plan([1.0] * 4, made.size)
        tile = (places.mirrored() if card.language == "ar" else places).tiles[0]
        shown = made.crop(tile)
        for x, wanted in ((0.1, (200, 40, 40)), (0.9, (40, 40, 200))):
            pixel = shown.getpixel((round(x * shown.width), shown.height // 2))
            assert isinstance(pixel, tuple)
            assert max(abs(a - b) for a, b in zip(pixel, wanted, strict=True)) <= 6
        box = shown.getchannel("G").point(lambda value: 255 if value > 140 else 0).getbbox()
        assert box
        assert abs((box[2] - box[0]) - (box[3] - box[1])) <= 2


# ── the picture ──


@pytest.mark.parametrize("name", theme.names())
@pytest.mark.parametrize("count", [5, 40])
def test_every_theme_can_carry_a_collage(name: str, count: int) -> None:
    """Words of a usual length fit in every theme, whatever the shape and the number of photos."""
    photos = plain(count)
    for size in SIZES:
        made = collage.render(photos, replace(CARD, theme=name), size=size)
        assert (made.width, made.height, made.mime) == (*size, "image/jpeg")
        assert opened(made.data).size == size


def test_the_words_change_only_the_panel() -> None:
    """The message is written on its own ground, never on a photo."""
    photos = plain(40)
    made = [opened(collage.render(photos, replace(CARD, message=words)).data) for words in ("Free them.", "Peace")]
    panel = collage_plan.plan([4 / 3] * 40, made[0].size).panel
    changed = ImageChops.difference(*made).point(lambda value: 255 if value > 12 else 0).getbbox()
    assert changed
    assert panel.holds(Box(*changed).grown(-8))


def test_a_right_to_left_collage_is_mirrored_around_its_photos() -> None:
    """Beside few photos the words stand at the right, and the first photo begins there."""
    photos = plain(6)
    made = collage.render(photos, replace(CARD, language="prs", message="ما در کنار شما هستیم.", label=""))
    left, right = opened(made.data).crop((0, 0, 300, 675)), opened(made.data).crop((900, 0, 1200, 675))
    dark = [sum(image.convert("L").histogram()[:60]) / (300 * 675) for image in (left, right)]
    assert dark[0] < 0.2
    assert dark[1] > 0.6


def test_the_same_photos_give_the_same_bytes() -> None:
    """Threads or not, the order given decides; another order is another picture."""
    photos = list(people())
    one, other = (hashlib.sha256(collage.render(photos, CARD).data).digest() for _ in range(2))
    turned = hashlib.sha256(collage.render(photos[::-1], CARD).data).digest()
    assert one == other != turned


def test_the_alt_text_counts_the_photos_and_says_the_words() -> None:
    """It begins with what the picture is, in the card's language where we know how, and tells only what is shown."""
    photos = plain(5)
    english = collage.render(photos, replace(CARD, link="https://example.org", days_left=3)).alt
    assert english.startswith("A mosaic of 5 photos. Card with the words: “We stand with the women")
    assert "#UniteForAfghanistan" in english
    assert "QR" not in english
    french = collage.render(photos, replace(CARD, language="fr-CA", message="Nous sommes avec vous.")).alt
    assert french.startswith("Une mosaïque de 5 photos. Carte avec les mots")
    arabic = collage.render(photos, replace(CARD, language="ar", message="نحن معكم")).alt
    assert arabic.startswith("فسيفساء صور عددها 5. ")
    assert "نحن معكم" in arabic
    burmese = collage.render(photos, replace(CARD, language="my", label="", brand="", message="ငြိမ်းချမ်းရေး")).alt
    assert "5" not in burmese


def test_the_logo_is_shown() -> None:
    """A logo adds its colour to the panel."""
    logo = io.BytesIO()
    Image.new("RGBA", (100, 100), (0, 255, 0, 255)).save(logo, "PNG")
    for tags in ((), CARD.hashtags):
        made = opened(
            collage.render(plain(40), replace(CARD, logo=logo.getvalue(), hashtags=tags), size=(1080, 1080)).data
        )
        green = [count for count, (r, g, b) in made.getcolors(2_000_000) or [] if g > 230 and r < 40 and b < 40]
        assert sum(green) > 300


# ── refusals ──


@pytest.mark.parametrize(("count", "cure"), [(0, "add some"), (3, "add some"), (401, "choose among them")])
def test_too_few_or_too_many_photos_are_refused(count: int, cure: str) -> None:
    """Three are no mosaic, and 401 too many: the message says how many and what to do."""
    with pytest.raises(WrongNumber, match=f"4 to 400 photos, and there are {count}: {cure}"):
        collage.render([b""] * count, CARD)


@pytest.mark.parametrize("count", [5, 50])
def test_a_damaged_photo_is_named_by_its_number(count: int) -> None:
    """Whether its header or its end is broken, the error says which photo it is."""
    photos = plain(count)
    whole = jpeg(Image.effect_noise((300, 300), 60).convert("RGB"))
    for broken in (b"hello", whole[: len(whole) // 2]):
        with pytest.raises(BadPicture, match=f"photo 3 of {count}"):
            collage.render([*photos[:2], broken, *photos[3:]], CARD)


def test_words_that_cannot_be_set_are_refused() -> None:
    """No message, or one that doesn't fit: the same errors as for a card."""
    with pytest.raises(NoMessage):
        collage.render(plain(4), replace(CARD, message=" "))
    with pytest.raises(TextTooLong):
        collage.render(plain(4), replace(CARD, message="Solidarity with everyone who is held for what they said. " * 9))


def test_four_hundred_photos_in_one_picture() -> None:
    """The largest mosaic comes out whole, with every photo's colour in its tile."""
    photos = plain(400, (80, 60))
    made = opened(collage.render(photos, CARD, size=(1080, 1350)).data)
    for tile, data in zip(collage_plan.plan([4 / 3] * 400, made.size).tiles, photos, strict=True):
        shown, wanted = (image.resize((1, 1)).getpixel((0, 0)) for image in (made.crop(tile), opened(data)))
        assert isinstance(shown, tuple)
        assert isinstance(wanted, tuple)
        assert max(abs(a - b) for a, b in zip(shown, wanted, strict=True)) <= 10
