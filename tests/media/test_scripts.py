"""Every script on a card: golden pictures, where lines may end, emoji, and the words a card adds by itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from media import words
from media.card import Card, alt, check
from media.errors import MediaError, MissingGlyphs
from media.text import fonts, script
from media.text.typeset import Style, fit, line
from tests.media import golden

CHINESE = Style(language="zh-Hans")


@pytest.mark.parametrize("name", golden.MESSAGES)
def test_a_message_looks_as_it_was_reviewed(name: str) -> None:
    """Each language's message is the picture that was looked at: `python -m tests.media.golden` makes them anew."""
    kept = Image.open(golden.FOLDER / f"{name}.png").convert("L")
    apart = ImageChops.difference(kept, golden.picture(name))
    assert ImageStat.Stat(apart).mean[0] < 1.5
    assert sum(apart.histogram()[64:]) < 0.002 * apart.width * apart.height


def test_the_golden_pictures_are_those_of_the_messages_and_small() -> None:
    """No picture is left over or missing, and the folder stays under 600 KB."""
    files = sorted(golden.FOLDER.glob("*.png"))
    assert [file.stem for file in files] == sorted(golden.MESSAGES)
    assert sum(file.stat().st_size for file in files) < 600_000


def test_the_golden_comparison_sees_one_letter() -> None:
    """A message with one other letter is another picture: the tolerance isn't blind."""
    kept = Image.open(golden.FOLDER / "ru.png").convert("L")
    language, font, message = golden.MESSAGES["ru"]
    golden.MESSAGES["changed"] = (language, font, message.replace("ё", "е"))
    try:
        apart = ImageChops.difference(kept, golden.picture("changed"))
    finally:
        del golden.MESSAGES["changed"]
    assert sum(apart.histogram()[64:]) > 0.0001 * apart.width * apart.height


# ── where lines end ──

NEVER_FIRST = "、。，．：；！？）】］｝》〉」』〕〗〙”’…—·～％々ー,.:;!?)%"
NEVER_LAST = "（【［｛《〈「『〔〖〘“‘＃＠￥([{#@$"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.text(
        st.sampled_from("我们要自由日本語のテスト年月" + NEVER_FIRST + NEVER_LAST + "a7é-"), min_size=1, max_size=40
    )
)
def test_chinese_signs_stand_where_they_may(text: str) -> None:
    """No piece after the first begins with a closing sign, none before the last ends with an opening one."""
    cut = [piece for piece, _ in script.pieces(text)]
    assert "".join(cut) == text
    assert not any(piece[0] in NEVER_FIRST for piece in cut[1:] if not cut[0].isascii())
    assert not any(piece[-1] in NEVER_LAST for piece in cut[:-1])


def test_chinese_is_cut_between_its_signs_only() -> None:
    """Words of letters, years with their unit, a dash of two signs, hashtags and joined signs stay whole."""
    cut = [piece for piece, _ in script.pieces("在2026年——释放Ilham！#维吾尔 人\u2060权")]
    assert cut == ["在", "2026年——", "释", "放", "Ilham！", "#维吾尔", "人\u2060权"]


def test_chinese_lines_end_with_their_phrases() -> None:
    """A line rather ends at a comma than in the middle of a word, and no sign stands alone on the last one."""
    text = "我们与维吾尔人站在一起：立即释放所有良心犯，停止任意拘押，把自由还给每一个人。"
    made = fit(text, CHINESE, (560, 260), largest=72, smallest=20, leading=1.2)
    assert "".join(made.texts) == text
    assert all(row[-1] in "：，。" for row in made.texts)


def test_no_chinese_sign_stands_alone() -> None:
    """A last line of one sign and its full stop is avoided where another size or break would do."""
    for count in range(5, 25):
        made = fit("自" * count + "。", CHINESE, (400, 300), largest=70, smallest=20, leading=1.2)
        assert len(made.texts[-1]) > 2 or len(made.texts) == 1


def test_ethiopic_word_spaces_end_lines() -> None:
    """The sign between words may end a line and never begins one; the full stop stays with its word."""
    assert [piece for piece, _ in script.pieces("በትግራይ፡ጥቃት፡ይቁም።")] == ["በትግራይ፡", "ጥቃት፡", "ይቁም።"]
    assert script.tidy("ሰላም ። ሰላም", "ti") == "ሰላም\u00a0። ሰላም"


def test_words_of_one_letter_stay_with_the_next() -> None:
    """A preposition or conjunction of one letter never ends a line in Russian, Belarusian, Pashto or Arabic."""
    assert script.tidy("Свобода и право в № 7", "ru") == "Свобода и\u00a0право в\u00a0№\u00a07"
    assert script.tidy("і ўсім", "be") == "і\u00a0ўсім"
    assert script.tidy("د ښځو حقونه", "ps") == "د\u00a0ښځو حقونه"
    assert script.tidy("حق و سلام", "ar") == "حق و\u00a0سلام"
    assert script.tidy("a b", "en") == "a b"


def test_a_zero_width_space_is_a_place_to_end_a_line() -> None:
    """Who marks the words of a Burmese or Thai text gets lines of whole words."""
    assert [piece for piece, _ in script.pieces("သတင်း\u200bလွတ်လပ်")][:2] == ["သ", "တင်း\u200b"]
    made = fit("กขค\u200bงจฉ\u200bชซฌ", Style(language="th"), (150, 300), largest=60, smallest=50, leading=1.2)
    assert "".join(made.texts) == "กขค\u200bงจฉ\u200bชซฌ"
    assert len(made.texts) > 1


# ── tags, addresses, emoji ──


@pytest.mark.parametrize(
    "tag",
    [
        "@a_b", "@user.bsky.social", "@free@mastodon.social", "#Free_All2026", "#حرية_الآن", "#မြန်မာ", "#自由",
        "https://example.org/a-b?c=1", "example.org/free", "write@example.org", "+98 21 1234",
    ],
)  # fmt: skip
def test_tags_and_addresses_keep_their_own_order(tag: str) -> None:
    """Each is isolated as a whole, without the signs around it."""
    assert script.isolate_tags(f"ا ({tag}) ب، {tag}؟ {tag}.").count(f"\u2068{tag}\u2069") == 3


def test_a_broken_phrase_keeps_its_signs() -> None:
    """A comma inside a Latin phrase stands behind its word on an Arabic card, though the line ends there."""
    style = Style(language="ar")
    broken = fit("قالت\nAmnesty,\nLondon أمس", style, (640, 300), largest=60, smallest=20, leading=1.2)
    assert broken.texts == ("قالت", "Amnesty,", "London أمس")
    assert broken.lines[1].mask.tobytes() == line("Amnesty,", Style(language="en"), broken.lines[1].size).mask.tobytes()
    assert script.carried(["أهلا", "free,", "بكم"], "ar") == ["أهلا", "free,", "بكم"]
    assert script.carried(["we are,", "free"], "en") == ["we are,", "free"]


def test_what_is_no_tag_is_left_alone() -> None:
    """Sums, times, abbreviations and lonely signs aren't isolated."""
    text = "a@ 24/7 50% 1,200 و.ا # 12:30 C# e.g."
    assert script.isolate_tags(text) == text


@pytest.mark.parametrize("sequence", ["✊🏿", "👩🏽‍🦱", "👨‍👩‍👧‍👦", "🇺🇦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "❤️‍🔥", "🏳️‍⚧️", "🧑🏻‍🤝‍🧑🏿", "🕯️"])
def test_emoji_of_several_parts_are_one_sign(sequence: str) -> None:
    """Tones, flags, keycaps and families are as wide as one emoji, not as their parts."""
    check(Card(message=f"Together {sequence}!"))
    assert line(sequence, Style(language="en"), 80).width < 1.4 * 80


@pytest.mark.parametrize("sequence", ["🇽🇽", "🇺", "👩‍👩‍👩", "✊🏿🏿", "🕯️‍🔥"])
def test_emoji_that_would_fall_to_pieces_are_refused(sequence: str) -> None:
    """An unknown flag, half a flag, a family no font draws: the error names the sequence and what to do."""
    with pytest.raises(MissingGlyphs, match=rf"the emoji {sequence} \(U\+.*use another"):
        fonts.require(f"Together {sequence}!")


@pytest.mark.parametrize("sign", ["🕯", "🕯\ufe0f", "✊", "☎"])
def test_spaces_beside_an_emoji_are_those_of_the_letters(sign: str) -> None:
    """A sign between words or others of its kind doesn't widen the spaces, whether or not it asks to be an emoji."""
    style = Style(language="en")
    for row in (f"a {sign} b", f"✊ {sign} ✊", f"{sign} {sign} {sign}"):
        apart = line(row, style, 80).width - line(row.replace(" ", ""), style, 80).width
        assert apart == pytest.approx(2 * 0.26 * 80, abs=3)


# ── the words a card adds ──

LANGUAGES = ("en", "fr", "ar", "fa", "prs", "ps", "ug", "zh", "zh-Hant", "my", "ti", "am", "ru", "be")


@pytest.mark.parametrize("language", LANGUAGES)
def test_alt_text_has_the_words_and_ends_its_sentences(language: str) -> None:
    """Message, hashtag and brand stand in the alt text, with one full stop of the language between them."""
    text = alt(Card(message="123", language=language, hashtags=("Free",), brand="Brand", photo=b"x"))
    assert text.index("123") < text.index("#Free") < text.index("Brand")
    assert "{" not in text
    stops = [char for char in text if char in ".。።။۔"]
    assert len(set(stops)) == 1


@pytest.mark.parametrize(
    ("language", "count", "words_under"),
    [
        ("ru", 1, "день остался"), ("ru", 3, "дня осталось"), ("ru", 11, "дней осталось"), ("ru", 21, "день остался"),
        ("be", 2, "дні засталося"), ("be", 5, "дзён засталося"), ("be", 112, "дзён засталося"),
        ("ar", 2, "يومان متبقيان"), ("ar", 7, "أيام متبقية"), ("ar", 30, "يومًا متبقيًا"), ("ar", 101, ""),
        ("zh", 9, "天"), ("zh-TW", 9, "天"), ("en", 1, "day left"), ("xx", 3, ""),
    ],
)  # fmt: skip
def test_days_are_counted_as_the_language_counts(language: str, count: int, words_under: str) -> None:
    """Plural forms follow the number; a language nobody told us about shows its figure alone."""
    assert words_under in words.days(count, language)
    assert bool(words.days(count, language)) is bool(words_under)


def test_every_word_a_card_adds_can_be_set() -> None:
    """The days of each language have their glyphs."""
    for language in LANGUAGES:
        for count in (1, 2, 5, 21):
            assert words.figure(count, language)
            fonts.require(words.days(count, language) + words.figure(count, language))


LETTERS = "Free them, ñandú! «Où» Свободу ўсім " + "حقوق گچپژ ئۇيغۇر ښځو " + "自由「還」。，—…直 ひらがな 한국어 "
MANY_SCRIPTS = st.text(
    st.sampled_from(LETTERS + "မြန်မာ ကို ။ ፍትሒ።፡ זכויות #@()[]%-/ 0123 ✊🏿🇺🇦🕯️ \u200b\u200c\u200d\u2060\u00a0\n"),
    min_size=1,
    max_size=60,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(text=MANY_SCRIPTS, language=st.sampled_from(LANGUAGES), font=st.sampled_from(["sans", "serif"]))
def test_any_mixture_of_scripts_is_set_in_its_box_or_refused(text: str, language: str, font: str) -> None:
    """The ink stays in the box and nothing is lost between the lines, or a refusal says why."""
    tidy = script.tidy(text, language)
    try:
        fonts.require(tidy)
        made = fit(tidy, Style(language=language, font=font), (560, 300), largest=70, smallest=20, leading=1.2)
    except MediaError:
        return
    assert made.width <= 560
    assert made.height <= 300
    assert "".join(made.texts).replace(" ", "") == tidy.replace(" ", "").replace("\n", "")
