"""Cards as pictures: every theme on every shape, sizes, bytes, direction, and what their alt texts say."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import media
from media import order, theme
from media.card import Card, Rendered, alt, check, render
from media.drawing.arrange import arrange
from media.drawing.canvas import compose
from media.errors import MissingGlyphs, NoMessage, TextTooLong, TooManyBytes, UnknownTheme

SIZES = ((1200, 675), (1200, 630), (1080, 1080), (1080, 1350), (1080, 1920))
CARD = Card(
    message="We stand with the women of Afghanistan. Their rights are not negotiable.",
    label="Final push · 3 days left",
    days_left=3,
    hashtags=("UniteForAfghanistan",),
    brand="Your organisation · Canada",
)
DARI = replace(
    CARD,
    language="prs",
    label="اقدام همبستگی",
    message="ما در کنار زنان افغانستان ایستاده‌ایم. حقوق آنان قابل معامله نیست.",
)


def named(name: str, card: Card = CARD) -> Card:
    """The card in a theme, with a photo where the theme needs one."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((800, 600)).convert("RGB").save(out, "PNG")
    needed = theme.load(name).photo.needed
    return replace(card, theme=name, photo=out.getvalue() if needed else None, faces=())


def picture(card: Card, size: tuple[int, int] = SIZES[0]) -> Image.Image:
    """The card's pixels before they are compressed."""
    return compose(arrange(card, size))


def ink(card: Card, size: tuple[int, int] = SIZES[0]) -> tuple[int, int, int, int]:
    """The box of all pixels that the message changes."""
    small = replace(card, message=".", label="", hashtags=(), brand="", days_left=None)
    box = ImageChops.difference(picture(small, size), picture(replace(small, message=card.message), size)).getbbox()
    assert box
    return box


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", theme.names())
def test_every_theme_on_every_shape(name: str, size: tuple[int, int]) -> None:
    """Each theme gives a JPEG of the very size asked for, in both directions."""
    for card in (CARD, DARI):
        made = render(named(name, card), size=size)
        with Image.open(io.BytesIO(made.data)) as opened:
            assert (opened.format, opened.size) == ("JPEG", size)
        assert (made.mime, made.width, made.height) == ("image/jpeg", *size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", theme.names())
def test_the_message_stays_inside_the_margins(name: str, size: tuple[int, int]) -> None:
    """No pixel of a message comes nearer to an edge than six percent of the shorter side."""
    margin = 0.06 * min(size)
    for card in (CARD, DARI):
        left, top, right, bottom = ink(named(name, card), size)
        assert left >= margin
        assert top >= margin
        assert right <= size[0] - margin
        assert bottom <= size[1] - margin


def test_a_right_to_left_card_is_mirrored() -> None:
    """In Dari the candle burns at the left and the words stand at the right; in English the other way round."""
    english, dari = picture(CARD).resize((2, 1)), picture(DARI).resize((2, 1))
    flames = picture(replace(CARD, message=".")), picture(replace(DARI, message="۔"))
    lights = [flame.convert("L").reduce(20).crop((0, 6, 60, 16)) for flame in flames]
    brightest = [light.get_flattened_data().index(light.getextrema()[1]) % 60 for light in lights]
    assert brightest[0] > 40
    assert brightest[1] < 20
    assert english.size == dari.size
    assert ink(CARD)[0] < 100
    assert ink(DARI)[2] > 1100


def test_the_hashtag_keeps_its_sign_in_front_on_a_right_to_left_card() -> None:
    """The Latin hashtag of an Arabic card is set exactly as on an English one."""
    one, other = arrange(CARD, SIZES[0]).texts.tags, arrange(DARI, SIZES[0]).texts.tags
    assert one
    assert other
    assert one.mask.tobytes() == other.mask.tobytes()


def test_the_same_card_gives_the_same_bytes_in_another_process() -> None:
    """Two processes with other hash seeds, locales, homes and font settings make the very same file."""
    code = (
        "import hashlib, sys; from media.card import Card, render;"
        "print(hashlib.sha256(render(Card(message='سلام #Peace, paix !', language='prs')).data).hexdigest())"
    )
    hashes = set()
    for seed, locale in (("1", "C"), ("2", "fr_CA.UTF-8")):
        env = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONHASHSEED": seed,
            "LANG": locale,
            "PANGO_LANGUAGE": "ar:ja",
        }
        env |= {"HOME": "/nonexistent", "PATH": os.environ["PATH"], "FONTCONFIG_FILE": f"/nonexistent/{seed}"}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        hashes.add(done.stdout)
    assert len(hashes) == 1


def test_what_was_made_before_changes_nothing() -> None:
    """Photo cards made in two processes, in opposite orders and beside other cards, are the same files."""
    code = """
import hashlib, io, sys
from PIL import Image
from media.card import Card, render
out = io.BytesIO()
Image.effect_mandelbrot((900, 700), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(out, "PNG")
words = ["We are with you.", "Their rights are not negotiable, and never will be.", "Act now"]
jobs = [(text, look, size) for text in words for look in ("candle", "frame", "portrait")
        for size in ((1200, 675), (1080, 1350))]
if sys.argv[1] == "back":
    jobs = [jobs[3], *jobs[::-1]]
made = {job: hashlib.sha256(render(Card(message=job[0], theme=job[1], photo=out.getvalue(), faces=(),
        hashtags=("One",), brand="Us", label="Focus"), size=job[2]).data).hexdigest() for job in jobs}
print(sorted(made.items()))
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    orders = [
        subprocess.run([sys.executable, "-c", code, order], env=env, capture_output=True, text=True, check=True).stdout
        for order in ("forth", "back")
    ]
    assert orders[0] == orders[1]
    assert orders[0].count("candle") == 6


def test_a_card_can_be_painted_part_by_part() -> None:
    """With fewer lines, or without its foot, only those pixels change: a film can let the words come one by one."""
    made = arrange(replace(CARD, brand="Us"), SIZES[0])
    whole, spots = compose(made), made.places.spots
    first = compose(made, lines=1)
    changed = ImageChops.difference(whole, first).getbbox()
    below = [spot.box for spot in spots if spot.what == "message"][1:]
    assert changed == (
        min(box.left for box in below),
        below[0].top,
        max(box.right for box in below),
        below[-1].bottom,
    )
    footless = ImageChops.difference(whole, compose(made, foot=False)).getbbox()
    assert footless
    assert footless[1] == min(spot.box.top for spot in spots if spot.what in {"hashtag", "brand"})


def test_the_picture_obeys_the_limit_of_bytes_and_carries_no_metadata() -> None:
    """A tighter limit gives a smaller file; an impossible one is an error that says so."""
    large, small = render(CARD), render(CARD, max_bytes=60_000)
    assert len(small.data) <= 60_000 < len(large.data)
    with Image.open(io.BytesIO(large.data)) as opened:
        assert not opened.getexif()
        assert "comment" not in opened.info
    with pytest.raises(TooManyBytes, match="1,000 are allowed"):
        render(CARD, max_bytes=1_000)


def test_errors_say_what_to_do() -> None:
    """A wrong theme, no words, strange characters and endless texts are told in plain words, by check and render."""
    wrong = (
        (replace(CARD, theme="neon"), UnknownTheme, "choose one of candle, countdown"),
        (replace(CARD, message=" \n "), NoMessage, "give it some words"),
        (replace(CARD, message="𒀀𒀁 now"), MissingGlyphs, r"U\+12000.*U\+12001.*use other characters"),
        (replace(CARD, hashtags=("𒀀",)), MissingGlyphs, r"U\+12000"),
        (replace(CARD, message="rights " * 200), TextTooLong, "1399 characters"),
        (replace(CARD, message="a" * 120), TextTooLong, "doesn't fit"),
        (replace(CARD, hashtags=("A" * 140,)), TextTooLong, "hashtag line"),
        (replace(CARD, label="long " * 40), TextTooLong, "label"),
    )
    for card, kind, words in wrong:
        for make in (check, render):
            with pytest.raises(kind, match=words):
                make(card)


def test_text_is_never_markup() -> None:
    """Angle brackets and ampersands are set as they stand."""
    plain = arrange(replace(CARD, message="Rights &amp; <b>laws</b>"), SIZES[0]).message
    assert "".join(plain.texts).replace(" ", "") == "Rights&amp;<b>laws</b>"
    assert plain.width > arrange(replace(CARD, message="Rights laws"), SIZES[0]).message.lines[0].height


def test_alt_says_what_the_card_says() -> None:
    """The alt text carries message, label, hashtags and brand in the card's language, and is never empty."""
    assert alt(CARD) == (
        "Card with the words: “We stand with the women of Afghanistan. Their rights are not negotiable.” "
        "Final push · 3 days left. Hashtags: #UniteForAfghanistan. From Your organisation · Canada"
    )
    assert alt(replace(CARD, language="fr-CA", message="Bonjour")).startswith("Carte avec les mots : « Bonjour ». ")
    assert DARI.message in alt(DARI)
    assert alt(Card(message="")) != ""
    assert len(alt(Card(message="word " * 900))) <= 1000


@pytest.mark.parametrize(
    ("language", "message", "start"),
    [
        ("en", "We stand with you.", "Card with the words: “We stand with you.” Ongoing action. From Us"),
        ("en", "Act now!", "Card with the words: “Act now!” Ongoing action. From Us"),
        ("en", "Who will listen?", "Card with the words: “Who will listen?” Ongoing action. From Us"),
        ("en", "Not yet…", "Card with the words: “Not yet…” Ongoing action. From Us"),
        ("en", "They said “no.”", "Card with the words: “They said “no.”” Ongoing action. From Us"),
        ("en", "Write for rights", "Card with the words: “Write for rights”. Ongoing action. From Us"),
        ("fr", "Ils sont en danger.", "Carte avec les mots : « Ils sont en danger. » Ongoing action. De Us"),
        ("fr-CA", "Agissez !", "Carte avec les mots : « Agissez ! » Ongoing action. De Us"),
        ("fr", "Qui écoute ?", "Carte avec les mots : « Qui écoute ? » Ongoing action. De Us"),
        ("fr", "Pas encore…", "Carte avec les mots : « Pas encore… » Ongoing action. De Us"),
        ("fr", "Écrire", "Carte avec les mots : « Écrire ». Ongoing action. De Us"),
        ("de", "Jetzt!", "Jetzt! Ongoing action. Us"),
        ("de", "Jetzt.", "Jetzt. Ongoing action. Us"),
        ("es", "Ahora", "Ahora. Ongoing action. Us"),
        ("ur", "امن۔", "امن۔ Ongoing action. Us"),
    ],
)
def test_alt_ends_each_sentence_once(language: str, message: str, start: str) -> None:
    """A message that ends with its own sign gets no full stop after it, not even behind the quotes."""
    card = Card(message=message, language=language, label="Ongoing action", brand="Us")
    assert alt(card) == start


@pytest.mark.parametrize(
    ("language", "message", "stop"),
    [("prs", "چرا؟", "."), ("ar", "لماذا؟", "."), ("am", "ሰላም።", "።"), ("my", "ငြိမ်းချမ်း။", "။"), ("ru", "Пора!", ".")],
)
def test_alt_in_other_scripts_ends_each_sentence_once(language: str, message: str, stop: str) -> None:
    """A message with its own end gets no second one, and the label behind it ends with the script's own stop."""
    text = alt(Card(message=message, language=language, label="Ongoing action", brand="Us"))
    before, after = text.split("Ongoing action")
    assert message in before
    assert before.count(stop) == message.count(stop)
    assert after.startswith(stop)


def test_alt_of_words_that_end_in_stops() -> None:
    """A label or a brand with its own full stop, and a photo, are told without a second one."""
    card = Card(message="Peace.", label="Final push.", hashtags=("One", "#Two"), brand="Us Inc.", photo=b"x")
    assert alt(card) == "Card with the words: “Peace.” Final push. Hashtags: #One #Two. From Us Inc. Over a photo."


@pytest.mark.parametrize("language", ["en", "fr", "prs", "my", "xx"])
def test_alt_tells_where_the_code_leads(language: str) -> None:
    """Whoever can't scan a QR code finds its address in the alt text, in any language."""
    assert "https://example.org/act" in alt(Card(message="Peace", language=language, link="https://example.org/act"))


def test_cards_are_data_that_nothing_drags_along() -> None:
    """What sets and paints a card needs its data only: no module but the outermost ones imports `media.card`."""
    folder = Path(media.__file__).parent
    users = {path.name for path in folder.rglob("*.py") if "from media.card" in path.read_text(encoding="utf-8")}
    assert users <= {"clip.py", "collage.py"}
    assert (Card, Rendered) == (order.Card, order.Rendered)


def test_importing_cards_loads_no_picture_library() -> None:
    """`media.card` costs next to nothing until a card is made."""
    code = (
        "import sys, media.card; print([m for m in ('PIL', 'pyvips', 'uharfbuzz', 'ruamel.yaml') if m in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
