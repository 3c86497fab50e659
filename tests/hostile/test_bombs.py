"""Still pictures that are small as files and vast when opened."""

from collections.abc import Callable
from operator import attrgetter

import pytest

from media import clean
from media.errors import BadPicture
from tests.hostile import makers_bombs
from tests.hostile.case import Case


@pytest.mark.parametrize("case", makers_bombs.cases(), ids=attrgetter("name"))
def test_a_bomb_takes_neither_time_nor_memory(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """Refused in plain words or cleaned within two seconds and 512 MB; what is opened comes out clean."""
    assert faults(case) == []


_HIDDEN = {
    "tem": makers_bombs.hidden_in_steps,
    "restart": lambda: makers_bombs.hidden_in_steps(b"\xff\xd0"),
    "start": lambda: makers_bombs.hidden_in_steps(b"\xff\xd8"),
    "comments": makers_bombs.hidden_behind_comments,
}


@pytest.mark.parametrize("make", _HIDDEN.values(), ids=_HIDDEN)
def test_layers_are_counted_however_they_are_hidden(make: Callable[[], bytes]) -> None:
    """A JPEG of ten thousand layers is refused before it is decoded, wherever they stand and whatever misleads."""
    with pytest.raises(BadPicture, match=r"layers|parts|damaged"):
        clean.photo(make())
