"""docs/writing.md and docs/config.md name every key that the files take, and no other; the schemas are kept in step."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scheduler import config, posts, publishers
from tests.docs import pages

SCHEMAS = {"post": posts.schema, "config": config.schema}
TABLES = {"post": "writing.md", "config": "config.md"}


def _keys(schema: Any) -> Iterator[str]:
    """Yield the names of all properties, however deep."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties
        for name, inner in schema.items():
            yield from _keys(inner) if name != "properties" else ()
        for inner in properties.values():
            yield from _keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _keys(inner)


def _account_options() -> set[str]:
    """Return the options that publishers read beside the common keys."""
    return {option for name in publishers.names() for option in publishers.load(name).options}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_has_a_row(kind: str) -> None:
    """Each key of the file stands in a table of its page."""
    documented = pages.rows(pages.text(TABLES[kind]), "key")
    replies = {"title", "text", "links"} if kind == "post" else set()  # said in the row of `replies`
    assert set(_keys(SCHEMAS[kind]())) - documented - replies == set()


@pytest.mark.parametrize("kind", SCHEMAS)
def test_no_key_is_made_up(kind: str) -> None:
    """Each row of a page's tables of keys is a key of the file."""
    documented = pages.rows(pages.text(TABLES[kind]), "key")
    assert documented - set(_keys(SCHEMAS[kind]())) - _account_options() == set()


def test_the_keys_of_a_reply_are_named() -> None:
    """The row of `replies` names each key of a reply."""
    row = next(line for line in pages.text("writing.md").splitlines() if line.startswith("| `replies`"))
    assert [key for key in ("title", "text", "links") if f"`{key}`" not in row] == []


def test_every_option_of_an_account_is_named() -> None:
    """What a publisher reads from an account's options has a row in docs/config.md."""
    assert _account_options() - pages.rows(pages.text("config.md"), "key") == set()


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schema_kept_here_is_the_program_s(kind: str) -> None:
    """docs/schema holds what `solidarity schema` prints; print it again after a change of the keys."""
    kept = json.loads((pages.DOCS / "schema" / f"{kind}.json").read_text("utf-8"))
    assert kept == SCHEMAS[kind]()
    assert (pages.DOCS / "schema" / f"{kind}.json").read_text("utf-8") == pages.run("schema", kind).out


def test_every_value_of_a_choice_is_named() -> None:
    """Phases, risks, what happens to late ones, and the spans of days are all in docs/writing.md."""
    page = pages.text("writing.md")
    values = {value for found in _enums(posts.schema()) for value in found} - _long_days()
    assert [value for value in sorted(values) if f"`{value}`" not in page and value not in page] == []


def _enums(schema: Any) -> Iterator[list[str]]:
    if isinstance(schema, dict):
        if "enum" in schema:
            yield schema["enum"]
        for inner in schema.values():
            yield from _enums(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _enums(inner)


def _long_days() -> set[str]:
    """Return the names of days but the first and last short ones: the page says `mon` to `sun`."""
    from scheduler.posts.recurrence import DAYS

    return set(DAYS) - {"mon", "sun"}
