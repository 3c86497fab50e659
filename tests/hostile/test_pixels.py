"""Every kind of pixel, every way a camera is held, and profiles that can't be right."""

from collections.abc import Callable
from operator import attrgetter

import pytest

from tests.hostile import makers_pixels
from tests.hostile.case import Case


@pytest.mark.parametrize("case", makers_pixels.cases(), ids=attrgetter("name"))
def test_unusual_pixels_come_out_as_they_were_meant(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """Colours, orientation and what was rubbed out are as a viewer shows them; nonsense is refused."""
    assert faults(case) == []
