"""A state of the version before threads, brought to this one's form: nothing of it is queued or sent again."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command

from scheduler.operations.cancel import cancel
from scheduler.operations.withdraw import withdraw
from scheduler.store import open_store, schema
from scheduler.store.database import open_engine, writing
from tests.world import NOON, World, post

URL = "sqlite:///var/state.db"
NEW = {"staging_since", "parts", "remote_ids"}
TABLES = ("deliveries", "events", "receipts", "audit", "pauses", "tasks", "meta")


@pytest.fixture
def old(tmp_path: Path) -> Iterator[World]:
    """Return a world whose state has deliveries in many states, in the form of the version before."""
    world = World(tmp_path, accounts=("a", "b"), honest=False)
    world.network.faults = ["ok", "lost-before", "refused", "blocked"]
    names = ("out", "lost", "refused", "blocked", "gone", "waits", "approval", "down")
    world.write(
        *(post(name, at=NOON + timedelta(minutes=number), text=name) for number, name in enumerate(names[:5])),
        post("waits", at=NOON + timedelta(days=2), text="waits"),
        post("approval", at=NOON + timedelta(days=2), text="approval", approve=True),
    )
    world.queue()
    cancel(world.app, "act/gone@b", who="x")
    world.let(timedelta(hours=1))
    withdraw(world.app, "act/out@a", who="x")
    world.run()
    assert len(set(world.statuses().values())) >= 5
    yield world
    world.close()


def _rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in TABLES}
    finally:
        connection.close()


def _made_by_the_version_before(path: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Make the tables by the migrations of then, and fill them."""
    path.parent.mkdir(parents=True)
    engine = open_engine(f"sqlite:///{path}", path.parent)
    with writing(engine) as c:
        command.upgrade(schema._config(c), "0002")
    engine.dispose()
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM meta")
    for name, found in rows.items():
        for row in found:
            values = {key: value for key, value in row.items() if key not in NEW}
            marks = ", ".join(f":{key}" for key in values)
            connection.execute(f"INSERT INTO {name} ({', '.join(values)}) VALUES ({marks})", values)
    connection.commit()
    connection.close()


def test_a_state_of_the_version_before(old: World, tmp_path: Path):
    """Every row is as it was, the queue finds nothing to change, and nothing is sent that wasn't to go."""
    before = _rows(old.workspace.var / "state.db")
    path = tmp_path / "old/state.db"
    _made_by_the_version_before(path, before)
    old.close()
    store = open_store(f"sqlite:///{path}", old.workspace.folder, check=False)
    assert store.upgrade() == ("0002", schema.HEAD)
    assert store.upgrade() == (schema.HEAD, schema.HEAD)
    after = _rows(path)
    for name in TABLES:
        bare = [{key: value for key, value in row.items() if key not in NEW} for row in before[name]]
        assert [{key: value for key, value in row.items() if key not in NEW} for row in after[name]] == bare
    assert {row[key] for row in after["deliveries"] for key in NEW} == {None}
    old.store = store
    old.app = old.daemon("new version")
    sent, statuses = list(old.network.out), old.statuses()
    changes = old.queue()
    assert (changes.add, changes.change, changes.cancel, changes.drop) == ([], [], [], [])
    old.let(timedelta(hours=3))
    assert old.network.out == sent
    assert old.statuses() == statuses
    old.let(timedelta(days=3))
    assert {one.key for one in old.network.out[len(sent) :]} == {"act/waits@a"}  # account b is refused
