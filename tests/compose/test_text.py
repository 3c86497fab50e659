"""The words of a post on an account: the action's link, tags and hashtags come with them, once."""

import pytest

from scheduler import compose
from scheduler.model import Text
from tests.compose.example import EN, FR, LOCAL, WORKSPACE, action, composed, post

ALL = "https://example.org/syria @AmnestyNow #SyriaNotSafe"


def test_added_at_the_end():
    """Link, tags and hashtags follow the text after a blank line, in one line."""
    assert composed("Hello\n") == f"Hello\n\n{ALL}"


def test_only_what_the_action_has():
    """An action without tags, hashtags and link adds nothing, not even a blank line."""
    assert composed("Hello", tags={}, hashtags=(), link=None) == "Hello"


def test_only_the_tags_of_the_network():
    """A network without tags of its own gets none."""
    assert composed("Hello", LOCAL) == "Hello\n\nhttps://example.org/syria #SyriaNotSafe"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {hashtags}", "Hello #SyriaNotSafe\n\nhttps://example.org/syria @AmnestyNow"),
        ("{link} {tags} {hashtags}", ALL),
        ("Sign ({link}) now {hashtags}.", "Sign (https://example.org/syria) now #SyriaNotSafe.\n\n@AmnestyNow"),
        ("{link}?from=x", "https://example.org/syria?from=x\n\n@AmnestyNow #SyriaNotSafe"),
        ("a{hashtags}b", "a #SyriaNotSafe b\n\nhttps://example.org/syria @AmnestyNow"),
        ("{hashtags}{tags}", "#SyriaNotSafe @AmnestyNow\n\nhttps://example.org/syria"),
        ("{hashtags} and {hashtags}", "#SyriaNotSafe and #SyriaNotSafe\n\nhttps://example.org/syria @AmnestyNow"),
    ],
)
def test_placed(text, expected):
    """A placeholder says where a thing stands; the others still go to the end."""
    assert composed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Join #syrianotsafe now", "Join #syrianotsafe now\n\nhttps://example.org/syria @AmnestyNow"),
        ("(#SyriaNotSafe)", "(#SyriaNotSafe)\n\nhttps://example.org/syria @AmnestyNow"),
        (".@amnestynow says", ".@amnestynow says\n\nhttps://example.org/syria #SyriaNotSafe"),
        ("#SyriaNotSafe {hashtags} end", "#SyriaNotSafe end\n\nhttps://example.org/syria @AmnestyNow"),
        ("See https://example.org/syria.", "See https://example.org/syria.\n\n@AmnestyNow #SyriaNotSafe"),
    ],
)
def test_not_said_twice(text, expected):
    """What the text holds already, in whatever case, isn't added again."""
    assert composed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "#SyriaNotSafeNow",
        "x#SyriaNotSafe",
        "see example.org/?#SyriaNotSafe now",
        "www.example.org/a?b=#SyriaNotSafe",
        "example.org/-#SyriaNotSafe",
        "##SyriaNotSafe",
        "#SyriaNotSafe#More",
        "SyriaNotSafe @AmnestyNowCanada info@AmnestyNow @AmnestyNow@example.social @AmnestyNow.example.org",
        "https://example.org/#SyriaNotSafe https://example.org/@AmnestyNow",
        "https://example.org/syria-report https://example.org/syria/more",
    ],
)
def test_parts_of_longer_words_dont_count(text):
    """A longer hashtag, an e-mail address, a part of a link isn't the hashtag, the tag, the link."""
    assert composed(text) == f"{text}\n\n{ALL}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {tags} world", "Hello world"),
        ("Hello {tags}.", "Hello."),
        ("Hello {tags}", "Hello"),
        ("{tags} Hello", "Hello"),
        ("Hello\n\n{tags}\n\nworld", "Hello\n\nworld"),
        ("Hello\n{tags} {hashtags} {link}\nworld", "Hello\nworld"),
        ("Hello {tags}\nworld", "Hello\nworld"),
        ("a{tags}b", "a b"),
        ("{tags}{hashtags}{link}", ""),
    ],
)
def test_empty_placeholders_leave_nothing(text, expected):
    """Where the thing is empty no doubled space and no blank line stays behind."""
    assert composed(text, tags={}, hashtags=(), link=None) == expected


@pytest.mark.parametrize("text", ["{word} {Link} {}", "%s %(link)s", "{{7*7}}", "{0.__class__}", "${link", "{ link }"])
def test_other_braces_are_text(text):
    """No other placeholder, format or template means anything."""
    assert composed(text, tags={}, hashtags=(), link=None) == text


def test_what_is_put_in_is_not_read_again():
    """A link that holds a placeholder's name stays as it is."""
    link = Text({"": "https://example.org/?q={tags}"})
    assert composed("Go {link}", link=link) == "Go https://example.org/?q={tags}\n\n@AmnestyNow #SyriaNotSafe"


def test_language_of_the_account():
    """The account's language is taken, else the workspace's first."""
    assert composed({"en": "Hello", "fr": "Bonjour"}, FR).startswith("Bonjour")
    assert composed({"en": "Hello"}, FR).startswith("Hello")
    link = Text({"en": "https://example.org/en", "fr": "https://example.org/fr"})
    assert "https://example.org/fr" in composed("Hello", FR, link=link)


def test_text_for():
    """An account's own text comes before its network's, and that before the text for all."""
    texts = {"x-en": Text({"": "For one"}), "x": Text({"": "For the network"})}
    one = post("For all", text_for=texts)
    said = [compose.text(action(), one, account, WORKSPACE).split("\n")[0] for account in (EN, FR, LOCAL)]
    assert said == ["For one", "For the network", "For all"]


def test_equal_hashtags_once():
    """The same hashtag in two spellings is added once, as first written."""
    assert composed("Hi", hashtags=("Syria", "SYRIA"), tags={}, link=None) == "Hi\n\n#Syria"


def test_other_scripts():
    """A hashtag that ends in a vowel sign isn't found inside a longer word."""
    assert composed("#မြန်မာ", hashtags=("မြန်မာ",), tags={}, link=None) == "#မြန်မာ"
    assert composed("#မြန်မာပြည်", hashtags=("မြန်မာ",), tags={}, link=None).endswith("\n\n#မြန်မာ")
