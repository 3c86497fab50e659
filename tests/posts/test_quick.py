"""The quick parser says what the careful one says, or nothing at all: held against it on thousands of broken files."""

import os
import random
from pathlib import Path

import pytest

from scheduler.reading import parse, quick
from scheduler.reading.report import Report

ROOT = Path(__file__).parents[2]
TIMES = int(os.environ.get("SOLIDARITY_YAML_FILES", "1500"))
_BITS = (
    *(":", "#", " ", "-", "?", ",", "[", "]", "{", "}", "'", '"', "|", ">", "&", "*", "!", "%", "@", "`", "\n", "  "),
    *("\n  ", ": ", " #", "- ", "? ", "1", "a", "\\", "é", "~", ">-\n", "|2\n", "|+\n", "12:30", "[a:b]", "{a: b}"),
    *("{a:b}", '""', "''", "\n\n", "http://x.y", '"a":b', "[a, b: c]", "{a, b}", "\n#x\n", " # c", "\\/", '"\\x41"'),
    *('"\\x01"', "🎉", "=", "<<", "…", "\n    - ", '{"a":1}', "['a':1]", "?a", "[?a]", "-a", "[-]", "{-: x}", "--- "),
    *(
        "\t",
        "\r\n",
        "\x85",
        "\u2028",
        "\xa0",
        "\ufeff",
        "NO",
        "0o17",
        "&a ",
        "*a",
        "!!str ",
        "\n---\n",
        "\n...\n",
        "{? }",
    ),
)


def _files() -> list[str]:
    found = [*(ROOT / "posts").glob("*.yaml"), ROOT / "config.yaml", *(ROOT / "tests").rglob("*.yaml")]
    texts = [path.read_text("utf-8", "ignore") for path in sorted(found)]
    return [text for text in texts if 0 < len(text) < 20_000]


def _same(text: str) -> bool:
    """Tell whether the quick parser read the text; if so it must have read what the careful one reads."""
    found = quick.nodes(text, "f.yaml", deepest=parse.DEEPEST)
    if found is None:
        return False
    report = Report()
    assert (found, []) == (parse.careful(text, "f.yaml", report), report.problems), repr(text)
    return True


def test_every_file_of_the_campaign_is_read_quickly() -> None:
    """Proves that the files which people really write take the quick way, places and comments included."""
    campaign = [path.read_text("utf-8") for path in sorted((ROOT / "posts").glob("*.yaml"))]
    assert campaign
    assert all(_same(text) for text in campaign)


@pytest.mark.parametrize("part", range(3))
def test_whatever_the_quick_parser_reads_the_careful_one_reads_alike(part: int) -> None:
    """Proves that no slip of a person's hand is read differently by the two: both, or the careful one alone."""
    chance, texts, read = random.Random(part), _files(), 0
    for _ in range(TIMES // 3):
        read += _same(_slipped(chance, chance.choice(texts)))
    assert read > TIMES // 3 // 5  # many are still good


def _slipped(chance: random.Random, text: str) -> str:
    """Return a few lines of a file with some slips in them."""
    lines = text.split("\n")
    begin = chance.randrange(len(lines))
    lines = lines[begin : begin + chance.randrange(1, 8)]
    deep = len(lines[0]) - len(lines[0].lstrip())
    text = "\n".join(line[deep:] if not line[:deep].strip() else line for line in lines)
    for _ in range(chance.randrange(4)):
        at, kind = chance.randrange(len(text) + 1), chance.random()
        cut = 0 if kind < 0.7 else chance.randrange(1, 4)
        text = text[:at] + (chance.choice(_BITS) if kind < 0.9 else "") + text[at + cut :]
    return text or "a"


@pytest.mark.parametrize(
    "text", ["a: &b 1\nc: *b\n", "a: !!str 1\n", "a: 1\na: 2\n", "[a]: b\n", "a\tb", "", "a: 1\n---\nb: 2\n"]
)
def test_what_is_unusual_is_left_to_the_careful_parser(text: str) -> None:
    """Proves that references, tags, double keys, tabs and second documents never take the quick way."""
    assert quick.nodes(text, "f.yaml", deepest=parse.DEEPEST) is None
