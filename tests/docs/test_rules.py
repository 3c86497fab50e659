"""docs/rules.md explains every rule that `check` can name, and no other."""

import ast
import re
from collections.abc import Iterator

from tests.docs import pages

# Which argument of a call is the rule: by its position, or by its keyword.
PLACES: dict[str, int | str] = {
    "error": 1,
    "warn": 1,
    "Wrong": 0,
    "_Stop": 1,
    "known": 1,
    "word": 2,
    "Finding": "rule",
    "Problem": "rule",
    "Key": "absent",
}
_RULE = re.compile(r"[a-z]+(-[a-z]+)*")


def _emitted() -> Iterator[str]:
    """Yield the rules that the program's calls name."""
    for file in sorted((pages.ROOT / "scheduler").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield from _rule_of(node)


def _rule_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = PLACES.get(name)
    if isinstance(place, int):
        values = call.args[place : place + 1]
    else:
        values = [word.value for word in call.keywords if place is not None and word.arg == place]
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and _RULE.fullmatch(value.value):
            yield value.value


def test_every_rule_has_its_heading_and_no_other_has() -> None:
    """The headings of docs/rules.md are exactly the rules that the code can name."""
    documented = set(pages.sections(pages.text("rules.md"), 3))
    emitted = set(_emitted())
    assert len(emitted) > 40, "the search for rules in the code finds too few"
    assert (sorted(emitted - documented), sorted(documented - emitted)) == ([], [])


def test_every_rule_of_the_expected_messages_has_its_heading() -> None:
    """What the folders of broken files expect is explained."""
    files = (pages.ROOT / "tests").glob("*/invalid/*/expected.txt")
    seen = {rule for file in files for rule in re.findall(r"\[([a-z-]+)\]$", file.read_text("utf-8"), re.MULTILINE)}
    assert seen
    assert seen <= set(pages.sections(pages.text("rules.md"), 3))


def test_every_rule_says_how_bad_it_is() -> None:
    """Each rule's text begins with its level."""
    found = pages.sections(pages.text("rules.md"), 3)
    unclear = [name for name, body in found.items() if not re.match(r"\s*(Error|Warning)\b", body)]
    assert unclear == []
