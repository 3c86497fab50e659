"""Links, tags and hashtags found in texts of many scripts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.gallery.segments import code, split


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("see https://example.org/a_(b)?c=d#e.", ["link:https://example.org/a_(b)?c=d#e"]),
        ("(https://example.org/a), then", ["link:https://example.org/a"]),
        ("« https://example.org/a »", ["link:https://example.org/a"]),
        ("@AmnestyNow, @one@two.example.", ["tag:@AmnestyNow", "tag:@one@two.example"]),
        ("@name.bsky.social!", ["tag:@name.bsky.social"]),
        ("mail me@example.org", []),
        ("#SyriaNotSafe #افغانستان #新疆", ["hashtag:#SyriaNotSafe", "hashtag:#افغانستان", "hashtag:#新疆"]),
        ("#1 of C# and a&#39;", []),
        ("#été2021!", ["hashtag:#été2021"]),
    ],
)
def test_what_a_network_would_mark_is_marked(text, marked):
    """Links end before punctuation; tags and hashtags are found in any script, addresses and figures aren't."""
    assert [f"{part.kind}:{part.text}" for part in split(text) if part.kind] == marked


@given(st.text(alphabet=st.sampled_from("a@#:/ .\n&é新ا<\"'()") | st.characters(), max_size=60))
def test_nothing_is_added_or_lost(text):
    """The segments put together are the text."""
    assert "".join(part.text for part in split(text)) == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Run `solidarity queue`.", [("", "Run "), ("code", "solidarity queue"), ("", ".")]),
        ("`a` and `b`", [("code", "a"), ("", " and "), ("code", "b")]),
        ("a ` alone\n`", [("", "a ` alone\n`")]),
        ("", []),
    ],
)
def test_code_stands_between_backticks(text, parts):
    """Only a pair of backticks with something between them on one line makes code."""
    assert [(part.kind, part.text) for part in code(text)] == parts
