"""The state's tables: their history, what can't be changed, and whose they are."""

import shutil
import sqlite3
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from scheduler.errors import WorkspaceError
from scheduler.model import Risk
from scheduler.status import MOVES, Status
from scheduler.store import (
    Connection,
    StateError,
    Store,
    controls,
    deliveries,
    open_store,
    schema,
    staff,
    state,
    submissions,
    watermark,
)
from scheduler.store.database import open_engine, writing
from scheduler.store.leases import identity, is_gone
from scheduler.store.tables import APPEND_ONLY, metadata
from scheduler.submission import Role
from tests import databases
from tests.world import NOON, World, example_consent, post


def test_the_migrations_lead_to_the_tables(tmp_path: Path):
    """What the migrations make is what the code expects."""
    store = open_store(databases.nothing(tmp_path), tmp_path)
    with store.read() as c:
        assert compare_metadata(MigrationContext.configure(c), metadata) == []
    store.close()


def test_head_is_the_newest_migration():
    """The revision that the code asks for is the last of the history."""
    folder = Path(schema.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == schema.HEAD


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"])
def test_history_can_not_be_changed(tmp_path: Path, table: str, verb: str):
    """Events, receipts, the audit, approvals and the networks of a consent only grow."""
    world = World(tmp_path)
    world.write(post())
    world.queue()
    world.run()
    with world.store.write() as c:
        controls.note(c, "y", "z", who="x", now=NOON)
        number = submissions.add(c, ref="r", action="act", risk=Risk.low, now=NOON)
        handed_in = submissions.by_id(c, number)
        submissions.consent(c, handed_in, example_consent(), code_hash="h")
        submissions.approve(c, handed_in, user=staff.add_user(c, "Ana", Role.moderator, now=NOON), now=NOON)
    column = metadata.tables[table].columns[0].name
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), world.store.write() as c:
        c.execute(sqlalchemy.text(verb.format(table=table, column=column)))
    world.close()


def test_a_key_is_unique(tmp_path: Path):
    """The database itself refuses a second delivery of one key."""
    world = World(tmp_path)
    world.write(post())
    world.queue()
    copy = "INSERT INTO deliveries ({names}) SELECT {names} FROM deliveries"
    names = ", ".join(column.name for column in metadata.tables["deliveries"].columns if column.name != "id")
    with pytest.raises(sqlalchemy.exc.IntegrityError, match=r"(?i)unique"), world.store.write() as c:
        c.execute(sqlalchemy.text(copy.format(names=names)))
    world.close()


DURABLE = {
    "sqlite": {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": 2, "PRAGMA secure_delete": 1},
    "postgresql": {"SHOW synchronous_commit": "on", "SHOW transaction_isolation": "repeatable read"},
}


def test_durable(tmp_path: Path, database: str):
    """A receipt survives a power cut; in SQLite's file deleted text is overwritten."""
    store = open_store(databases.state(tmp_path), tmp_path)
    with store.read() as c:
        found = {said: c.execute(sqlalchemy.text(said)).scalar() for said in DURABLE[database]}
    assert found == DURABLE[database]
    store.close()


def test_only_allowed_moves(tmp_path: Path):
    """A delivery can't be moved to where it mustn't go."""
    world = World(tmp_path)
    world.write(post())
    world.queue()
    with pytest.raises(ValueError, match="never goes"), world.store.write() as c:
        deliveries.move(c, world["act/p@a"], Status.published, worker="w", now=NOON)
    world.close()


def test_every_status_has_its_moves():
    """No status is forgotten, and what was withdrawn stays withdrawn."""
    assert set(MOVES) == set(Status)
    assert MOVES[Status.withdrawn] == frozenset()


@pytest.mark.parametrize(("form", "cure"), [("0000", "solidarity upgrade"), ("9999", "newer version")])
def test_another_form_is_refused(tmp_path: Path, form: str, cure: str):
    """Tables of an older or a newer version are left alone, and the message says what to do."""
    url = databases.state(tmp_path)
    store = open_store(url, tmp_path)
    with writing(store.engine) as c:
        c.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = :form"), {"form": form})
    store.close()
    with pytest.raises(StateError, match=cure):
        open_store(url, tmp_path)


def test_another_programs_database_is_refused(tmp_path: Path):
    """A database that isn't ours isn't written into."""
    url = databases.nothing(tmp_path)
    (tmp_path / "var").mkdir()
    engine = open_engine(url, tmp_path)
    with writing(engine) as c:
        c.execute(sqlalchemy.text("CREATE TABLE precious (x INTEGER)"))
    engine.dispose()
    with pytest.raises(StateError, match="another program"):
        open_store(url, tmp_path)


def test_a_damaged_file_is_named_with_its_cure(tmp_path: Path):
    """A file that isn't a database is left as it is."""
    url = "sqlite:///var/state.db"
    (tmp_path / "var").mkdir()
    (tmp_path / "var/state.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StateError, match="solidarity restore"):
        open_store(url, tmp_path)


def test_two_workspaces_can_not_share_a_state(tmp_path: Path):
    """A second workspace on one database would cancel the first one's posts: it is refused."""
    first, second, url = tmp_path / "first", tmp_path / "second", databases.nothing(tmp_path)
    shared = url.replace("sqlite:///", f"sqlite:///{tmp_path}/")
    for folder in (first, second):
        folder.mkdir()
    other = databases.state(second)
    open_store(shared, first).close()
    open_store(shared, first).close()
    store = open_store(other, second)
    with store.write() as c:
        controls.set_meta(c, "workspace", "its own")
    store.close()
    (second / "var/workspace.id").write_text("its own")
    with pytest.raises(WorkspaceError, match="another workspace"):
        open_store(shared, second)


@databases.only("postgresql")
def test_of_two_machines_that_open_a_new_state_at_once_the_first_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Else the other's mark would be overwritten, and its machine refused from then on."""
    url, folders, real = databases.server().empty(), [tmp_path / "one", tmp_path / "two"], Store.write
    for folder in folders:
        (folder / "var").mkdir(parents=True)
    begun: list[Path] = []

    def overtaken(store: Store) -> AbstractContextManager[Connection]:
        if not begun:
            begun.append(folders[1])
            open_store(url, folders[1]).close()
        return real(store)

    monkeypatch.setattr(Store, "write", overtaken)
    for folder in folders * 2:
        open_store(url, folder).close()
    assert begun
    assert len({(folder / "var/workspace.id").read_text() for folder in folders}) == 1


def test_a_moved_workspace_keeps_its_state(tmp_path: Path):
    """The state goes with its folder."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    world = World(old)
    world.write(post())
    world.queue()
    world.close()
    shutil.move(old, new)
    store = open_store(world.workspace.database, new)
    with store.read() as c:
        assert [one.key for one in deliveries.in_status(c)] == ["act/p@a"]
    store.close()


def test_who_is_gone():
    """A worker of this boot whose process has ended is gone; of another machine's that can't be known."""
    machine = identity().partition("/")[0]
    assert not is_gone(identity())
    assert is_gone(f"{machine}/999999999/1")
    assert not is_gone("elsewhere/1/1")


def test_two_that_begin_a_state_elsewhere_at_once_both_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second reads whose the state is before the first has written its mark into the workspace."""
    folder, url = tmp_path / "campaign", f"sqlite:///{tmp_path}/elsewhere/state.db"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    noted, asked, go_on = watermark.noted, threading.Event(), threading.Event()

    def slow(where: Path) -> int:
        if threading.current_thread() is second:
            asked.set()
            go_on.wait(10)
        return noted(where)

    def write(where: Path, identity: str) -> None:
        go_on.set()  # the second looks for the mark before it is there
        time.sleep(0.2)
        wrote(where, identity)

    wrote = state.write_mark
    monkeypatch.setattr(watermark, "noted", slow)
    monkeypatch.setattr(state, "write_mark", write)
    opened: list[str] = []
    second = threading.Thread(target=lambda: opened.append(open_store(url, folder).close() or "well"))
    second.start()
    asked.wait(10)
    open_store(url, folder).close()
    second.join()
    assert opened == ["well"]


@databases.only("sqlite")
def test_a_file_that_another_program_makes_ready_is_waited_for(tmp_path: Path):
    """SQLite itself doesn't wait there; the daemon and the pages begin at the same moment."""
    (tmp_path / "var").mkdir()
    other = sqlite3.connect(tmp_path / "var/state.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE x (y)")
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.4, lambda: other.execute("ROLLBACK"))
    ending.start()
    with open_engine("sqlite:///var/state.db", tmp_path).connect() as c:
        assert c.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    ending.join()
    other.close()
