"""Where words stand: inside the safe area, never over each other, whatever the card says and however it is shaped."""

import io
import itertools
from dataclasses import replace

import pytest
from PIL import Image

from media import theme
from media.card import Card, check
from media.drawing.arrange import arrange
from media.drawing.layout import Box, safe_area
from media.errors import BadSize, MediaError, TextTooLong
from media.order import Region

SIZES = ((1200, 675), (1200, 630), (1080, 1080), (1080, 1350), (1080, 1920))
ODD = ((600, 1500), (2000, 500), (320, 320))
WORDS = {
    "en": ("Free them.", "We stand with the women of Afghanistan. Their rights are not negotiable."),
    "fr": ("Agissez !", "La Syrie n’est pas sûre : ne renvoyez pas les réfugiés !"),
    "prs": ("آزادی", "ما در کنار زنان افغانستان ایستاده‌ایم. حقوق آنان قابل معامله نیست."),
    "my": ("ရပ်တန့်ပါ။", "မြန်မာနိုင်ငံရှိ လူ့အခွင့်အရေး ချိုးဖောက်မှုများကို ရပ်တန့်ပါ။"),
    "ti": ("ፍትሒ", "ኣብ ትግራይ ዝፍጸም ዘሎ ግህሰት መሰላት ደው ይበል። ፍትሒ ንኹሉ።"),
    "ru": ("Свободу!", "Свободу Марии Колесниковой. Одиннадцать лет за флейту."),
}
TAGS = ((), ("UniteForAfghanistan",), ("UniteForAfghanistan", "HumanRights", "WeStandWithYou"))


def saved(size: tuple[int, int], colour: str = "#808890") -> bytes:
    """The bytes of a picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


PHOTOS = (
    (saved((900, 600)), (Region(0.2, 0.2, 0.34, 0.42), Region(0.6, 0.25, 0.74, 0.47))),
    (saved((600, 800)), (Region(0.35, 0.2, 0.65, 0.5),)),
    (saved((800, 800)), ()),
)
LOGO = saved((60, 30))


def cards(name: str, *, sparse: bool) -> list[Card]:
    """Cards that differ in all that takes room, each language with some of them."""
    needed = theme.load(name).photo.needed
    found = []
    for at, (language, length) in enumerate(itertools.product(WORDS, (0, 1))):
        photo, faces = PHOTOS[at % 3] if needed or at % 2 else (None, None)
        found.append(
            Card(
                message=WORDS[language][length],
                language=language,
                theme=name,
                label="" if at % 5 == 4 else "Final push · 3 days left",
                days_left=3 if at % 3 else None,
                hashtags=TAGS[1 if sparse else (at // 2 + at) % 3],
                brand="" if at % 7 == 6 else "Your organisation · Canada",
                logo=LOGO if at % 4 < 2 else None,
                photo=photo,
                faces=faces,
                link="" if at % 3 == 1 else "https://example.org/act",
            )
        )
    return found


def wrong(card: Card, size: tuple[int, int]) -> list[str]:
    """What is wrong with where things stand on a card."""
    places = arrange(card, size).places
    safe, whole = safe_area(size), Box(0, 0, *size)
    named = [
        (f"{spot.what} {spot.line}", spot.box) for spot in places.spots if spot.what != "label" or not places.plate
    ]
    named += [(what, box) for what in ("plate", "logo", "qr") if (box := getattr(places, what))]
    found = [
        f"{what} leaves the safe area" for what, box in named if what not in {"qr", "logo"} and not safe.holds(box)
    ]
    found += [f"{what} leaves the card" for what, box in named if not whole.holds(box)]
    lines = [(what, box) for what, box in named if not what.startswith("message")]
    message = [box for what, box in named if what.startswith("message")]
    for what, box in lines:
        found += [f"{what} on the message" for line in message if line.meets(box)]
    found += [f"{one[0]} on {other[0]}" for one, other in itertools.combinations(lines, 2) if one[1].meets(other[1])]
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", theme.names())
def test_nothing_leaves_the_safe_area_or_lies_on_anything(name: str, size: tuple[int, int]) -> None:
    """Six languages, short and long, with and without photo, logo, label, code and several hashtags: all have room."""
    problems = {
        (card.language, card.message[:12], card.photo is not None, card.link): found
        for card in cards(name, sparse=False)
        if (found := wrong(card, size))
    }
    assert problems == {}


@pytest.mark.parametrize("size", ODD)
@pytest.mark.parametrize("name", theme.names())
def test_odd_shapes_work_or_say_what_to_do(name: str, size: tuple[int, int]) -> None:
    """On a strip, a tower and a stamp everything keeps its place, or an error in words names a cure."""
    made = [said for card in cards(name, sparse=True) if not (said := said_by(card, size))]
    assert len(made) >= 6


def said_by(card: Card, size: tuple[int, int]) -> str:
    """What the error says, checked for a cure; nothing if the card can be made, and is right."""
    try:
        found = wrong(card, size)
    except MediaError as error:
        said = str(error)
    else:
        assert found == []
        return ""
    assert any(cure in said for cure in ("shorten", "shorter", "larger", "limit")), said
    return said


def test_a_story_keeps_clear_of_the_app_s_controls() -> None:
    """On a story no word stands in the upper 14 or the lower 20 percent; elsewhere the margin is the same all round."""
    assert safe_area((1080, 1920)) == Box(65, 269, 1015, 1536)
    assert safe_area((1080, 1350)) == Box(65, 65, 1015, 1285)
    for name in theme.names():
        card = next(card for card in cards(name, sparse=True) if card.photo)
        for spot in arrange(card, (1080, 1920)).places.spots:
            assert spot.box.top >= 0.14 * 1920
            assert spot.box.bottom <= 0.8 * 1920


@pytest.mark.parametrize("size", [(200, 200), (1200, 100), (3000, 400), (400, 2400)])
def test_sizes_nobody_could_read_are_refused(size: tuple[int, int]) -> None:
    """A card too small or too long is an error that names the limits."""
    with pytest.raises(BadSize, match="shorter side 240 pixels or more, and the longer at most 5 times"):
        check(Card(message="Peace"), size=size)


def test_a_crowded_foot_is_stacked_before_it_is_refused() -> None:
    """Hashtags and brand that don't fit on one row stand over each other; too many are an error that names the cure."""
    card = Card(message="Peace", theme="plain", brand="The organisation with a long name · Canada", hashtags=TAGS[2])
    spots = {spot.what: spot.box for spot in arrange(card, (1080, 1080)).places.spots}
    assert spots["brand"].bottom <= spots["hashtag"].top
    with pytest.raises(TextTooLong, match="shorten"):
        check(replace(card, hashtags=TAGS[2] * 4))
