"""What the tests of the volunteers' pages share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.site import Served
from tests.web.volunteers.way import PUBLIC, action


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Return what opens a site whose action takes submissions, at a level of risk."""
    made = []

    def opened(risk: str = "low", **settings: Any) -> Served:
        site = Served(tmp_path, actions={"salma": action(risk)}, public_url=PUBLIC, **settings)
        site.site.debug = True
        made.append(site)
        return site

    yield opened
    for site in made:
        site.close()


@pytest.fixture
def site(open_site: Callable[..., Served]) -> Served:
    """Return a site whose action of low risk takes submissions."""
    return open_site()
