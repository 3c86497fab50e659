"""What the acceptance tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Campaign, environment
from tests.acceptance.stem import Stem


@pytest.fixture(scope="session")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    """Return what starts calls sooner."""
    folder = tmp_path_factory.mktemp("stem")
    started = Stem(folder, environment(folder))
    yield started
    started.close()


@pytest.fixture
def make(tmp_path: Path, stem: Stem) -> Callable[[str], Campaign]:
    """Return what makes a workspace under a name of its own."""
    home = tmp_path / "home"
    home.mkdir()
    return lambda name: Campaign(tmp_path / name, home, stem)


@pytest.fixture
def campaign(make: Callable[[str], Campaign]) -> Campaign:
    """Return a workspace with one outbox account and no posts yet."""
    return make("campaign")
