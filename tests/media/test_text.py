"""Setting text: shaping, line breaks, French spaces, fallback, and any message at all."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.card import Card, check, render
from media.drawing.arrange import arrange
from media.errors import MediaError, MissingGlyphs, TextTooLong
from media.text import fonts, script
from media.text.typeset import Style, fit, line, line_to_fit

ARABIC = Style(language="ar")
ENGLISH = Style(language="en")
BOX = (640, 330)


def lines_of(text: str, style: Style = ENGLISH, box: tuple[int, int] = BOX) -> tuple[str, ...]:
    """The lines a message is set in, in a box of a landscape card."""
    block = fit(script.tidy(text, style.language), style, box, largest=80, smallest=26, leading=1.2)
    assert block.width <= box[0]
    assert block.height <= box[1]
    return block.texts


def test_arabic_letters_are_joined() -> None:
    """A word's letters touch: it is narrower and other than the same letters kept apart by non-joiners."""
    joined, apart = line("حقوق", ARABIC, 80), line("\u200c".join("حقوق"), ARABIC, 80)
    assert joined.width < 0.9 * apart.width
    assert joined.mask.tobytes() != apart.mask.tobytes()


def test_arabic_runs_from_the_right() -> None:
    """The first letter of a word stands at its right end: alef, a bare stroke, then the wide sheen at the left."""
    word = line("ا\u200cش", ARABIC, 80).mask
    right, left = word.crop((word.width - 12, 0, word.width, word.height)), word.crop((0, 0, 12, word.height))
    assert right.histogram()[255] > 2 * left.histogram()[255]


def test_burmese_marks_are_put_in_their_places() -> None:
    """The vowel sign e is written after its letter and stands before it: the picture is no sequence of code points."""
    style = Style(language="my")
    word, letter = line("ကေ", style, 80), line("က", style, 80)
    tail = word.mask.crop((word.width - letter.width + 4, 0, word.width, word.height))
    assert tail.getbbox()
    assert word.width > letter.width
    assert word.width < line("ကက", style, 80).width


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("am", "በትግራይ የሚፈጸመው ጥቃት ይቁም"),
        ("be", "Свабоду Марыі Калеснікавай"),
        ("my", "မြန်မာနိုင်ငံရှိ လူ့အခွင့်အရေး ချိုးဖောက်မှုများကို ရပ်တန့်ပါ။"),
        ("ps", "د ښځو حقونه د معاملې وړ نه دي"),
        ("ru", "Свободу Алексею Навальному"),
        ("ti", "ፍትሒ ንኹሉ"),
        ("ug", "ئۇيغۇرلارغا ئەركىنلىك"),
        ("he", "זכויות אדם לכולם"),
        ("en", "Light a candle 🕯 ☮ ✊"),
    ],
)
def test_the_campaign_s_scripts_are_set(language: str, text: str) -> None:
    """Every script of the people concerned has a font, and none of its characters is missing."""
    check(Card(message=text, language=language))


def test_no_word_stands_alone_on_the_last_line() -> None:
    """Where another break would do, a short last word takes company."""
    for text in (
        "We stand with the women of Afghanistan. Their rights are not negotiable.",
        "Syria is not safe. Do not send refugees back.",
        "Ask the companies to share the vaccine. Your signature still counts.",
    ):
        assert len(lines_of(text)[-1].split()) > 1


def test_short_messages_are_larger_than_long_ones() -> None:
    """The size is the largest that fits: it falls as the text grows, and stays within its bounds."""
    sizes = [
        arrange(Card(message="Free them all now. " * times), (1200, 675)).message.lines[0].size for times in (1, 4, 9)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1.5 * sizes[-1]
    assert sizes[-1] >= 0.026 * 675


def test_the_writer_s_line_breaks_are_kept() -> None:
    """A line break in the message is a line break on the card."""
    assert lines_of("Syria\nis not safe") == ("Syria", "is not safe")


def test_french_signs_stay_with_their_word() -> None:
    """A line never begins with a French double sign, nor ends with an opening guillemet."""
    text = script.tidy("Leurs droits : « non négociables » ! Vraiment ?", "fr-CA")
    assert text == "Leurs droits\u00a0: «\u00a0non négociables\u00a0»\u00a0! Vraiment\u00a0?"
    assert script.tidy("so : so", "en") == "so : so"


def test_burmese_lines_end_between_syllables_only() -> None:
    """The pieces of a Burmese phrase join to the same text, and none begins with a mark or a killed letter."""
    text = "ချိုးဖောက်မှုများကို"
    cut = [piece for piece, _ in script.pieces(text)]
    assert "".join(cut) == text
    assert cut == ["ချိုး", "ဖောက်", "မှု", "များ", "ကို"]


def test_capitals_only_where_they_are_sound() -> None:
    """Labels get capitals in plain Latin; other scripts, and languages with rules of their own, are left alone."""
    assert script.upper("Action en cours", "fr") == "ACTION EN COURS"
    for text, language in (("حملة", "ar"), ("Личное", "ru"), ("istanbul", "tr"), ("Straße", "de")):
        assert script.upper(text, language) == text


def test_direction_follows_the_script() -> None:
    """A language's script decides, and a script subtag overrules it."""
    assert all(script.right_to_left(tag) for tag in ("ar", "fa-AF", "prs", "ps", "ug", "he", "uz-Arab", "pa_Arab_PK"))
    assert not any(script.right_to_left(tag) for tag in ("en", "my", "ug-Latn", "tr", ""))


def test_missing_characters_are_named() -> None:
    """The error shows each character with its code point, and a control character by its kind."""
    with pytest.raises(MissingGlyphs, match=r"no font at hand can set 𓀀 \(U\+13000\), a control character \(U\+0007\)"):
        fonts.require("a𓀀\u0007")
    fonts.require("ا\u200cب\u2067\u200f é\u00a0\n")


def test_cards_are_the_same_from_many_threads() -> None:
    """Eight threads at once make what one makes."""
    card = Card(message="سلام، صلح و عدالت", language="prs", theme="plain", hashtags=("Peace",))
    alone = render(card).data
    with ThreadPoolExecutor(8) as pool:
        assert {made.data for made in pool.map(lambda _: render(card), range(16))} == {alone}


PRINTABLE = st.one_of(
    st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_categories=("Cc",)),
    st.characters(min_codepoint=0x400, max_codepoint=0x45F),
    st.characters(min_codepoint=0x620, max_codepoint=0x64A),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(text=st.text(PRINTABLE, min_size=1, max_size=120), language=st.sampled_from(["en", "fr", "ru", "ar"]))
def test_any_message_fits_its_box_or_is_an_error(text: str, language: str) -> None:
    """Whatever is printable is set inside its box at a legible size, or refused in words."""
    try:
        made = arrange(Card(message=text, language=language), (1200, 675))
    except MediaError:
        return
    assert made.message.width <= made.layout.message.width
    assert made.message.height <= made.layout.message.height
    assert made.message.lines[0].size >= 0.026 * 675


def test_burmese_lines_end_at_spaces_where_they_can() -> None:
    """A phrase is cut inside only if it is too long for a line of its own."""
    text = "မြန်မာနိုင်ငံရှိ လူ့အခွင့်အရေး ချိုးဖောက်မှုများကို ရပ်တန့်ပါ။"
    assert " ".join(lines_of(text, Style(language="my"))) == text
    long = text.replace(" ", "")
    assert "".join(lines_of(long, Style(language="my"))) == long


def test_a_line_that_fits_at_the_smallest_size_is_never_refused() -> None:
    """However wide the room, a line is made as small as it must be, and no smaller than it may be."""
    sizes, text = (16.66, 23.07), "Your organisation · Canada"
    least = line(text, ENGLISH, sizes[0]).width
    for width in range(least, least + 90):
        assert line_to_fit(text, ENGLISH, width, sizes, "brand").width <= width
    with pytest.raises(TextTooLong, match="brand"):
        line_to_fit(text, ENGLISH, least - 1, sizes, "brand")


def test_a_line_does_not_end_with_the_first_word_of_a_sentence() -> None:
    """Where there is a choice, a sentence begins a line of its own."""
    assert lines_of("Thousands have disappeared. Tell us where they are.")[-2:] == ("Tell us where", "they are.")
    assert lines_of("Free them. They did nothing wrong.")[0] == "Free them."
