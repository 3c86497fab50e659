"""SQLite's write-ahead log stays short, and keeping it so holds nobody up."""

import threading
import time
from pathlib import Path

from sqlalchemy import text

from scheduler.store import controls
from scheduler.store.sqlite import _LOG_BYTES
from tests.databases import only
from tests.world import NOON, World

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
