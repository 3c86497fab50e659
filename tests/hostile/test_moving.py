"""Animations without end and pictures put together of others."""

from collections.abc import Callable
from operator import attrgetter

import pytest

from media import clean
from media.errors import BadPicture
from tests.hostile import makers_moving
from tests.hostile.case import Case


@pytest.mark.parametrize("case", makers_moving.cases(), ids=attrgetter("name"))
def test_an_endless_picture_ends(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """Refused in plain words or its first frame cleaned, within two seconds and 512 MB."""
    assert faults(case) == []


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_tiles_without_number_are_refused_before_they_are_read(kind: str) -> None:
    """A decoder that compares every item with every other never sees sixty thousand of them."""
    for size in ((255 * 64, 256 * 64), (1, 1)):
        with pytest.raises(BadPicture, match="parts"):
            clean.photo(makers_moving.grid(kind, 256, 255, size))
