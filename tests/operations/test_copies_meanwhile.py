"""What people and the database do while a copy of the state is put back: nothing that was decided is undone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from scheduler.model import Workspace
from scheduler.operations import copies
from scheduler.operations.cancel import cancel
from scheduler.operations.copies import backup, restore
from scheduler.operations.copy_state import copy_state
from scheduler.status import Status
from scheduler.store import (
    StateAwayError,
    StateError,
    StateMovedError,
    Store,
    controls,
    is_damage,
    open_store,
    postgres,
    schema,
    sqlite,
    transfer,
)
from tests import databases
from tests.world import NOON, World, post

KEY = "act/p@a"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a world with a copy of its state, and a post cancelled since; nobody waits long for a lock."""
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.05)
    monkeypatch.setitem(postgres._SESSION, "lock_timeout", "50ms")
    made = World(tmp_path)
    made.write(post("p", at=NOON + timedelta(hours=1)), post("q", at=NOON + timedelta(hours=2)))
    made.queue()
    backup(made.app, tmp_path / "copy.db")
    cancel(made.app, "act/q@a", who="me")
    yield made
    made.close()


def _restore(world: World) -> int:
    world.clock.move_to(world.clock.now() + timedelta(minutes=1))  # a name of its own for what is put aside
    return restore(world.workspace, world.workspace.folder / "copy.db", clock=world.clock, who="me")


def _statuses(world: World) -> dict[str, Status]:
    """Return what stands there for whoever opens it now."""
    world.store.close()
    world.store = databases.opened(world.workspace.folder)
    return world.statuses()


@pytest.mark.parametrize("step", ["_prepared", "_carry_over", "_hold"])
def test_nobody_decides_anything_between_reading_and_replacing(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, database: str
):
    """A cancel meanwhile is refused, not accepted and then undone; afterwards it counts, or the program ends."""
    real, refused = getattr(copies, step), []

    def meanwhile(*args: Any, **given: Any) -> object:
        done = real(*args, **given)
        with pytest.raises(StateAwayError, match="keeps the state locked"):
            cancel(world.app, KEY, who="me")
        refused.append(step)
        return done

    monkeypatch.setattr(copies, step, meanwhile)
    _restore(world)
    assert refused == [step]
    if database == "sqlite":
        with pytest.raises(StateMovedError, match="replaced"):
            cancel(world.app, KEY, who="me")
        assert _statuses(world) == {KEY: Status.queued, "act/q@a": Status.cancelled}
    else:
        cancel(world.app, KEY, who="me")
        assert set(_statuses(world).values()) == {Status.cancelled}


@databases.only("sqlite")
def test_who_waited_for_the_file_does_not_write_into_the_one_put_aside(world: World):
    """The file is looked at again once one's turn has come."""
    real, calls = world.store.require_in_place, []

    def then_it_is_replaced() -> None:
        real()
        calls.append(1)
        if len(calls) == 1:
            _restore(world)

    world.store.require_in_place = then_it_is_replaced  # type: ignore[method-assign]
    with pytest.raises(StateMovedError, match="replaced"):
        cancel(world.app, KEY, who="me")
    [kept] = (world.workspace.folder / "var").glob("state.db.before-*[0-9]")
    for place in (kept, world.workspace.folder / "var/state.db"):
        with sqlite3.connect(place) as raw:
            [found] = raw.execute("SELECT status FROM deliveries WHERE key = ?", (KEY,)).fetchone()
        raw.close()
        assert found == Status.queued


@databases.only("sqlite")
@pytest.mark.parametrize("state", ["there", "missing", "damaged"])
def test_two_that_put_a_copy_back_at_once(world: World, monkeypatch: pytest.MonkeyPatch, state: str):
    """The second is told of the first, whose copy is in place with its pause; it may be called again then."""
    var = world.workspace.folder / "var"
    if state != "there":
        world.close()
        databases.lose(world.workspace.folder)
    if state == "missing":
        (var / "state.db").unlink()
    real, refused = Path.replace, list[str]()

    def meanwhile(path: Path, target: Path) -> Path:
        if path.name in {"state.db", ".state.db.restoring"} - set(refused):  # on its way out, and on its way in
            refused.append(path.name)
            with pytest.raises(StateError, match="another `restore` or `copy-state` is at work there"):
                _restore(world)
        return real(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", meanwhile)
        _restore(world)
    assert refused == ["state.db", ".state.db.restoring"][state == "missing" :]
    assert _paused(var / "state.db") == ["all"]
    _restore(world)
    assert _paused(var / "state.db") == ["all"]
    assert not list(var.glob(".state.db.*"))


def _paused(state: Path) -> list[str]:
    with closing(sqlite3.connect(state)) as raw:
        return [scope for (scope,) in raw.execute("SELECT scope FROM pauses")]


def test_what_is_kept_is_never_written_over(world: World):
    """Two states that were replaced within one second are both kept."""
    for _ in range(3):
        restore(world.workspace, world.workspace.folder / "copy.db", clock=world.clock, who="me")
    kept = sorted((world.workspace.folder / "var").glob("state.db.before-*[0-9]"))
    assert [file.name[-4:] for file in kept] == ["0000", "0001", "0002"]
    with closing(sqlite3.connect(kept[0])) as raw:
        assert raw.execute("SELECT count(*) FROM pauses").fetchone() == (0,), "the first one, which nobody had paused"


@databases.only("sqlite")
def test_what_was_put_aside_is_one_whole_file(world: World):
    """Also where another program still has it open: the copy of it knows what was done last."""
    assert (world.workspace.folder / "var/state.db-wal").stat().st_size
    _restore(world)
    [kept] = (world.workspace.folder / "var").glob("state.db.before-*[0-9]")
    raw = sqlite3.connect(f"{kept.as_uri()}?immutable=1", uri=True)
    assert raw.execute("SELECT status FROM deliveries WHERE key = 'act/q@a'").fetchone() == ("cancelled",)
    raw.close()


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_database_that_is_away_for_a_moment_is_not_a_lost_one(
    world: World, monkeypatch: pytest.MonkeyPatch, turn: int
):
    """Where what was decided can't be read right now nothing is put in its place."""
    real, opened = copies.open_state, []

    def at_times_away(workspace: Workspace, **given: Any) -> Store:
        if not given.get("url"):
            opened.append(1)
            if len(opened) == turn:
                raise StateAwayError("db: the database doesn't answer")
        return real(workspace, **given)

    monkeypatch.setattr(copies, "open_state", at_times_away)
    if turn == 1:
        with pytest.raises(StateAwayError):
            _restore(world)
        assert _statuses(world)[KEY] is Status.queued
    else:
        _restore(world)
    assert _statuses(world)["act/q@a"] is Status.cancelled


def test_a_locked_state_is_not_a_lost_one(world: World):
    """Who holds it may be deciding something."""
    other = databases.opened(world.workspace.folder)
    with other.write(), pytest.raises(StateAwayError, match="keeps the state locked"):
        _restore(world)
    assert _statuses(world)["act/q@a"] is Status.cancelled


@databases.only("postgresql")
def test_a_server_s_state_is_never_taken_for_damaged(world: World):
    """What can't be read there is a right, a schema or the server: a person has to say that it is to go."""
    with world.store.write() as c:
        c.execute(text("ALTER TABLE pauses RENAME TO other"))
    with pytest.raises(StateError, match=r"there is no such .*Nothing was restored.*an empty one"):
        _restore(world)
    with world.store.write() as c:
        c.execute(text("ALTER TABLE other RENAME TO pauses"))
    assert _statuses(world)["act/q@a"] is Status.cancelled


@databases.only("postgresql")
def test_the_state_of_another_workspace_is_not_cleared(world: World):
    """A wrong address in config.yaml costs nobody their state."""
    with world.store.write() as c:
        controls.set_meta(c, "workspace", "another's")
    with pytest.raises(StateError, match="belongs to another workspace"):
        _restore(world)
    with world.store.read() as c:
        assert controls.get_meta(c, "workspace") == "another's"


@databases.only("sqlite")
def test_a_state_that_may_not_be_written_is_not_damaged(world: World):
    """Rights come back; what a file says that is no state any more doesn't."""
    with world.store.read() as c:
        c.exec_driver_sql("PRAGMA query_only=1")
        with pytest.raises(StateError) as raised:
            controls.set_meta(c, "a", "b")
    assert not is_damage(raised.value)
    world.close()
    databases.lose(world.workspace.folder)
    with pytest.raises(StateError) as raised:
        open_store(world.workspace.database, world.workspace.folder)
    assert is_damage(raised.value)


def test_a_state_that_has_moved_stays_so(world: World, database: str):
    """A copy put back in its old place would be a second truth, beside the one that is in use."""
    world.store.close()
    target = databases.server().empty() if database == "sqlite" else "sqlite:///var/new.db"
    copy_state(world.workspace, world.workspace.database, target, clock=world.clock, who="me")
    with pytest.raises(StateMovedError, match="has moved: write "):
        _restore(world)
    with pytest.raises(StateMovedError, match="has moved: write "):
        open_store(world.workspace.database, world.workspace.folder)


@databases.only("postgresql")
def test_what_handles_a_whole_state_may_take_its_time(world: World, monkeypatch: pytest.MonkeyPatch):
    """Minutes pass with a large one: backup, restore, copy and upgrade are not cut off as steps are."""
    real, limits = transfer.copy_rows, []

    def seen(c: Any) -> None:
        if c.dialect.name == "postgresql":
            names = ("statement_timeout", "idle_in_transaction_session_timeout")
            limits.append([c.exec_driver_sql(f"SHOW {name}").scalar() for name in names])

    def copy_rows(source: Any, target: Any, **given: Any) -> dict[str, int]:
        seen(source)
        seen(target)
        return real(source, target, **given)

    monkeypatch.setattr(transfer, "copy_rows", copy_rows)
    backup(world.app, world.workspace.folder / "again.db")
    _restore(world)
    assert len(limits) == 3  # the state in place is copied before another is written there
    world.store.close()
    copy_state(world.workspace, world.workspace.database, databases.server().empty(), clock=world.clock, who="me")
    store = open_store(databases.server().database(), world.workspace.folder, check=False)
    with store.write() as c:
        c.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    def stop(c: Any) -> None:
        seen(c)
        raise StateError("enough")

    with pytest.raises(StateError, match="enough"):
        schema.upgrade(store.engine, first=stop)
    store.close()
    assert limits == [["0", "0"]] * 6
