"""What the tests of the web pages share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.site import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Give a site on a workspace of its own."""
    made = Served(tmp_path)
    yield made
    made.close()
