"""Captions of submissions: nothing is left half said, and what a volunteer wrote is never read as something else."""

from dataclasses import replace

import pytest

from scheduler import captions, compose, examples
from scheduler.model import Risk, Text
from scheduler.submission import NameMode
from tests.compose.example import DUE, EN, FR, WORKSPACE, action, post


def said(caption, name="", message=""):
    """Return a caption for a volunteer."""
    made = captions.caption(caption, {"name": name, "message": message})
    return made.said(made.body)


@pytest.mark.parametrize(
    ("caption", "named", "unnamed"),
    [
        ("Sent by {name|a friend}.", "Sent by Ana.", "Sent by a friend."),
        (
            "A voice from Lyon ({name}). Add yours.",
            "A voice from Lyon (Ana). Add yours.",
            "A voice from Lyon. Add yours.",
        ),
        ("{name} says hello. And you?", "Ana says hello. And you?", "And you?"),
        ("And you? {name} says hello!", "And you? Ana says hello!", "And you?"),
        ("One line.\n{name}\n\nAnother.", "One line.\nAna\n\nAnother.", "One line.\n\nAnother."),
        ("« Bonjour », dit {name}. Et vous ?", "« Bonjour », dit Ana. Et vous ?", "Et vous ?"),
        ("{name|}: see www.example.org.", "Ana: see www.example.org.", ""),
        ("{Name} is ordinary", "{Name} is ordinary", "{Name} is ordinary"),
    ],
)
def test_with_and_without_a_name(caption, named, unnamed):
    """With a name it is said; without one its words, or its sentence, or its brackets give way."""
    assert said(caption, name="Ana") == named
    assert said(caption) == unnamed


def whole(caption, account=EN, **values):
    """Return what goes out on an account for a made-up submission."""
    act = action()
    made = replace(post(caption), submissions=True)
    one = replace(examples.contribution(act, made, examples.LONG, WORKSPACE).submission, **values)
    return compose.contribution(act, made, account, WORKSPACE, due_at=DUE, one=one).text


def test_what_a_volunteer_wrote_is_only_words():
    """A placeholder in a message is ordinary text, and so are the marks that captions are made with."""
    text = whole("{message} {hashtags}", message="{hashtags} {name} \ue000 {link}")
    assert text == "{hashtags} {name} \ue000 {link} #SyriaNotSafe\n\nhttps://example.org/syria @AmnestyNow"


def test_a_hashtag_in_the_message_is_not_said_twice():
    """What the volunteer says already isn't added again."""
    assert whole("{message}", message="#SyriaNotSafe!").count("#SyriaNotSafe") == 1


@pytest.mark.parametrize("values", [{"name_mode": NameMode.none}, {"risk": Risk.high}, {"name": ""}])
def test_nobody_is_named_against_their_wish(values):
    """No name without a wish for it, and none at high risk."""
    text = whole("Sent by {name|a friend}.", **{"name": "Ana", "name_mode": NameMode.first, **values})
    assert text.startswith("Sent by a friend.")


def test_each_account_has_its_own_caption():
    """The caption is in the account's language, or its own."""
    caption = {"en": "From {name|a friend}.", "fr": "De {name|quelqu’un}."}
    assert whole(caption, FR, name="").startswith("De quelqu’un.")
    act = action()
    made = replace(post(caption), submissions=True, text_for={"x": Text({"": "Just {message}"})})
    one = examples.contribution(act, made, examples.SHORT, WORKSPACE).submission
    assert compose.contribution(act, made, FR, WORKSPACE, due_at=DUE, one=one).text.startswith("Just …")
