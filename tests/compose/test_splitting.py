"""A text that is too long becomes parts: each fits, nothing is lost, and nothing is cut that belongs together."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import splitting
from scheduler.model import Account
from scheduler.publishers import load

NUMBER = re.compile(r" \((\d+)/(\d+)\)$")
WORDS = st.lists(
    st.sampled_from(
        [
            "We",
            "stand",
            "with",
            "you.",
            "Dr.",
            "U.S.",
            "“Why?”",
            "she",
            "asked,",
            "#SyriaNotSafe",
            "@Amnesty@example.social",
            "https://example.org/a.b?c=d,e",
            "人权是普世的。请发声，",
            "ရပ်တည်ပါသည်။",
            "ሰላም፡ለሁሉም።",
            "\n\n",
            "«",
            "Oui",
            "!",
            "»",
            "🕯️",
        ]
    ),
    min_size=1,
    max_size=60,
)


def up_to(most):
    """Return a limit of characters."""
    return lambda text: len(text) <= most


def split(text, most=60, tail=""):
    """Return a text as parts of at most `most` characters."""
    return splitting.parts(text, tail, up_to(most))


def bare(parts):
    """Return the parts without their numbers."""
    return [NUMBER.sub("", part) for part in parts]


def test_what_fits_stays_as_it_is():
    """A text that fits with its line of link and hashtags is one part, without a number."""
    assert split("Short.", tail="#Tag") == ("Short.\n\n#Tag",)
    assert split("x" * 60) == ("x" * 60,)
    assert split("", tail="#Tag") == ("#Tag",)


def test_sentences_stay_whole_and_are_numbered():
    """A part ends where a sentence does; the line of link, tags and hashtags closes the first."""
    parts = split("One is here. Two is there! Is three anywhere? Four.", 40, tail="https://e.org #Tag")
    assert parts == (
        "One is here. (1/3)\n\nhttps://e.org #Tag",
        "Two is there! Is three anywhere? (2/3)",
        "Four. (3/3)",
    )


def test_a_paragraph_is_a_better_end_than_a_sentence():
    """Where a paragraph fills at least half of a part, the part ends with it."""
    assert bare(split("One sentence. Another one.\n\nThird. And a fourth sentence.", 50)) == [
        "One sentence. Another one.",
        "Third. And a fourth sentence.",
    ]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("They left Mr. Bean in the U.S. alone. He waits.", "alone."),
        ("“Is it safe?” she asked. Nobody knew that.", "asked."),
        ("Signed by 3.5 million people in 2021. More join.", "2021."),
        ("« Est-ce vrai ? » demande-t-elle. Oui ! C’est vrai.", "!"),
        ("Их отпустили? Нет. Подпишите обращение сегодня же.", "Нет."),
        ("سوريا ليست آمنة. هل تسمعون؟ وقّعوا اليوم قبل الغد.", "تسمعون؟"),
        ("افغانستان ته مرسته وکړئ۔ نن یې لاسلیک کړئ او ووایاست.", "وکړئ۔"),
        ("我们与你们同在。请今天就签名，明天就太晚了。谢谢大家的支持和帮助。", "太晚了。"),
        ("ကျွန်ုပ်တို့ ရပ်တည်သည်။ ယနေ့ လက်မှတ်ထိုးပါ။ ကျေးဇူးတင်သည်။", "ထိုးပါ။"),
        ("ሰላም ለሁሉም። ዛሬ ፈርሙ፧ ነገ ይዘገያል። አመሰግናለሁ።", "ይዘገያል።"),
    ],
)
def test_where_sentences_end(text, ends):
    """The marks of each script end a sentence; a full stop in a number or an abbreviation doesn't."""
    first = bare(split(text, len(text) - 1))[0]
    assert first.endswith(ends)


def test_a_long_sentence_is_cut_at_a_comma_or_between_words():
    """What has no end of a sentence is cut at a comma, where that leaves half a part, otherwise between words."""
    assert bare(split("We ask for this and that, and for the rest of it too", 40))[0] == "We ask for this and that,"
    assert bare(split("We ask for this and that and for the rest of it too", 40))[0].endswith("and for")


def test_one_word_that_is_too_long_stays_whole():
    """A link longer than the limit is its own part, and the network's check says so."""
    link = "https://example.org/" + "x" * 60
    assert bare(split(f"Look here. {link} It is good.", 40)) == ["Look here.", link, "It is good."]
    assert split(link, 40) == (link,)


def test_ten_parts_have_longer_numbers():
    """(10/12) takes more room than (9/9), and the parts still fit."""
    parts = split("Word one. " * 24, 27)
    assert len(parts) >= 10
    assert all(len(part) <= 27 for part in parts)


@given(words=WORDS, most=st.integers(60, 200))
def test_nothing_is_lost_and_nothing_cut(words, most):
    """All words are there in their order, whole, each part fits, and asking twice gives the same."""
    text = " ".join(words)
    parts = split(text, most, tail="#Tag")
    assert parts == split(text, most, tail="#Tag")
    assert parts[0].endswith("#Tag")
    told = [parts[0].removesuffix("#Tag").strip(), *parts[1:]]
    assert "".join("".join(bare(told)).split()) == "".join(text.split())
    for part in told:
        whole = set(re.findall(r"(?:https?://|[#@])[\x21-\x7e]+", part))
        assert whole <= {word for word in words if word[0] in "#@h"}
    if len(parts) > 1:
        assert [NUMBER.search(part)[0] for part in told] == [f" ({n}/{len(parts)})" for n in range(1, len(parts) + 1)]
        assert all(len(part) <= most for part in parts)


def test_as_the_network_counts():
    """On X a link counts 23, whatever its length, and Chinese signs count twice: that is what must fit."""
    x = load("x")(Account(name="x", platform="x", language="en"), secrets={}, folder=Path())
    text = ("塔利班夺取了政权，二十年的人权成果岌岌可危。" * 12) + " https://example.org/" + "long-" * 40
    parts = splitting.parts(text, "", lambda part: x.measure(part) <= 280)
    assert len(parts) == 3
    assert all(x.measure(part) <= 280 for part in parts)
