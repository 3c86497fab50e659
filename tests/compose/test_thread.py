"""Threads, warnings and link cards: what a network has a place for, and what it gets otherwise."""

from dataclasses import replace

import pytest

from scheduler import compose
from scheduler.model import CardOrder, FileContent, Picture, Place, Text
from scheduler.store.records import content_values
from tests.compose.example import DUE, EN, FR, LOCAL, WORKSPACE, action, post

THREADS = compose.Network(fits=lambda text: len(text) <= 100, threads=True)
MASTODON = replace(THREADS, warning=True)
CARDS = compose.Network(link_card=True)
LINE = "https://example.org/syria @AmnestyNow #SyriaNotSafe"
LONG = "The report is long. It tells what happened. It names nobody. Read it today, and pass it on to others."
PHOTO = Picture(file="posts/images/a.jpg", alt=Text({"": "A road"}), place=Place(file="posts/a.yaml"))


def content(one, network=compose.ANY, account=EN, **given):
    """Return what goes out for a post on a network."""
    return compose.content(action(**given), one, account, WORKSPACE, due_at=DUE, network=network)


def test_a_long_text_becomes_a_thread_where_there_are_some():
    """The link, tags and hashtags go with part 1; where there are no threads it is one text."""
    one = post(LONG, split=True)
    made = content(one, THREADS)
    assert made.text == f"The report is long. (1/2)\n\n{LINE}"
    assert made.thread == ("It tells what happened. It names nobody. Read it today, and pass it on to others. (2/2)",)
    joined = content(one)
    assert (joined.text, joined.thread) == (f"{LONG}\n\n{LINE}", ())


def test_a_text_that_fits_is_the_same_as_without_a_thread():
    """`thread: true` changes nothing of what fits: not even its hash."""
    plain, split = content(post("Short."), THREADS), content(post("Short.", split=True), THREADS)
    assert content_values(plain) == content_values(split)
    assert set(content_values(plain)) == {"text", "language", "card", "images", "video"}


def test_parts_as_staff_wrote_them():
    """Each is a text of its own, in the account's language; without threads they follow on each other."""
    one = post({"en": "First", "fr": "Un"}, thread=(Text({"en": "Second", "fr": "Deux"}), Text({"": "3"})))
    made = content(one, THREADS, FR)
    assert (made.text, made.thread) == (f"Un\n\n{LINE}", ("Deux", "3"))
    assert content(one).text == f"First\n\nSecond\n\n3\n\n{LINE}"


def test_what_is_placed_in_a_later_part_stands_there_alone():
    """{link} in part 2 takes the link there, and a hashtag said in a part isn't said twice."""
    made = content(post("First", thread=(Text({"": "See {link}"}), Text({"": "It is #SyriaNotSafe"}))), THREADS)
    assert made.text == "First\n\n@AmnestyNow"
    assert made.thread == ("See https://example.org/syria", "It is #SyriaNotSafe")


def test_a_warning_without_a_field_is_the_first_line():
    """The words stand once, at the top of the text; the field is set for marks on pictures."""
    one = post("Hello", warning=Text({"en": "Torture", "fr": "Récit de torture"}), images=(PHOTO,))
    made = content(one, THREADS)
    assert (made.text, made.warning) == (f"⚠ Torture\n\nHello\n\n{LINE}", "Torture")
    assert content(one, account=FR).text.startswith("⚠ Récit de torture\n\nHello")
    split = content(replace(one, text=Text({"": LONG}), split=True), THREADS)
    assert split.text.startswith("⚠ Torture\n\nThe report is long. (1/")
    assert not any("Torture" in part for part in split.thread)


def test_a_warning_with_a_field_stays_out_of_the_text():
    """Where the network has a field the words aren't said twice, and count as text when it is cut."""
    one = post("Hello", warning=Text({"": "Torture\nand more"}))
    assert (content(one, MASTODON).text, content(one, MASTODON).warning) == (f"Hello\n\n{LINE}", "Torture and more")
    split = content(replace(one, text=Text({"": LONG}), split=True), MASTODON)
    assert all(len(split.warning + part) <= 100 for part in (split.text, *split.thread))


@pytest.mark.parametrize("order", [{"card": CardOrder()}, {"images": (PHOTO,)}, {"video": PHOTO}])
def test_a_link_card_only_where_nothing_is_shown(order):
    """A content with pictures has none; nor has one on a network that makes its own, or without a link."""
    made = content(post("Hello"), CARDS, FR)
    assert (made.link, made.title) == ("https://example.org/syria", "Syria")
    assert content(post("Hello", **order), CARDS).link == ""
    assert content(post("Hello")).link == content(post("Hello"), CARDS, link=None).link == ""


@pytest.mark.parametrize(
    ("platform", "tag", "said"),
    [
        ("bluesky", "amnesty.org", "Ask @amnesty.org."),
        ("bluesky", "desk.bsky.social", "@desk.bsky.social, listen"),
        ("mastodon", "amnesty@example.social", "Ask @amnesty@example.social!"),
        ("threads", "amnesty_canada", "Ask (@amnesty_canada)"),
    ],
)
def test_tags_in_the_form_of_their_network(platform, tag, said):
    """A tag that the text holds already isn't said twice; one that is only a part of another is added."""
    account = replace(LOCAL, platform=platform)
    assert content(post(said), account=account, tags={platform: (tag,)}).text.count(f"@{tag}") == 1
    longer = f"Ask @{tag}.example.net"
    assert content(post(longer), account=account, tags={platform: (tag,)}).text.count(f"@{tag}") == 2


def test_the_file_of_a_thread_goes_with_its_first_part():
    """Pictures stand beside the first text, whatever follows."""
    made = content(post(LONG, split=True, images=(PHOTO,)), THREADS)
    assert made.thread
    assert made.images == (FileContent(file="posts/images/a.jpg", alt="A road"),)


def test_people_who_look_it_over_see_all_of_it():
    """What is shown for an approval is the warning, once, and every part; without either it is the text."""
    one = post("First", warning=Text({"": "Torture"}), thread=(Text({"": "Second"}),))
    whole = f"⚠ Torture\n\nFirst\n\n{LINE}\n\nSecond"
    assert content(one, THREADS).whole == content(one, MASTODON).whole == whole
    assert content(post("Hello")).whole == content(post("Hello")).text
