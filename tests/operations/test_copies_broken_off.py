"""To put a copy back is killed between two of its renames: the next start says what to do, and nothing is lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.operations.cancel import cancel
from scheduler.operations.copies import backup, restore
from scheduler.status import Status
from scheduler.store import StateError, open_store
from tests.world import NOON, World, post

DATABASES = ("sqlite",)
HOUR = timedelta(hours=1)
KEY = "act/p@a"


class Killed(BaseException):
    """The process ends here."""


class Renames:
    """Counts the renames of files, and ends the process before one of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.done, self.last = 0, 0
        replace = Path.replace

        def counted(path: Path, target: Path) -> Path:
            self.done += 1
            if self.done == self.last:
                raise Killed
            return replace(path, target)

        patch.setattr(Path, "replace", counted)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world with a copy of its state; since then a post went out, and another was cancelled."""
    made = World(tmp_path, honest=False)
    made.write(post("p", at=NOON + HOUR), post("q", at=NOON + 3 * HOUR, text="Another"))
    made.queue()
    backup(made.app, tmp_path / "copy.db")
    made.let(2 * HOUR)
    cancel(made.app, "act/q@a", who="me")
    yield made
    made.close()


def _restore(world: World) -> None:
    restore(world.workspace, world.workspace.folder / "copy.db", clock=world.clock, who="me")


def _opened(world: World) -> dict[str, Status]:
    """Return what whoever opens the state now finds there."""
    world.store.close()
    world.store = open_store(world.workspace.database, world.workspace.folder)
    return world.statuses()


def _points() -> int:
    return 5  # the note, the file, its log, what is shared of the log, the copy


@pytest.mark.parametrize("point", range(1, _points() + 1))
def test_killed_before_a_rename(world: World, monkeypatch: pytest.MonkeyPatch, point: int) -> None:
    """Either the state is as it was, or every command names the cure; said once more, nothing since is forgotten."""
    file = world.workspace.var / "state.db"
    with closing(sqlite3.connect(file)) as reader:  # so that what was done since stands in the log alone
        reader.execute("SELECT count(*) FROM deliveries").fetchone()
        renames = Renames(monkeypatch)
        renames.last = point
        with pytest.raises(Killed):
            _restore(world)
    if file.exists():
        assert _opened(world) == {KEY: Status.published, "act/q@a": Status.cancelled}
    else:
        with pytest.raises(StateError, match="run `solidarity restore FILE` once more"):
            _opened(world)
        assert not file.exists()
    world.store.close()
    world.clock.move_to(world.clock.now() + HOUR)
    _restore(world)
    assert _opened(world) == {KEY: Status.published, "act/q@a": Status.cancelled}
    assert not list(file.parent.glob(".state.db.*"))


def test_every_rename_is_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The points above are all there are."""
    with closing(sqlite3.connect(world.workspace.var / "state.db")) as reader:
        reader.execute("SELECT count(*) FROM deliveries").fetchone()
        renames = Renames(monkeypatch)
        _restore(world)
    assert renames.done == _points()


def test_what_an_earlier_try_left_is_not_taken_for_the_copys(world: World) -> None:
    """The log of a copy that was prepared and never put in place belongs to no other."""
    left = world.workspace.var / ".state.db.restoring"
    with closing(sqlite3.connect(left)) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("CREATE TABLE deliveries (id INTEGER)")
        old.commit()
        for file in list(left.parent.glob(".state.db.restoring*")):
            file.rename(file.with_name("kept" + file.name))
    for file in list(left.parent.glob("kept*")):
        file.rename(file.with_name(file.name.removeprefix("kept")))
    _restore(world)
    assert _opened(world)[KEY] is Status.published
