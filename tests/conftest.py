"""What holds for every test process."""

from tests import engines


def pytest_configure() -> None:
    """Let the engines of all tests share what takes long to work out."""
    engines.share()
