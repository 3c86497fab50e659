"""The state's tables: their history, what can't be changed, and whose they are."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from scheduler.errors import WorkspaceError
from scheduler.model import Risk
from scheduler.status import MOVES, Status
from scheduler.store import StateError, controls, deliveries, open_store, schema, staff, submissions
from scheduler.store.database import writing
from scheduler.store.leases import identity, is_gone
from scheduler.store.tables import APPEND_ONLY, metadata
from scheduler.submission import Role
from tests.world import NOON, World, example_consent, post

URL = "sqlite:///var/state.db"


def test_the_migrations_lead_to_the_tables(tmp_path: Path):
    """What the migrations make is what the code expects."""
    store = open_store(URL, tmp_path)
    with store.read() as c:
        assert compare_metadata(MigrationContext.configure(c), metadata) == []
    store.close()


def test_head_is_the_newest_migration():
    """The revision that the code asks for is the last of the history."""
    folder = Path(schema.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == schema.HEAD


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
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
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"), world.store.write() as c:
        c.execute(sqlalchemy.text(verb.format(table)))
    world.close()


def test_a_key_is_unique(tmp_path: Path):
    """The database itself refuses a second delivery of one key."""
    world = World(tmp_path)
    world.write(post())
    world.queue()
    copy = "INSERT INTO deliveries SELECT NULL, {} FROM deliveries"
    names = ", ".join(column.name for column in metadata.tables["deliveries"].columns if column.name != "id")
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="UNIQUE"), world.store.write() as c:
        c.execute(sqlalchemy.text(copy.format(names)))
    world.close()


def test_durable_in_wal(tmp_path: Path):
    """A receipt survives a power cut: write-ahead log, synchronous FULL, and deleted text is overwritten."""
    store = open_store(URL, tmp_path)
    with store.read() as c:
        found = [
            c.execute(sqlalchemy.text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        ]
    assert found == ["wal", 2, 1]
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
    store = open_store(URL, tmp_path)
    with writing(store.engine) as c:
        c.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = :form"), {"form": form})
    store.close()
    with pytest.raises(StateError, match=cure):
        open_store(URL, tmp_path)


def test_another_programs_database_is_refused(tmp_path: Path):
    """A database that isn't ours isn't written into."""
    (tmp_path / "var").mkdir()
    connection = sqlite3.connect(tmp_path / "var/state.db")
    connection.execute("CREATE TABLE precious (x)")
    connection.close()
    with pytest.raises(StateError, match="another program"):
        open_store(URL, tmp_path)


def test_a_damaged_file_is_named_with_its_cure(tmp_path: Path):
    """A file that isn't a database is left as it is."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var/state.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StateError, match="solidarity restore"):
        open_store(URL, tmp_path)


def test_two_workspaces_can_not_share_a_state(tmp_path: Path):
    """A second workspace on one database would cancel the first one's posts: it is refused."""
    shared = f"sqlite:///{tmp_path / 'shared.db'}"
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    open_store(shared, first).close()
    open_store(shared, first).close()
    with pytest.raises(WorkspaceError, match="another workspace"):
        open_store(shared, second)


def test_a_moved_workspace_keeps_its_state(tmp_path: Path):
    """The state goes with its folder."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    world = World(old)
    world.write(post())
    world.queue()
    world.close()
    shutil.move(old, new)
    store = open_store(URL, new)
    with store.read() as c:
        assert [one.key for one in deliveries.in_status(c)] == ["act/p@a"]
    store.close()


def test_who_is_gone():
    """A worker of this boot whose process has ended is gone; of another machine's that can't be known."""
    machine = identity().partition("/")[0]
    assert not is_gone(identity())
    assert is_gone(f"{machine}/999999999/1")
    assert not is_gone("elsewhere/1/1")
