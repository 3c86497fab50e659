"""Proper files with seeded damage."""

from collections.abc import Callable
from operator import attrgetter

import pytest

from tests.hostile import makers_damage
from tests.hostile.case import Case


@pytest.mark.parametrize("case", makers_damage.mutations(), ids=attrgetter("name"))
def test_a_damaged_file_is_refused_or_cleaned(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """Whatever is damaged, the answer is a plain refusal or a clean file."""
    assert faults(case) == []
