"""SQLite's write-ahead log stays short, and keeping it so holds nobody up."""

import sqlite3
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from scheduler.operations import tidy
from scheduler.store import Store, controls, sqlite
from scheduler.store.sqlite import _LOG_BYTES
from tests.databases import only
from tests.world import NOON, World, post

DATABASES = ("sqlite",)


@only("sqlite")
def test_a_reader_holds_up_nobody(tmp_path: Path):
    """While somebody reads for long (a copy is made) housekeeping waits, others write, and it shrinks after."""
    world = World(tmp_path)
    log = tmp_path / "var/state.db-wal"
    with world.store.read() as reader:
        reader.execute(text("SELECT count(*) FROM audit")).all()
        _fill(world)
        assert log.stat().st_size > 2 * _LOG_BYTES
        housekeeping = threading.Thread(target=world.store.checkpoint)
        housekeeping.start()
        longest = 0.0
        while longest < 0.04 and housekeeping.is_alive():  # until it has had to wait for one of the tries
            began = time.monotonic()
            _note(world, "in between")
            longest = max(longest, time.monotonic() - began)
        assert longest < 5, "SQLite itself would hold everybody up for fifteen seconds"
        assert housekeeping.is_alive()
    housekeeping.join()
    assert log.stat().st_size == 0
    world.close()


@only("sqlite")
def test_it_shrinks_by_itself(tmp_path: Path):
    """What grew while somebody read is cut as soon as it begins anew, without any housekeeping."""
    world = World(tmp_path)
    log = tmp_path / "var/state.db-wal"
    with world.store.read() as reader:
        reader.execute(text("SELECT count(*) FROM audit")).all()
        _fill(world)
        assert log.stat().st_size > 2 * _LOG_BYTES
    for number in range(3):
        _note(world, f"after {number}")
    assert log.stat().st_size <= _LOG_BYTES + 100_000
    world.close()


def _note(world: World, what: str) -> None:
    with world.store.write() as c:
        controls.note(c, "test", what, who="x", now=NOON)


def _fill(world: World) -> None:
    for _ in range(100):
        _note(world, "x" * 100_000)


@only("sqlite")
def test_of_what_was_deleted_nothing_lies_between_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A state that is written anew holds only what is there; one that is too large is left as it is."""
    world = World(tmp_path)
    file = tmp_path / "var/state.db"
    _leave_a_word(world)
    assert b"canary" in file.read_bytes()
    monkeypatch.setattr(sqlite, "MOST_REWRITTEN", 1024)
    world.store.rewrite()
    world.store.checkpoint()
    assert b"canary" in file.read_bytes()
    monkeypatch.undo()
    world.store.rewrite()
    world.store.checkpoint()
    assert b"canary" not in file.read_bytes()
    world.close()


@only("sqlite")
@pytest.mark.parametrize(("seconds", "stays"), [(90, True), (3600, False)])
def test_the_state_is_written_anew_in_a_quiet_hour(tmp_path: Path, seconds: int, *, stays: bool):
    """The housekeeping does so, but not while something is due in a moment."""
    world = World(tmp_path, stage_ahead=timedelta(minutes=1))
    world.write(post("p", at=NOON + timedelta(seconds=seconds)))
    world.queue()
    _leave_a_word(world)
    tidy.tidy(world.app)
    assert (b"canary" in (tmp_path / "var/state.db").read_bytes()) == stays
    world.close()


@only("sqlite")
def test_the_state_is_written_anew_once_an_hour(tmp_path: Path):
    """Cron may have housekeeping done every minute: the whole file isn't written each time."""
    world = World(tmp_path)
    found = []
    for _ in range(3):
        _leave_a_word(world)
        tidy.tidy(world.app)
        found.append(b"canary" in (tmp_path / "var/state.db").read_bytes())
        world.clock.move_to(world.clock.now() + timedelta(minutes=30))
    assert found == [False, True, False]
    world.close()


@only("sqlite")
def test_where_it_cannot_be_written_anew_the_rest_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Another program is at the state for too long: that is said, and the log is shortened all the same."""
    world = World(tmp_path)
    monkeypatch.setattr(sqlite, "_REWRITE_MILLISECONDS", 10)
    with closing(sqlite3.connect(tmp_path / "var/state.db", isolation_level=None)) as other:
        rewrite = world.store.rewrite

        def while_another_writes() -> None:
            other.execute("BEGIN IMMEDIATE")
            try:
                rewrite()
            finally:
                other.execute("ROLLBACK")

        monkeypatch.setattr(Store, "rewrite", lambda _: while_another_writes())
        tidy.tidy(world.app)
    assert "the state can't be written anew: " in caplog.text
    assert (tmp_path / "var/state.db-wal").stat().st_size == 0
    world.close()


def _leave_a_word(world: World) -> None:
    """Delete a word in a way that leaves it in the file, as SQLite does where it has moved rows to other pages."""
    with closing(sqlite3.connect(world.workspace.folder / "var/state.db", isolation_level=None)) as c:
        c.execute("PRAGMA secure_delete=OFF")
        c.execute("INSERT INTO meta VALUES ('x', 'canary')")
        c.execute("DELETE FROM meta WHERE name = 'x'")
    world.store.checkpoint()
