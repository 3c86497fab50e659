"""What is agreed to: each wording has its hash, says its risk, and is the same in two languages."""

import re

import pytest

from scheduler import consents
from scheduler.consents import codes, english, french
from scheduler.model import Risk

GIVEN = {"brand": "Solidarity Desk", "action": "Bring Salma home"}


def test_the_hash_is_of_everything_that_was_shown() -> None:
    """Another language, risk, network, brand, action, kind or cover gives another hash; the same gives the same."""
    first = consents.text("en", Risk.low, ["x"], **GIVEN)
    others = [
        consents.text("fr", Risk.low, ["x"], **GIVEN),
        consents.text("en", Risk.elevated, ["x"], **GIVEN),
        consents.text("en", Risk.high, ["x"], **GIVEN),
        consents.text("en", Risk.low, ["x", "facebook"], **GIVEN),
        consents.text("en", Risk.low, ["x"], brand="Others", action=GIVEN["action"]),
        consents.text("en", Risk.low, ["x"], brand=GIVEN["brand"], action="Another"),
        consents.text("en", Risk.low, ["x"], film=True, **GIVEN),
        consents.text("en", Risk.low, ["x"], covered=True, **GIVEN),
    ]
    assert len({first.sha256, *(one.sha256 for one in others)}) == len(others) + 1
    assert consents.text("en", Risk.low, ["x"], **GIVEN) == first


def test_more_risk_says_more() -> None:
    """Each level says what the ones below it say, and its own."""
    low, elevated, high = (consents.text("en", risk, ["x"], **GIVEN).paragraphs for risk in Risk)
    assert set(low) < set(elevated) < set(high)
    assert any("punish" in paragraph for paragraph in high)


@pytest.mark.parametrize("language", ["en", "fr", "de", "fr-CA"])
def test_a_wording_names_where_it_appears(language: str) -> None:
    """Networks, brand and action stand in it; a language without a wording gets the English one, and says so."""
    text = consents.text(language, Risk.low, ["x", "mastodon"], **GIVEN)
    assert text.language == ("fr" if language.startswith("fr") else "en")
    for word in ("X, Mastodon", *GIVEN.values()):
        assert word in text.paragraphs[0]
    assert not [paragraph for paragraph in text.paragraphs if "{" in paragraph]


def test_both_languages_say_the_same_things() -> None:
    """Neither language lacks a paragraph, a statement or a place to fill in."""
    pairs = [(getattr(english, name), getattr(french, name)) for name in ("TITLES", "PARAGRAPHS", "STATEMENTS")]
    for one, other in pairs:
        assert list(one) == list(other)
        for kind, said in one.items():
            assert set(re.findall(r"\{\w+\}", said)) == set(re.findall(r"\{\w+\}", other[kind])), kind


def test_what_is_filled_in_is_never_read_again() -> None:
    """An action called {networks} stays called that."""
    text = consents.text("en", Risk.low, ["x"], brand="{action}", action="{networks}")
    assert "{action}" in text.paragraphs[0]
    assert "{networks}" in text.paragraphs[0]


def test_sentences_are_short() -> None:
    """Plain words: no sentence of the English wording has more than 30 words."""
    for said in english.PARAGRAPHS.values():
        for sentence in re.split(r"(?<=[.!?])\s", said):
            assert len(sentence.split()) <= 30, sentence


@pytest.mark.parametrize("number", [0, 1, (1 << codes.BITS) - 1, 0x123456789ABCDEF])
def test_codes_come_back_as_they_went(number: int) -> None:
    """A code is twelve signs in groups of four, none of them mistaken for another, and reads back as itself."""
    code = codes.written(number)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code)
    assert codes.normalised(code) == code.replace("-", "")
    assert codes.normalised(code.lower()) == code.replace("-", "")


def test_apostrophes_are_those_of_the_pages() -> None:
    """No wording has the apostrophe of typewriters."""
    for words in (english, french):
        assert not [said for said in [*words.PARAGRAPHS.values(), *words.STATEMENTS.values()] if "'" in said]
