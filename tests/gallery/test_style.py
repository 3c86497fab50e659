"""The style: contrast computed from its own colours, and what must never be styled away."""

import re
from pathlib import Path

import pytest

import scheduler.gallery

CSS = (Path(scheduler.gallery.__file__).parent / "style.css").read_text(encoding="utf-8")
STATES = ("good", "wait", "stop", "late", "open", "ahead", "gone")
PAIRS = [
    *((text, ground) for text in ("ink", "quiet", "accent") for ground in ("page", "sheet")),
    *((state, f"{state}-tint") for state in STATES),
    *(("avatar", f"tone-{number}") for number in range(6)),
    ("stop", "sheet"),
]


def palette(theme: str) -> dict[str, str]:
    """The colours of a theme; dark changes what it names and keeps the rest."""
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in _blocks())
    return light if theme == "light" else light | dark


def _blocks() -> tuple[str, str]:
    first, second = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    return first, second


def luminance(colour: str) -> float:
    """Return the relative luminance by WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio by WCAG 2, at least 1."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_legible(theme, text, ground):
    """Every pair of text and ground has at least 4.5 : 1, in light and in dark."""
    colours = palette(theme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [*STATES, "edge", "accent"])
def test_edges_and_focus_are_visible(theme, name):
    """What isn't text but means something has at least 3 : 1 against page and sheet."""
    colours = palette(theme)
    assert min(contrast(colours[name], colours[ground]) for ground in ("page", "sheet")) >= 3


def test_every_colour_is_one_of_the_palette():
    """No rule brings a colour that the contrast of the pairs above wouldn't cover."""
    outside = CSS
    for block in _blocks():
        outside = outside.replace(block, "")
    assert re.findall(r"#[0-9a-f]{3,8}\b(?=[^{]*})", outside) == []


def test_focus_motion_print_and_targets():
    """Focus keeps an outline, motion waits for consent, print hides filters, targets have 44 px."""
    assert "outline: 3px solid var(--accent)" in CSS
    assert re.findall(r"outline: none", CSS) == ["outline: none"]  # main, which only takes focus from the skip link
    before, after = CSS.split("@media screen and (prefers-reduced-motion: no-preference)")
    assert "transition" not in before
    assert "animation" not in CSS
    assert "scroll-behavior" in after
    assert re.search(r"@media print \{.*#filters.*display: none", CSS, re.DOTALL)
    assert re.search(r"\.chip, summary, button \{[^}]*min-height: 44px", CSS)
    assert re.search(r"\.menus label \{[^}]*min-height: 44px", CSS)
