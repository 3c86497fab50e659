"""States of versions before, brought to this one's form: nothing of them is queued or sent again, or half changed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command, op
from sqlalchemy import Connection, Engine, inspect, text

from scheduler.clock import SimulatedClock
from scheduler.errors import UserError
from scheduler.model import Workspace
from scheduler.operations.cancel import cancel
from scheduler.operations.upgrade import upgrade
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import (
    StateError,
    StateMovedError,
    Store,
    controls,
    is_sqlite,
    open_store,
    require_copy,
    schema,
    transfer,
)
from scheduler.store.database import open_engine, writing
from tests import databases
from tests.world import NOON, World, post

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


def _rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    with store.read() as c:
        found = {name: c.execute(text(f"SELECT * FROM {name}")).mappings().all() for name in TABLES}
    return {name: sorted((dict(row) for row in rows), key=str) for name, rows in found.items()}


def _made_by_the_version_before(
    url: str, folder: Path, rows: dict[str, list[dict[str, Any]]], form: str = "0002"
) -> None:
    """Make the tables by the migrations of then, and fill them."""
    new = NEW if form == "0002" else set()
    (folder / "var").mkdir(parents=True)
    engine = open_engine(url, folder)
    with writing(engine) as c:
        command.upgrade(schema._config(c), form)
    with writing(engine) as c:
        c.execute(text("DELETE FROM meta"))
        for name, found in rows.items():
            for row in found:
                values = {key: value for key, value in row.items() if key not in new}
                marks = ", ".join(f":{key}" for key in values)
                c.execute(text(f"INSERT INTO {name} ({', '.join(values)}) VALUES ({marks})"), values)
        transfer._go_on_counting(c)
    engine.dispose()


def test_a_state_of_the_version_before(old: World, tmp_path: Path):
    """Every row is as it was, the queue finds nothing to change, and nothing is sent that wasn't to go."""
    before, there = _rows(old.store), tmp_path / "old"
    url = databases.nothing(there)
    _made_by_the_version_before(url, there, before)
    old.close()
    store = open_store(url, there, check=False)
    assert store.upgrade() == ("0002", schema.HEAD)
    assert store.upgrade() == (schema.HEAD, schema.HEAD)
    after = _rows(store)
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


PREVIOUS = "0005"


@pytest.fixture
def busy(old: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return the workspace of a state that the version before left in the middle of its work, with its `old` world."""
    old.write(*old.actions["act"].posts, post("sends", text="sends", at=old.clock.now()))
    old.queue()
    with monkeypatch.context() as patched:
        patched.setattr(old.network, "receipt", _killed)
        with pytest.raises(KeyboardInterrupt):
            old.run()
    assert old["act/sends@a"].status is Status.sending
    assert old.network.times("act/sends@a") == 1
    there = tmp_path / "old"
    url = databases.nothing(there)
    _made_by_the_version_before(url, there, _rows(old.store), PREVIOUS)
    return replace(old.workspace, folder=there, database=url)


def _killed(_out: object) -> None:
    raise KeyboardInterrupt


def _opened(workspace: Workspace, *, check: bool = True) -> Store:
    return open_store(workspace.database, workspace.folder, durable=False, check=check)


def test_the_drill(old: World, busy: Workspace, monkeypatch: pytest.MonkeyPatch, database: str):
    """What was in flight goes on and out once; the old program is refused, wherever it is, and told the way back."""
    monkeypatch.setattr(schema, "HEAD", PREVIOUS)
    asleep = _opened(busy)  # an old daemon that sleeps through it all
    asleep.require_form()
    monkeypatch.undo()
    with pytest.raises(StateError, match=r"older form .* run `solidarity upgrade`"):
        _opened(busy)
    done = upgrade(busy, clock=old.clock)
    assert (done.before, done.after) == (PREVIOUS, schema.HEAD)
    monkeypatch.setattr(schema, "HEAD", PREVIOUS)
    with pytest.raises(StateMovedError, match=r"was brought to another form .* while it was in use"):
        asleep.require_form()
    asleep.close()
    copy = busy.folder / f"var/state.db.before-{done.after}"
    back = f"go back with `solidarity restore {copy}`" if database == "sqlite" else "restore a copy made with this one"
    with pytest.raises(StateError, match="written by a newer version") as refused:
        _opened(busy)
    assert back in str(refused.value)
    if database == "sqlite":
        assert done.copy == copy
        require_copy(copy)  # by the old program
    else:
        assert done.copy is None
    monkeypatch.undo()
    old.close()
    old.store = _opened(busy)
    old.app = old.daemon("new version")
    old.let(timedelta(days=3))
    keys = [one.key for one in old.network.out]
    assert len(keys) == len(set(keys))
    assert {"act/sends@a", "act/waits@a"} <= set(keys)
    assert upgrade(busy, clock=old.clock).copy is None, "done once"


@databases.only("sqlite")
def test_two_upgrades_at_once(old: World, busy: Workspace, monkeypatch: pytest.MonkeyPatch):
    """One that waited for another finds its work done, and the copy of the state as it was stays that."""
    real, done = schema.writing, []

    def after_another(engine: Engine) -> AbstractContextManager[Connection]:
        monkeypatch.setattr(schema, "writing", real)
        done.append(upgrade(busy, clock=old.clock))
        return real(engine)

    monkeypatch.setattr(schema, "writing", after_another)
    done.append(upgrade(busy, clock=old.clock))
    assert [one.before for one in done] == [PREVIOUS, schema.HEAD]
    assert done[1].copy is None
    assert done[0].copy is not None
    engine = open_engine(f"sqlite:///{done[0].copy}", busy.folder)
    assert schema.revision(engine) == PREVIOUS
    engine.dispose()


def test_no_upgrade_under_a_daemon(old: World, busy: Workspace):
    """One that lives is named, and nothing is changed; one that has given no sign of life for a minute is gone."""
    store = _opened(busy, check=False)
    with store.write() as c:
        controls.beat(c, "another-machine/1/1", old.clock.now())
    before = _form(store)
    with pytest.raises(UserError, match="a daemon is running on this state: stop it first, then upgrade"):
        upgrade(busy, clock=old.clock)
    assert _form(store) == before
    store.close()
    assert not list(busy.folder.glob("var/*before*"))
    old.clock.move_to(old.clock.now() + 2 * controls.ALIVE)
    assert upgrade(busy, clock=old.clock).before == PREVIOUS


def _form(store: Store) -> list[str]:
    """Return what the tables, their indexes and triggers are, and every row."""
    made = "SELECT COALESCE(sql, name) FROM sqlite_master ORDER BY 1"
    if not is_sqlite(store.engine):
        made = """SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL
            SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal UNION ALL
            SELECT prosrc FROM pg_proc WHERE proname LIKE 'solidarity%' ORDER BY 1"""
    with store.read() as c:
        found = [str(one) for one in c.execute(text(made)).scalars()]
        for name in sorted(inspect(c).get_table_names()):
            rows = c.execute(text(f"SELECT * FROM {name}")).mappings().all()
            found += [f"{name}: {inspect(c).get_columns(name)}", *sorted(f"{name}: {dict(row)}" for row in rows)]
    return found


@pytest.mark.parametrize("form", ["0002", PREVIOUS])
def test_an_upgrade_that_fails_half_way(old: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str):
    """Whichever step of it fails, tables, triggers and rows are as they were, without a copy; then it succeeds."""
    there = tmp_path / "old"
    busy = replace(old.workspace, folder=there, database=databases.nothing(there))
    _made_by_the_version_before(busy.database, there, _rows(old.store), form)
    store = _opened(busy, check=False)
    before, points = _form(store), 0
    while True:
        with monkeypatch.context() as patched:
            _fail(patched, points)
            try:
                upgrade(busy, clock=SimulatedClock(NOON))
            except ZeroDivisionError:
                points += 1
            else:
                break
        assert _form(store) == before
        assert not list(there.glob("var/*before*"))
    store.close()
    assert points >= (8 if form == "0002" else 2)
    _opened(busy).close()


def _fail(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the changes of tables fail after so many."""
    left = [after]
    for name in ("add_column", "create_index", "create_table", "execute"):
        real = getattr(op, name)

        def change(*given: Any, real: Any = real, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise ZeroDivisionError
            return real(*given, **named)

        monkeypatch.setattr(op, name, change)
