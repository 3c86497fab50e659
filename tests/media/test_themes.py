"""Themes: each file is sound, and an unsound one says what is wrong."""

import pytest

from media import colour, errors, theme
from media.errors import BadTheme, LowContrast, MediaError, UnknownTheme

GOOD = """
about: a test
colours: {ink: "#12121c", paper: "#faf6ec", grey: "#55555f"}
background: {top: ink, bottom: ink}
message: {colour: paper}
label: {colour: paper}
foot: {hashtag: paper, brand: paper}
photo: {kind: scrim, fill: ink, message: paper, accent: paper, quiet: paper}
"""


@pytest.mark.parametrize("name", theme.names())
def test_every_text_of_every_theme_can_be_read(name: str) -> None:
    """Each text has a contrast of 4.5 or more on its ground."""
    for what, front, ground in theme.load(name).pairs():
        assert colour.contrast(front, ground) >= colour.READABLE, what


def test_the_themes_are_found_by_their_files() -> None:
    """The promised themes are there, and a name that isn't is answered with those that are."""
    expected = {"candle", "countdown", "dawn", "frame", "paper", "plain", "portrait", "poster"}
    assert expected <= set(theme.names())
    with pytest.raises(UnknownTheme, match="there is no theme “neon”: choose one of candle, "):
        theme.load("neon")
    with pytest.raises(UnknownTheme):
        theme.load("../candle")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("brand: paper", "brand: grey", "theme test: the brand has a contrast of 2"),
        ("message: {colour: paper}", "message: {colour: rose}", "'rose' is not in the theme's table of colours"),
        ("message: {colour: paper}", "message: {color: paper}", "there is no `color` here: choose from colour, font"),
        ("message: {colour: paper}", "message: {font: serif}", "`colour` is missing"),
        ("kind: scrim", "kind: fog", "'fog' is none of scrim, split, frame"),
        ("bottom: ink", "bottom: ink, grain: much", "'much' is not a number"),
        ('"#12121c"', '"ink"', "'ink' is not a colour: write it as #rrggbb"),
        ("about: a test", "about: [", "theme test: "),
        ("label: {colour: paper}", "label: bold", "theme test, label: it must be a table"),
    ],
)
def test_an_unsound_theme_says_what_is_wrong(old: str, new: str, words: str) -> None:
    """The message names the theme, the place and the cure."""
    assert theme.read("test", GOOD).about == "a test"
    with pytest.raises(BadTheme) as caught:
        theme.read("test", GOOD.replace(old, new))
    assert words in str(caught.value)
    assert isinstance(caught.value, LowContrast) == ("contrast" in words)


def test_contrast_is_that_of_the_standard() -> None:
    """Black on white is 21; the pairs of the house are what was measured."""
    assert colour.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert colour.contrast(colour.parse("#faf6ec"), colour.parse("#12121c")) == pytest.approx(17.2, abs=0.1)


def test_every_error_has_a_default_message() -> None:
    """The docstring of an error is what it says when nothing else was said; each stands in the module's tree."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MediaError)]
    assert len(kinds) >= 9
    for kind in kinds:
        assert f"{kind.__name__} " in (errors.__doc__ or "") or kind is MediaError
        assert str(kind()) == kind.__doc__
        assert str(kind("so")) == "so"
