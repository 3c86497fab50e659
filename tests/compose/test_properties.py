"""Whatever staff write, a post can't lose its hashtags, tags and link."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.model import Text
from tests.compose.example import composed

NAMES = st.sampled_from(["Syria", "SyriaNotSafe", "tigray", "مهسا", "Été", "A1_b"])
TAGS = st.sampled_from(["AmnestyNow", "amnesty", "amnestysasia", "a_b"])
PIECES = st.sampled_from(
    [
        *(
            "{link}",
            "{tags}",
            "{hashtags}",
            "{word}",
            "%s",
            " ",
            "\n",
            "\n\n",
            "(",
            ")",
            ".",
            "'",
            "#",
            "@",
            "_",
            "-",
            "&",
        ),
        *("/", "a", "é", "#Syria", "#SyriaNotSafe", "@amnesty", "@AmnestyNow"),
        *("https://example.org/", "https://example.org/a"),
    ]
)
BODIES = st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join)
LINK = "https://example.org/a"


def has(text, word):
    """Tell whether networks would link `word` in the text."""
    plain = re.sub(r"https?://\S+", " ", text)
    return re.search(rf"(?<![\w&#@/]){re.escape(word)}(?!\w|#)", plain, re.IGNORECASE) is not None


@settings(max_examples=600, deadline=None, derandomize=True)
@given(body=BODIES, hashtags=st.lists(NAMES, max_size=3), tags=st.lists(TAGS, max_size=2))
def test_nothing_is_lost(body, hashtags, tags):
    """Each hashtag and tag stands in the text as a word of its own, and the link is in it."""
    text = composed(body, hashtags=tuple(hashtags), tags={"x": tuple(tags)}, link=Text({"": LINK}))
    assert all(has(text, f"#{name}") for name in hashtags), text
    assert all(has(text, f"@{name}") for name in tags), text
    assert LINK in text


@settings(max_examples=300, deadline=None, derandomize=True)
@given(body=st.text(alphabet="ab {}%#@\n_.", max_size=40))
def test_text_is_verbatim(body):
    """Without placeholders the text comes first, to the letter."""
    text = composed(body, hashtags=("Zz",), tags={}, link=None)
    assert text.startswith(body.strip())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pieces=st.lists(st.sampled_from(["{link}", "{tags}", "{hashtags}", " ", "\n", "word"]), max_size=12))
def test_empty_placeholders_double_nothing(pieces):
    """Empty placeholders leave no more blank lines and doubled spaces than stood there before."""
    tidy = re.sub(r" {2,}", " ", re.sub(r"\n{3,}", "\n\n", "".join(pieces)))
    text = composed(tidy, hashtags=(), tags={}, link=None)
    assert "  " not in text
    assert "{" not in text
