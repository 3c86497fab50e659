"""A text without marks of its own takes a shorter way, and comes out the same."""

import random

import pytest

from scheduler import compose
from tests.compose.example import composed

_BITS = (
    "",
    " ",
    "\n",
    "\n\n",
    "word",
    "é",
    "مرحبا",
    "a.b",
    "/",
    ":",
    "!",
    "}",
    "日本",
    "\t",
    "x y",
    "·",
    "https",
    "$A",
)


def test_both_ways_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that link, tags and hashtags come behind any such text as they do where each is looked for in it."""
    chance = random.Random(7)
    bodies = ["".join(chance.choice(_BITS) for _ in range(chance.randrange(8))) for _ in range(500)]
    quick = [composed(body) for body in bodies]
    monkeypatch.setattr(compose, "_has_marks", lambda _body: True)
    assert [composed(body) for body in bodies] == quick
