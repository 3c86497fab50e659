"""Counting quickly gives the networks' own figures: held against the parsers that it spares."""

import random

import pytest
import regex
from twitter_text import extract_urls, parse_tweet

from scheduler.publishers import bluesky_text, mastodon_figures, mastodon_rules, x_texts
from scheduler.publishers.grapheme_count import graphemes

_BITS = (
    *("a", "é", "word ", "https://www.amnesty.org/en/x-1/", " ", "\n", "\r\n", "example.com", "x.y", ".", "..", "#tag"),
    *("@me", "http://t.co/abc", "t.co/abcdefg", "中", "日本", "。", "…", "“", "”", "’", "–", "€", "!", "?", "/", "("),
    *(")", ":", "https://", "a.b.c", "1.2", "www.", ".org", "co.uk", "e\u0301", "\u200b", "\xa0", "\u00ad", "_", "-"),
    *("$", "https://example.com/中文", "한", "foo@bar.com", "@x.com", "😀", "#️⃣", "©", "1️⃣", "\u200d", "‼", "ß", "ا"),
    *("مرحبا", "हिन्दी", "～", "http://a.com/(x)", "&", "amnesty.中国", "𝒳", "HTTP://X.COM", "\t", "\u3000", "．", "%"),
    *("http://a-b.org", "https://a.net/b/-", "https://0.com", "example.com.", "\ud83d", "\ude00", "👨‍👩‍👧", "🇨🇦"),
)


def _texts(part: int) -> list[str]:
    chance = random.Random(part)
    return ["".join(chance.choice(_BITS) for _ in range(chance.randrange(1, 14))) for _ in range(120)]


@pytest.mark.parametrize("part", range(3))
def test_a_text_weighs_on_x_what_its_own_parser_says(part: int) -> None:
    """Proves that texts without emoji, which that parser isn't asked about, are counted as it counts them."""
    for text in _texts(part):
        countable = x_texts._countable(text)
        assert x_texts.weight(text) == parse_tweet(countable).weightedLength, repr(text)
        assert x_texts.links(text) == extract_urls(countable), repr(text)


@pytest.mark.parametrize("part", range(3, 6))
def test_characters_are_counted_by_the_rules_of_unicode(part: int) -> None:
    """Proves that texts of simple letters, which need no rules, are counted as the rules count them."""
    for text in _texts(part):
        assert graphemes(text) == len(regex.findall(r"\X", text)), repr(text)


@pytest.mark.parametrize("part", range(6, 9))
def test_what_is_not_counted_is_not_too_long(part: int) -> None:
    """Proves that a text is only spared the counting where it can't be over a network's limit, however it counts."""
    figures = mastodon_figures.Figures()
    for text in _texts(part):
        assert bluesky_text.graphemes(text) <= len(text), repr(text)
        assert len(bluesky_text.encoded(text)) <= 4 * len(text), repr(text)
        assert mastodon_rules.size(text, text, figures) <= 2 * mastodon_rules._at_most(text, figures), repr(text)
        assert mastodon_rules.size(text, "", figures) <= mastodon_rules._at_most(text, figures), repr(text)
