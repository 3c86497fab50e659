"""Statements that go past SQLAlchemy: heard, explained and undone like any other."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.exc
from sqlalchemy import event

from scheduler.store import driver, prepared
from scheduler.store.faults import StateAwayError, StateError
from tests.world import World, post

DATABASES = ("sqlite",)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world with one post in its queue."""
    made = World(tmp_path)
    made.write(post())
    made.queue()
    yield made
    made.close()


def test_whoever_listens_hears_of_them(world: World) -> None:
    """A listener for SQLAlchemy's statements is told the words, the values and whether they are many."""
    heard: list[Any] = []
    event.listen(world.store.engine, "before_cursor_execute", lambda *told: heard.append((told[2], told[3], told[5])))
    with world.store.write() as c:
        found = prepared.BY_KEY.deliveries(c, {"key": "act/p@a"})
    begun, (text, values, many) = heard
    assert [one.post for one in found] == ["p"]
    assert begun[0] == "BEGIN IMMEDIATE"
    assert (text, values, many) == (prepared.BY_KEY.text["sqlite"], {"key": "act/p@a"}, False)


@pytest.mark.parametrize(
    ("word", "kind", "cure"),
    [("database is locked", StateAwayError, "close it"), ("database or disk is full", StateError, "free some space")],
)
def test_an_error_is_explained_with_its_cure(world: World, word: str, kind: type[StateError], cure: str) -> None:
    """What a person can mend is said so; what passes by itself is known to."""

    def fail(*told: Any) -> Any:
        if told[2].startswith("SELECT"):
            raise sqlite3.OperationalError(word)
        return told[2:4]

    event.listen(world.store.engine, "before_cursor_execute", fail, retval=True)
    with pytest.raises(StateError, match=cure) as told, world.store.write() as c:
        prepared.BY_KEY.rows(c, {"key": ""})
    assert type(told.value) is kind
    assert isinstance(told.value.__cause__, sqlite3.OperationalError)


def test_an_error_of_ours_is_sqlalchemys_and_undoes_the_transaction(world: World) -> None:
    """A row that is there already breaks its rule as it would by way of SQLAlchemy, and nothing of it stays."""
    word = "INSERT INTO meta (name, value) VALUES (:name, 'x')"

    def twice() -> None:
        with world.store.write() as c:
            assert driver.change(c, word, {"name": "mine"}) == 1
            driver.change(c, word, {"name": "mine"})

    with pytest.raises(sqlalchemy.exc.IntegrityError, match="UNIQUE"):
        twice()
    with world.store.read() as c:
        assert driver.rows(c, "SELECT value FROM meta WHERE name = 'mine'") == []


def test_damage_that_shows_in_a_later_row_is_explained_too(world: World) -> None:
    """SQLite goes on only as rows are fetched: what it meets there has the same meaning and cure."""
    with world.store.write() as c:
        driver.change(c, "CREATE TABLE long (a INTEGER PRIMARY KEY, b TEXT)")
        driver.change(c, "INSERT INTO long VALUES (:a, :b)", [{"a": number, "b": "x" * 3000} for number in range(100)])
    world.store.checkpoint()
    world.store.close()
    path = world.store.path
    assert path is not None
    pages = [path.read_bytes()[at : at + 4096] for at in range(0, path.stat().st_size, 4096)]
    rows = [number for number, page in enumerate(pages) if page.count(b"x") > 2900]
    pages[rows[50]] = bytes(4096)
    path.write_bytes(b"".join(pages))
    with pytest.raises(StateError, match="is damaged: put back a copy"), world.store.read() as c:
        driver.rows(c, "SELECT a, b FROM long")
