"""The pages hang together: links and anchors resolve, pictures are there and small, versions agree."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.docs import pages

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def _links(page: Path) -> Iterator[tuple[bool, str, str]]:
    """Yield whether it is a picture, its words, and where it leads, for each link within the repository."""
    for mark, words, target in _LINK.findall(pages.prose(page.read_text("utf-8"))):
        if not re.match(r"[a-z]+:", target):
            yield mark == "!", words, target


def _anchor(heading: str) -> str:
    """Return the name that a heading gets on the page."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_every_link_resolves(page: Path) -> None:
    """Each relative link leads to a file of the repository, and each anchor to a heading."""
    for _, _, target in _links(page):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert file.is_relative_to(pages.ROOT), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", pages.prose(file.read_text("utf-8")), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, target


def test_every_page_is_linked_from_the_readme_or_the_guide() -> None:
    """No page of docs/ is out of reach."""
    linked = {
        (page.parent / target.partition("#")[0]).resolve() for page in pages.PAGES[:2] for _, _, target in _links(page)
    }
    assert set(pages.DOCS.glob("*.md")) - linked == set()


def test_the_pictures_are_there_and_small() -> None:
    """The README shows three pictures, each with words for who can't see it, within 250 KB and 1200 pixels."""
    shown = [(words, target) for picture, words, target in _links(pages.ROOT / "README.md") if picture]
    assert len(shown) == 3
    for words, target in shown:
        assert len(words) > 20
        file = pages.ROOT / target
        assert file.stat().st_size < 250_000
        with Image.open(file) as picture:
            assert picture.width <= 1200


def test_the_changelog_begins_with_this_version() -> None:
    """The first heading of CHANGELOG.md names the version of pyproject.toml."""
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    first = re.search(r"^## (\S+)", (pages.ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first
    assert first[1] == project["version"]


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_one_title_a_page_and_short_lines_in_prose(page: Path) -> None:
    """A page has one title, and no line outside tables and blocks is longer than 140 characters."""
    body = pages.prose(page.read_text("utf-8"))
    assert len(re.findall(r"^# ", body, re.MULTILINE)) == 1
    assert [line for line in body.splitlines() if len(line) > 140 and not line.startswith(("|", "!["))] == []
