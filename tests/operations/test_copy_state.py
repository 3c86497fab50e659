"""A state moved from SQLite to PostgreSQL and back: row for row, once, and the old place refuses to go on."""

import re
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from scheduler.errors import UsageError, UserError
from scheduler.operations import copy_state as module
from scheduler.operations import deliver
from scheduler.operations.copy_state import copy_state
from scheduler.operations.pause import pause
from scheduler.status import Status
from scheduler.store import StateError, StateMovedError, controls, open_store, transfer
from tests import databases
from tests.world import NOON, World, post

FILE = "sqlite:///var/state.db"
DATABASES = ("sqlite",)  # each test goes to PostgreSQL by itself


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with deliveries in several states, and a photo that somebody handed in."""
    made = World(tmp_path)
    made.write(post("out"), post("held", at=NOON + timedelta(days=1), approve=True), post("p", at=NOON))
    made.queue()
    made.network.faults = ["refused"]
    made.let(timedelta(minutes=5))
    made.submit(approve=0)
    assert len(set(made.statuses().values())) == 3
    made.close()
    return made


@pytest.fixture
def server() -> str:
    """Return the address of an empty database."""
    return databases.server().empty()


def _move(world: World, source: str, target: str) -> dict[str, int]:
    return copy_state(world.workspace, source, target, clock=world.clock, who="me").rows


def _digests(world: World, url: str) -> dict[str, str]:
    store = open_store(url, world.workspace.folder, check=False)
    with store.read() as c:
        found = {table.name: transfer.digest(c, table) for table in transfer.metadata.sorted_tables}
    store.close()
    return {name: found[name] for name in found if name not in {"meta", "audit"}}


def test_there_and_back(world: World, server: str):
    """Every row arrives, both ways, and new rows are numbered after those that came."""
    before = _digests(world, FILE)
    assert _move(world, FILE, server)["deliveries"] == 3
    assert _digests(world, server) == before
    store = open_store(server, world.workspace.folder)
    with store.write() as c:
        controls.note(c, "look", "", who="me", now=NOON)
        c.execute(text("INSERT INTO events (delivery_id, at, event, detail, worker) VALUES (1, 1, 'x', '', '')"))
    store.close()
    before = _digests(world, server)
    _move(world, server, FILE)
    assert _digests(world, FILE) == before
    assert list((world.workspace.folder / "var").glob("state.db.before-*"))


def test_the_old_state_refuses_to_go_on(world: World, server: str):
    """Two truths would send everything twice: the old one names the new one and opens no more."""
    _move(world, FILE, server)
    with pytest.raises(StateError, match="has moved: write postgresql"):
        open_store(FILE, world.workspace.folder)
    with pytest.raises(UserError, match="has moved"):
        _move(world, FILE, databases.server().empty())


@pytest.mark.parametrize("back", [False, True])
def test_who_has_the_old_state_open_ends(world: World, server: str, *, back: bool):
    """A web page that takes a pause would lose it, and a call that sends would send twice: both end, and say where."""
    source, target = FILE, server
    if back:
        _move(world, FILE, server)
        source, target = server, FILE
    world.store = world.app.store = databases.opened(world.workspace.folder, source)
    due = world.clock.now() + timedelta(hours=1)
    world.write(post("later", at=due, text="Another"))
    world.queue()
    out = list(world.network.out)
    _move(world, source, target)
    world.clock.move_to(due)
    with pytest.raises(StateMovedError, match=re.escape(f"has moved: write {target} into config.yaml")):
        pause(world.app, scope="all", name="", why="stop", who="me")
    with pytest.raises(StateMovedError, match="has moved"):
        deliver.step(world.app)
    assert world.network.out == out
    world.store = world.app.store = databases.opened(world.workspace.folder, target)
    world.let(timedelta(hours=1))
    assert world.network.times("act/later@a") == 1


def test_a_daemon_that_starts_meanwhile_is_seen(world: World, server: str, monkeypatch: pytest.MonkeyPatch):
    """Its first sign of life after the look and before the copy: the state stays where it is."""
    real, looks = module._require_ready, []

    def then_it_starts(*args: Any, **given: Any) -> None:
        real(*args, **given)
        looks.append(1)
        if len(looks) == 2:  # both places were looked at
            store = open_store(FILE, world.workspace.folder)
            with store.write() as c:
                controls.beat(c, "elsewhere/1/1", world.clock.now())
            store.close()

    monkeypatch.setattr(module, "_require_ready", then_it_starts)
    with pytest.raises(UserError, match="stop it first"):
        _move(world, FILE, server)
    open_store(FILE, world.workspace.folder).close()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://me:hunter2@db.example.org/state",
        "postgresql+psycopg://me:hun/ter2@db.example.org/state",
        "postgresql+psycopg://db.example.org/state?user=me&password=hunter2",
    ],
)
def test_a_password_is_refused_in_either_address(world: World, address: str, which: int):
    """It would stand in the audit, which nobody can delete: it belongs into .env, and isn't repeated."""
    given = [FILE, FILE]
    given[which] = address
    with pytest.raises(UsageError, match=r"put DATABASE_PASSWORD into .env") as raised:
        _move(world, *given)
    assert "ter2" not in str(raised.value)


def test_what_is_no_address_is_refused(world: World):
    """With what it should be, and no traceback."""
    with pytest.raises(UsageError, match=r"write sqlite:///var/state.db or"):
        _move(world, FILE, "state.db")


def test_what_is_put_aside_goes_with_its_log(world: World, server: str):
    """Where a program still has the old file open its log would be taken for the new one's."""
    _move(world, FILE, server)
    var = world.workspace.folder / "var"
    raw = sqlite3.connect(var / "state.db")
    assert raw.execute("SELECT value FROM meta WHERE name = 'moved_to'").fetchone() == (server,)
    log = (var / "state.db-wal").stat().st_ino
    _move(world, server, FILE)
    [kept] = var.glob("state.db.before-*[0-9]")
    assert kept.with_name(f"{kept.name}-wal").stat().st_ino == log
    open_store(FILE, world.workspace.folder).close()
    raw.close()


def test_two_that_copy_into_one_file_at_once(world: World, server: str, monkeypatch: pytest.MonkeyPatch):
    """The second doesn't put aside what the first has just copied: all of it is there, and in use."""
    _move(world, FILE, server)
    before = _digests(world, server)
    real, refused = module._copied, []

    def meanwhile(*args: Any, **given: Any) -> Any:
        if not refused:
            refused.append(1)
            with pytest.raises(StateError, match="another `restore` or `copy-state` is at work there"):
                _move(world, server, FILE)
        return real(*args, **given)

    with monkeypatch.context() as patched:
        patched.setattr(module, "_copied", meanwhile)
        _move(world, server, FILE)
    assert refused == [1]
    with pytest.raises(UserError, match="has moved to"):
        _move(world, server, FILE)
    assert _digests(world, FILE) == before
    assert len(list((world.workspace.folder / "var").glob("state.db.before-*[0-9]"))) == 1


def test_it_goes_on_there(world: World, server: str):
    """What was out isn't sent again, and what was waiting goes, from the new database."""
    _move(world, FILE, server)
    sent = list(world.network.out)
    again = World(world.workspace.folder, database=server)
    again.network, again.actions = world.network, world.actions
    again.clock.move_to(world.clock.now())
    again.queue()
    again.let(timedelta(hours=1))
    assert again.network.out == sent
    assert again["act/out@a"].status is not Status.queued
    again.close()


def test_a_call_that_was_interrupted_is_made_again(world: World, server: str):
    """Copied but not yet left: the second call finds it there, row for row, and ends the first one's work."""
    _move(world, FILE, server)
    store = open_store(FILE, world.workspace.folder, check=False)
    with store.write() as c:
        c.execute(text("DELETE FROM meta WHERE name = 'moved_to'"))
    store.close()
    store = open_store(server, world.workspace.folder)
    with store.write() as c:  # as the copy was, before its note
        c.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        c.execute(text("DELETE FROM audit WHERE what = 'copy state'"))
    store.close()
    assert copy_state(world.workspace, FILE, server, clock=world.clock, who="me").before
    with pytest.raises(StateError, match="has moved"):
        open_store(FILE, world.workspace.folder)


def test_another_state_is_not_written_over(world: World, server: str):
    """A database that holds something else stays as it is."""
    other = World(world.workspace.folder / "other", database=server)
    other.write(post("else"))
    other.queue()
    other.close()
    before = _digests(world, server)
    with pytest.raises(UserError, match="holds a state already"):
        _move(world, FILE, server)
    assert _digests(world, server) == before
    open_store(FILE, world.workspace.folder).close()


def test_not_while_a_daemon_works(world: World, server: str):
    """A daemon would go on with what has moved away under it."""
    store = open_store(FILE, world.workspace.folder)
    with store.write() as c:
        controls.beat(c, "elsewhere/1/1", world.clock.now())
    store.close()
    with pytest.raises(UserError, match="stop it first"):
        _move(world, FILE, server)


@pytest.mark.parametrize(("source", "words"), [("sqlite:///var/none.db", "no such state"), (FILE, "the same")])
def test_what_can_not_be_copied(world: World, source: str, words: str):
    """A source that isn't there, and one that is the target."""
    with pytest.raises(UserError, match=words):
        _move(world, source, FILE)
