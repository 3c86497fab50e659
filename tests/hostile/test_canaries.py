"""A word planted in each place where photos and films hold more than pixels and sound: none comes through."""

from collections.abc import Callable
from operator import attrgetter

import pytest

from tests.hostile import canaries_film, canaries_photo
from tests.hostile.case import Case


@pytest.mark.parametrize("case", canaries_photo.cases(), ids=attrgetter("name"))
def test_a_clean_photo_says_nothing(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """The cleaned photo looks as before, and by every oracle holds nothing but its pixels."""
    assert faults(case) == []


@pytest.mark.parametrize("case", canaries_film.cases(), ids=attrgetter("name"))
def test_a_clean_film_says_nothing(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """The cleaned film and its poster look as before, and by every oracle hold nothing but pictures and sound."""
    assert faults(case) == []
