"""What people are told: one line a kind, its cure, and nothing but keys."""

import pytest

from scheduler.needs import Kind, Letter, Need, tried, words


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", ["en", "fr", "fr-CA", "ar"])
def test_each_kind_is_said_in_one_line_with_its_cure(kind: Kind, language: str) -> None:
    """One line, the key in it, a command or a page; French where the workspace's first language is."""
    letter = Letter(new=(Need(kind=kind, about="act/p@a"),))
    title, body = words(letter, language=language, pages="https://desk.example.org")
    assert len(body.splitlines()) == 1
    assert "solidarity " in body or "https://desk.example.org/staff/needs" in body or kind is Kind.disk
    assert "{" not in title + body
    assert ("act/p@a" in body) == (kind not in {Kind.disk, Kind.overdue, Kind.restored, Kind.storage})
    assert title.startswith("Solidarity :" if language.startswith("fr") else "Solidarity:")
    gone = words(Letter(gone=(Need(kind=kind, about="act/p@a"),)), language=language, pages=None)[1]
    assert "act/p@a" in gone
    assert "{" not in gone


def test_thousands_are_told_in_one_line() -> None:
    """Three keys, and how many more."""
    many = tuple(Need(kind=Kind.failed, about=f"act/p{number:04}@a") for number in range(3000))
    _, body = words(Letter(new=many), language="en", pages=None)
    assert "act/p0000@a, act/p0001@a, act/p0002@a and 2997 more" in body
    assert len(body) < 400


def test_the_most_urgent_stands_first_and_a_title_says_what_it_is_about() -> None:
    """What may be out before what is late, whatever the order they were found in; what is over comes last."""
    late, out = Need(kind=Kind.late, about="act/p@a"), Need(kind=Kind.outcome, about="act/q@a")
    title, body = words(Letter(again=(late, out), gone=(Need(kind=Kind.disk),)), language="en", pages=None)
    assert title == "Solidarity: still waiting for a person"
    assert [line.split(":")[0] for line in body.splitlines()] == [
        "- May be out or not, the network can't tell",
        "- Held as late",
        "- No longer needed",
    ]
    assert words(Letter(gone=(late,)), language="en", pages=None)[0] == "Solidarity: settled"


def test_a_trial_is_in_the_workspace_s_language() -> None:
    """English, or French."""
    assert tried("fr")[0] == "Solidarity : un essai"
    assert tried("de") == tried("en")
