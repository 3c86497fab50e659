"""Each folder in `invalid/` is a workspace with something wrong in its posts, and the very lines expected."""

import re
from pathlib import Path

import pytest

from tests.posts import campaign

HERE = Path(__file__).parent
CASES = sorted((HERE / "invalid").iterdir())
RULES = HERE.parent.parent / "docs" / "rules.md"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_problems_are_the_expected_ones(case):
    """A broken workspace gives exactly the lines in expected.txt: place, level, words and rule."""
    found = "".join(f"{problem}\n" for problem in campaign.load(case).problems)
    assert found == (case / "expected.txt").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_with_an_error_is_published(case):
    """Whatever an error belongs to is missing from the actions and named as broken."""
    loaded = campaign.load(case)
    good = {f"{action.key}/{post.id}" for action in loaded.actions for post in action.posts}
    for problem in loaded.problems:
        if problem.level != "error":
            continue
        action = Path(problem.place.file).stem
        assert problem.post not in good
        named = problem.post and (action, problem.post.partition("/")[2]) in loaded.broken_posts
        assert named or action in loaded.broken


def test_every_rule_is_documented():
    """Every rule that a case breaks has a heading in docs/rules.md."""
    expected = [*HERE.glob("invalid/*/expected.txt"), *HERE.parent.glob("config/invalid/*/expected.txt")]
    broken = {rule for file in expected for rule in re.findall(r"\[([a-z-]+)\]$", file.read_text(), re.MULTILINE)}
    assert broken - set(re.findall(r"^### ([a-z-]+)$", RULES.read_text(), re.MULTILINE)) == set()
