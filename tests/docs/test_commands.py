"""docs/commands.md says what the command line does: every command, option, argument and JSON key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from scheduler.cli import solidarity
from scheduler.status import Status
from tests.docs import pages
from tests.media import drawn_faces

COMMANDS = sorted(solidarity.commands)
SECTIONS = pages.sections(pages.text("commands.md"), 3)
ID = "welcome/hello@local"
JSON = {
    "check": (),
    "preview": ("welcome/hello",),
    "rehearse": (),
    "card": ("--action", "welcome", "--message", "We stand with you.", "-o", "card.jpg"),
    "collage": (*["photo.jpg"] * 4, "--action", "welcome", "--message", "We are many.", "-o", "many.jpg"),
    "clean": ("photo.jpg", "clean.jpg"),
    "reply": ("welcome",),
    "plan": (),
    "queue": (),
    "pause": ("--why", "a test"),
    "status": (),
    "resume": (),
    "log": (ID,),
    "accounts": (),
    "doctor": (),
    "notify": (),
    "cancel": (ID,),
    "retry": (ID,),
    "withdraw": (ID,),
    "run": ("--once",),
    "user": ("add", "ada", "--role", "admin"),
    "audit": ("verify",),
}
ELSEWHERE = {"approve", "copy-state", "release", "resolve", "schema"}
"""Three need a delivery in a state of its own, and print one as `status` does; a schema has keys of its own.

A state is copied once only."""


def test_every_command_has_its_heading_and_no_other_has() -> None:
    """The headings of docs/commands.md are exactly the commands there are."""
    assert set(SECTIONS) == {f"solidarity {name}" for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_named(name: str) -> None:
    """A command's section names each of its options, and shows each of its arguments."""
    section = SECTIONS[f"solidarity {name}"]
    for parameter in solidarity.commands[name].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert any(f"`{option}" in section or f" {option}" in section for option in parameter.opts), parameter.opts
        elif isinstance(parameter, click.Argument):
            choice = parameter.type
            said = choice.choices if isinstance(choice, click.Choice) else [parameter.make_metavar(_context(name))]
            assert any(str(word).strip("[].") in section for word in said), said


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_made_up(name: str) -> None:
    """Every option that a command's section names is one of its own, or of every command."""
    own = {option for parameter in solidarity.commands[name].params for option in parameter.opts}
    told = set(re.findall(r"`(--?[a-z][a-z-]*)", SECTIONS[f"solidarity {name}"]))
    assert told <= own | {"--help"}


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_every_command_line_shown_could_be_typed(page: Path) -> None:
    """Each `solidarity …` in the shell blocks of a page parses: its command, options and arguments exist."""
    for line in pages.told(page.read_text("utf-8")):
        assert parsed(line), line


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.name)
def test_every_command_named_in_passing_exists(page: Path) -> None:
    """Each `solidarity NAME` in the running text names a command."""
    named = set(re.findall(r"`solidarity ([a-z][a-z-]*)", pages.prose(page.read_text("utf-8"))))
    assert named <= set(COMMANDS)


def test_every_json_key_is_named(here: Path) -> None:
    """What each command's --json holds is named, key by key, in its section."""
    drawn_faces.photo(1, (640, 480)).image.save(pages.workspace(here / "campaign") / "photo.jpg")
    takes_json = {name for name in COMMANDS if any("--json" in one.opts for one in solidarity.commands[name].params)}
    assert takes_json == set(JSON) | ELSEWHERE, "a command takes --json that this test doesn't know"
    for name, arguments in JSON.items():
        ran = pages.run(name, *arguments, "--json")
        section = SECTIONS[f"solidarity {name}"]
        found = set(_keys(ran.json)) - {str(status) for status in Status}
        in_status = set(re.findall(r"`(\w+)`", SECTIONS["solidarity status"])) if "as in `status`" in section else set()
        missing = found - set(re.findall(r"`(\w+)`", section)) - in_status
        assert not missing, f"{name}: {missing} {ran.err}"


def test_exit_codes_are_those_of_the_table(here: Path) -> None:
    """Done gives 0, problems 1, wrong usage and an unusable workspace 2."""
    assert pages.rows(pages.text("commands.md"), "exit code") == {"0", "1", "2", "130"}
    folder = pages.workspace(here / "campaign")
    assert pages.run("check").code == 0
    assert pages.run("resume").code == 1
    assert [pages.run(*line).code for line in (["nosuch"], ["log", "nosuch"], ["-C", "nowhere", "check"])] == [2, 2, 2]
    (folder / "posts" / "welcome.yaml").write_text("title: Hello\n", "utf-8")
    assert pages.run("check").code == 1


def parsed(line: list[str]) -> bool:
    """Tell whether click takes the words after `solidarity`; raises click's own error where it doesn't."""
    context = click.Context(solidarity, info_name="solidarity")
    parser = solidarity.make_parser(context)
    _, rest, _ = parser.parse_args(list(line))
    if not rest:
        return "--version" in line
    command = solidarity.commands[rest[0]]
    own = _context(rest[0])
    _, left, _ = command.make_parser(own).parse_args(rest[1:])
    return left == []


def _context(name: str) -> click.Context:
    return click.Context(solidarity.commands[name], info_name=name)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
