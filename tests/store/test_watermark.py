"""A state that went back in time is noticed: its write-ahead log was lost, or an old copy stands in its place."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.operations.copies import backup, restore
from scheduler.operations.pause import resume
from scheduler.status import Status
from scheduler.store import StateError, Store, controls, open_store, watermark
from tests.world import NOON, World, post

DATABASES = ("sqlite",)
HOUR = timedelta(hours=1)
KEY = "act/p@a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world whose daemon was killed right after a post went out: that stands in the log alone."""
    made = World(tmp_path, honest=False)
    made.write(post("p", at=NOON + HOUR))
    made.queue()
    made.store.checkpoint()
    shutil.copy(tmp_path / "var/state.db", tmp_path / "old.db")
    made.store.beat("daemon", NOON)
    made.let(2 * HOUR)
    made.store.beat("daemon", made.clock.now())
    for name in ("state.db", "state.db-wal"):
        shutil.copy(tmp_path / "var" / name, tmp_path / name)
    yield made
    made.close()


def _after_the_kill(world: World, *names: str) -> None:
    """Let only these files be there of the state."""
    var = world.workspace.var
    world.store.close()
    for file in var.glob("state.db*"):
        file.unlink()
    for name in names:
        shutil.copy(world.workspace.folder / name, var / name.replace("old", "state"))


def _opened(world: World) -> Store:
    world.store = open_store(world.workspace.database, world.workspace.folder)
    return world.store


def test_with_its_log_all_is_there(world: World) -> None:
    """A kill alone takes nothing away."""
    _after_the_kill(world, "state.db", "state.db-wal")
    assert not _opened(world).begun_anew
    assert world[KEY].status is Status.published


@pytest.mark.parametrize("name", ["state.db", "old.db"])
def test_without_its_log_nothing_is_sent_again(world: World, name: str) -> None:
    """It is refused with the way out; put back as a copy of itself it is paused, and what went out is looked up."""
    _after_the_kill(world, name)
    file = world.workspace.var / "state.db"
    for _ in range(2):
        with pytest.raises(StateError, match=f"older than what was done with it.*`solidarity restore {file}`"):
            _opened(world)
    assert restore(world.workspace, file, clock=world.clock, who="me") == 1
    world.app.store = _opened(world)
    with world.store.read() as c:
        assert [pause.scope for pause in controls.all_pauses(c)] == ["all"]
    world.let(HOUR)
    resume(world.app, scope="all", name="", who="me")
    world.let(HOUR)
    assert (world[KEY].status, world.network.times(KEY)) == (Status.published, 1)


def test_a_copy_put_back_as_it_should_be_is_no_step_back(world: World, tmp_path: Path) -> None:
    """What `restore` puts in place counts on from the note."""
    backup(world.app, tmp_path / "copy.db")
    world.store.beat("daemon", world.clock.now())
    world.clock.move_to(world.clock.now() + HOUR)  # by then it counts as ended
    world.close()
    restore(world.workspace, tmp_path / "copy.db", clock=world.clock, who="me")
    before = watermark.noted(tmp_path)
    _opened(world).beat("daemon", world.clock.now())
    assert watermark.noted(tmp_path) == before + 1


def test_a_state_begun_anew_counts_on(world: World, tmp_path: Path) -> None:
    """It is said once that it was; then it is a state like any other."""
    _after_the_kill(world)
    assert _opened(world).begun_anew
    world.store.close()
    assert not _opened(world).begun_anew
    before = watermark.noted(tmp_path)
    world.store.beat("daemon", world.clock.now())
    assert watermark.noted(tmp_path) == before + 1


@pytest.mark.parametrize("words", ["", "many\n", "\0"])
def test_a_note_that_cannot_be_read_stops_nothing(world: World, tmp_path: Path, words: str) -> None:
    """The state is the truth, the note only a witness."""
    (tmp_path / "var/state.mark").write_text(words)
    world.store.close()
    assert _opened(world)
    assert world[KEY].status is Status.published


def test_a_note_that_cannot_be_written_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign of life stands all the same, so that no other daemon takes this one for dead."""

    def full(*_: object, **__: object) -> None:
        raise UserError("full")

    monkeypatch.setattr("scheduler.files.write", full)
    with pytest.raises(UserError, match="full"):
        world.store.beat("daemon", world.clock.now())
    with world.store.read() as c:
        assert controls.beats(c)["daemon"] == world.clock.now()
