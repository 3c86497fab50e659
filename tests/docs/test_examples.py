"""What the documentation shows works: shell blocks run, files load, make targets exist."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from media import theme
from tests.docs import pages

RUNNABLE = [
    page for page in pages.PAGES if any("solidarity " in block for block in pages.fences(page.read_text(), "sh"))
]
AS_SERVICE = "runuser -u solidarity -- /opt/solidarity/bin/solidarity -C /srv/campaign "
_OCCURRENCE = re.compile(r"welcome/reminder/\d{4}-\d\d-\d\dT12:00@local")


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.name)
def test_the_shell_blocks_of_a_page_run(page: Path, here: Path) -> None:
    """The `sh` blocks of a page, one after the other in a new workspace, all end well."""
    if page.name == "README.md":
        (here / "my-campaign").parent.mkdir(exist_ok=True)
    else:
        pages.workspace(here / "campaign")
        (here / "campaign" / "docs" / "schema").mkdir(parents=True)
    for block in pages.fences(page.read_text("utf-8"), "sh"):
        for line in block.splitlines():
            _check_it_ends_well(line)


def _check_it_ends_well(line: str) -> None:
    command, *rest = pages.words(line.replace(AS_SERVICE, "solidarity ", 1)) or [""]
    if command == "cd":
        os.chdir(rest[0])
    elif command == "solidarity":
        ran = pages.run(*(_real(word) for word in rest))
        assert ran.code == 0, f"{line}\n{ran.out}\n{ran.err}"
    else:
        assert command in {"", "make", "pip", "python3"}, line


def _real(word: str) -> str:
    """Put an occurrence that exists in the place of the one that is printed."""
    if not _OCCURRENCE.fullmatch(word):
        return word
    found = json.loads(pages.run("status", "reminder", "--json").out)["deliveries"]
    return str(found[0]["id"])


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_every_make_target_named_exists(page: Path) -> None:
    """Each `make NAME` of a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):.*##", (pages.ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)) <= targets


def test_the_two_commands_stand_near_the_top() -> None:
    """The first thing that the README shows is how to rehearse and how to test."""
    head = (pages.ROOT / "README.md").read_text("utf-8").splitlines()[:15]
    assert [line.split("#")[0].strip() for line in head if line.startswith("make")] == ["make rehearse", "make test"]


def test_the_whole_files_shown_pass_the_check(here: Path) -> None:
    """The config.yaml of docs/config.md and the action of docs/writing.md have no error together."""
    (config,) = (block for block in pages.fences(pages.text("config.md"), "yaml") if "timezone:" in block)
    (action,) = (block for block in pages.fences(pages.text("writing.md"), "yaml") if block.startswith("title:"))
    (here / "posts").mkdir()
    (here / "images").mkdir()
    shutil.copy(pages.ROOT / "images" / "logo.png", here / "images")
    (here / "config.yaml").write_text(config, "utf-8")
    (here / "posts" / "syria-not-safe.yaml").write_text(action, "utf-8")
    checked = pages.run("check", "--json")
    assert [one for one in checked.json["problems"] if one["level"] == "error"] == []
    assert checked.json["posts"] == 2


def test_the_theme_shown_is_a_sound_one() -> None:
    """The theme of docs/adding-a-theme.md can be read, and its table names every part of a theme."""
    page = pages.text("adding-a-theme.md")
    shown = theme.read("board", pages.fences(page, "yaml")[0])
    assert shown.about == "chalk on a dark board"
    assert pages.rows(page, "part") == set(theme.Theme.__dataclass_fields__) - {"name"} | {"colours"}


@pytest.mark.parametrize("page", ["writing.md", "config.md"])
def test_every_theme_is_named(page: str) -> None:
    """The pages where one chooses a theme list those there are."""
    missing = [name for name in theme.names() if f"`{name}`" not in pages.text(page)]
    assert missing == []
