"""What the tests in a browser share: the browser, a served workspace, and people in front of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.e2e import eyes
from tests.e2e.house import House, action


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a real Chromium; one that this machine hasn't can't be had offline (`apt-get install chromium`)."""
    found = eyes.chromium()
    if found is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(eyes.FLAGS))
        yield started
        started.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Return a served workspace with one action that takes photos."""
    made = House(tmp_path / "campaign", tmp_path / "home")
    made.write(action())
    with made.serving():
        yield made


@pytest.fixture
def person(browser: Browser, house: House) -> Iterator[Callable[..., BrowserContext]]:
    """Return what puts a person in front of the pages; no request may leave for anywhere else."""
    there: list[BrowserContext] = []
    strayed: list[str] = []

    def make(**how: object) -> BrowserContext:
        context = eyes.person(browser, address=house.address, **how)  # type: ignore[arg-type]
        context.on(
            "request",
            lambda one: (
                None if one.url.startswith((house.address, "http://localhost:", "blob:")) else strayed.append(one.url)
            ),
        )
        there.append(context)
        return context

    yield make
    for context in there:
        context.close()
    assert strayed == [], strayed
