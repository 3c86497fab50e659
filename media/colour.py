"""Colours as themes write them, and how well two of them can be told apart (WCAG 2.2)."""

import re

Colour = tuple[int, int, int]

READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3, for text of any size


def parse(text: str) -> Colour:
    """Return the red, green and blue (0 to 255) of `#rrggbb`.

    Raises:
        ValueError: it is written otherwise.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"{text!r} is not a colour: write it as #rrggbb")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _linear(channel: int) -> float:
    share = channel / 255
    return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)


_LINEAR = tuple(_linear(channel) for channel in range(256))  # asked for hundreds of times a card


def luminance(colour: Colour) -> float:
    """Return the relative luminance of `colour`, 0 (black) to 1 (white)."""
    return 0.2126 * _LINEAR[colour[0]] + 0.7152 * _LINEAR[colour[1]] + 0.0722 * _LINEAR[colour[2]]


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 (the same) to 21 (black and white)."""
    light, dark = luminance(one), luminance(other)
    if light < dark:
        light, dark = dark, light
    return (light + 0.05) / (dark + 0.05)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return `one` with `share` (0 to 1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
